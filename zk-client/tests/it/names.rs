//! From names to addresses, over TCP.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::{TcpListener, TcpSocket};
use zk_client::{
    BoxStream, Client, ErrorKind, Resolver, ServerAddr, State, SystemResolver, Transport,
};
use zk_embedded::{EmbeddedEnsemble, EmbeddedServer};

/// A resolver whose answers a test decides, and which counts the questions.
#[derive(Debug, Default)]
struct Directory {
    names: Mutex<BTreeMap<String, Vec<SocketAddr>>>,
    services: Mutex<BTreeMap<String, Vec<ServerAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Directory {
    fn set(&self, name: &str, addresses: &[SocketAddr]) {
        let mut names = self.names.lock().unwrap();
        names.insert(name.to_owned(), addresses.to_vec());
    }

    fn set_service(&self, name: &str, servers: &[&str]) {
        let servers = servers.iter().map(|server| ServerAddr::new(*server, 2181));
        let mut services = self.services.lock().unwrap();
        services.insert(name.to_owned(), servers.collect());
    }

    fn asked(&self, name: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| *asked == name)
            .count()
    }
}

#[async_trait]
impl Resolver for Directory {
    async fn addresses(&self, server: &ServerAddr) -> io::Result<Vec<SocketAddr>> {
        self.asked.lock().unwrap().push(server.host.clone());
        let names = self.names.lock().unwrap();
        let found = names.get(&server.host).cloned();
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "name not found (DNS)"))
    }

    async fn service(&self, name: &str) -> io::Result<Vec<ServerAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let found = self.services.lock().unwrap().get(name).cloned();
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "service not found (DNS)"))
    }
}

fn builder(connect_string: &str, directory: &Arc<Directory>) -> zk_client::ClientBuilder {
    Client::builder(connect_string)
        .resolver(Arc::clone(directory) as Arc<_>)
        .seed(9)
}

async fn ensemble() -> EmbeddedEnsemble {
    // However busy this machine is, servers and sessions do not give each other up.
    let builder = EmbeddedEnsemble::builder()
        .tick(Duration::from_secs(1))
        .sync_limit(20);
    builder
        .election(Duration::from_millis(20))
        .start()
        .await
        .unwrap()
}

async fn until(zk: &Client, wanted: impl Fn(State) -> bool) {
    let mut states = zk.watch_state();
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, async {
        while !wanted(states.current()) {
            states.changed().await.unwrap();
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn zk2184_b21_a_session_follows_its_name_to_another_address() {
    let ensemble = ensemble().await;
    let directory = Arc::new(Directory::default());
    directory.set("zk", &ensemble.addrs()[..1]);
    let zk = builder("zk", &directory).connect().await.unwrap();
    let session = zk.session_id();
    assert_eq!(directory.asked("zk"), 1);

    directory.set("zk", &ensemble.addrs()[1..2]);
    zk.get("/").await.unwrap();
    assert_eq!(directory.asked("zk"), 1, "a connection asks for no names");
    ensemble.hooks().crash(zk_embedded::ServerId::new(1));
    until(&zk, |state| !state.is_connected()).await;
    until(&zk, |state| state.is_connected()).await;
    zk.get("/").await.unwrap();
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    assert_eq!(zk.server().unwrap(), "zk:2181", "the name is kept");
    zk.close().await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_not_found_costs_nothing_but_its_turn() {
    let ensemble = ensemble().await;
    let directory = Arc::new(Directory::default());
    directory.set("good", &ensemble.addrs()[..1]);
    for seed in 0..4 {
        let builder = builder("dead,good", &directory).seed(seed);
        let zk = builder.connect().await.unwrap();
        assert_eq!(zk.server().unwrap(), "good:2181");
        zk.close().await.unwrap();
    }
    assert!(directory.asked("dead") > 0);
}

#[tokio::test]
async fn names_without_an_answer_are_told_one_by_one() {
    let directory = Arc::new(Directory::default());
    directory.set("empty", &[]);
    let builder = builder("dead,empty", &directory).fail_fast();
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoServerReachable);
    let text = error.to_string();
    assert!(text.contains("dead:2181: name not found (DNS)"), "{text}");
    assert!(
        text.contains("empty:2181: name has no address (DNS)"),
        "{text}"
    );
}

#[tokio::test]
async fn zk3100_b21_every_address_of_a_name_is_tried_and_a_dead_one_does_not_cost_the_attempt() {
    // One that cannot lose its leader while this machine is busy, which would cost another attempt.
    let server = EmbeddedServer::builder().start().await.unwrap();
    let directory = Arc::new(Directory::default());
    // Takes connections, as far as the system goes, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Has its port for as long as this lasts, and does not listen.
    let refuses = TcpSocket::new_v4().unwrap();
    refuses.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refusing = refuses.local_addr().unwrap();
    directory.set("zk", &[refusing, server.addr(), refusing]);
    for seed in 0..6 {
        let zk = builder("zk", &directory)
            .seed(seed)
            .connect()
            .await
            .unwrap();
        assert_eq!(zk.stats().dials, 1, "seed {seed}");
        zk.close().await.unwrap();
    }
    // One that connects and is mute is not seen through before the handshake; the next attempt may choose another.
    directory.set("zk", &[mute.local_addr().unwrap(), server.addr()]);
    for seed in 0..2 {
        let builder = builder("zk", &directory).seed(seed);
        let builder = builder.session_timeout(Duration::from_secs(1));
        let zk = builder
            .connect_timeout(Duration::from_secs(30))
            .connect()
            .await
            .unwrap();
        zk.close().await.unwrap();
    }
}

#[tokio::test]
async fn clients_of_one_name_spread_over_its_addresses() {
    let ensemble = ensemble().await;
    let directory = Arc::new(Directory::default());
    directory.set("zk", ensemble.addrs());
    let mut clients = Vec::new();
    for seed in 0..24 {
        let zk = builder("zk", &directory)
            .seed(seed)
            .connect()
            .await
            .unwrap();
        clients.push(zk);
    }
    let hooks = ensemble.hooks();
    let busy = (1..=3).filter_map(|number| {
        let server = zk_embedded::ServerId::new(number);
        hooks.with_server(server, |core| core.connection_count())
    });
    let busy: Vec<usize> = busy.collect();
    assert_eq!(busy.iter().sum::<usize>(), 24);
    assert!(busy.iter().all(|clients| *clients >= 3), "{busy:?}");
}

#[tokio::test]
async fn b81_look_ups_are_bounded_while_no_server_answers() {
    let directory = Arc::new(Directory::default());
    let limit = Duration::from_secs(2);
    let builder = builder("dead1,dead2", &directory).connect_timeout(limit);
    builder.connect().await.unwrap_err();
    let asked = directory.asked("dead1") + directory.asked("dead2");
    // A round without pause, then pauses that double from at most 50 ms on: some ten rounds of two.
    assert!((4..80).contains(&asked), "{asked}");
}

#[tokio::test]
async fn b78_a_service_is_looked_up_at_first_and_again_when_the_connection_is_lost() {
    let ensemble = ensemble().await;
    let directory = Arc::new(Directory::default());
    for (name, address) in ["zk1", "zk2", "zk3"].iter().zip(ensemble.addrs()) {
        directory.set(name, &[*address]);
    }
    let service = "_zookeeper._tcp.example.com";
    directory.set_service(service, &["zk1"]);
    let text = format!("dns-srv://{service}/app");
    let zk = builder(&text, &directory).connect().await.unwrap();
    assert_eq!(zk.server().unwrap(), "zk1:2181");
    assert_eq!(zk.absolute("/a"), "/app/a");
    let session = zk.session_id();

    directory.set_service(service, &["zk2", "zk3"]);
    ensemble.hooks().crash(zk_embedded::ServerId::new(1));
    until(&zk, |state| !state.is_connected()).await;
    until(&zk, |state| state.is_connected()).await;
    assert_eq!((zk.session_id(), zk.servers().len()), (session, 2));
    zk.close().await.unwrap();
}

#[tokio::test]
async fn a_service_that_cannot_be_used_is_named() {
    let directory = Arc::new(Directory::default());
    directory.set_service("empty", &[]);
    for (text, kind, complaint) in [
        (
            "dns-srv://",
            ErrorKind::InvalidConfig,
            "it names no service",
        ),
        (
            "dns-srv://zk/a/",
            ErrorKind::InvalidConfig,
            "the chroot is malformed",
        ),
        (
            "dns-srv://gone",
            ErrorKind::NoServerReachable,
            "service gone: service not found (DNS)",
        ),
        (
            "dns-srv://empty",
            ErrorKind::NoServerReachable,
            "service empty has no servers",
        ),
    ] {
        let error = builder(text, &directory).connect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

/// A transport that remembers whom it was given.
#[derive(Debug, Default)]
struct Listening(Mutex<Vec<ServerAddr>>);

#[async_trait]
impl Transport for Listening {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        self.0.lock().unwrap().push(server.clone());
        Err(io::Error::other("not today"))
    }
}

#[tokio::test]
async fn an_ipv6_address_is_written_in_brackets_and_dialled_without() {
    let transport = Arc::new(Listening::default());
    let builder = Client::builder("[fd00::1]:2182").transport(Arc::clone(&transport) as Arc<_>);
    let error = builder.fail_fast().connect().await.unwrap_err();
    assert!(
        error.to_string().contains("[fd00::1]:2182: not today"),
        "{error}"
    );
    let dialled = transport.0.lock().unwrap().first().cloned().unwrap();
    assert_eq!((dialled.host.as_str(), dialled.port), ("fd00::1", 2182));
    let found = SystemResolver::default().addresses(&dialled).await.unwrap();
    let address: Ipv6Addr = "fd00::1".parse().unwrap();
    assert_eq!(found, [SocketAddr::from((address, 2182))]);
}

#[tokio::test]
async fn zk2184_b21_b81_every_connection_attempt_asks_for_the_name_again() {
    let ensemble = ensemble().await;
    let directory = Arc::new(Directory::default());
    directory.set("zk", ensemble.addrs());
    let zk = builder("zk", &directory).connect().await.unwrap();
    let session = zk.session_id().unwrap();
    for attempts in 1..5 {
        assert_eq!(directory.asked("zk"), attempts);
        ensemble.hooks().cut_session(session);
        until(&zk, |state| !state.is_connected()).await;
        until(&zk, |state| state.is_connected()).await;
    }
    assert_eq!(zk.session_id(), Some(session));
}
