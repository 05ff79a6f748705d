//! Checks of an instance's health.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::net::TcpListener;
use zk_client::{BoxStream, ServerAddr, Transport};
use zk_recipes::discovery::{Check, Health, InstanceKind, WhileUnhealthy};
use zk_recipes::{ErrorKind, Standing};
use zk_wire::OpCode;

use super::{NODE, data, instance, registered, services, told};
use crate::kit::{World, settle, spawned};

const SECOND: Duration = Duration::from_secs(1);

/// A service that answers what it is told to, once per connection. With nothing to say it refuses.
#[derive(Debug, Clone, Default)]
struct Service(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answer: Option<&'static str>,
    silent: bool,
    asked: Vec<String>,
    dialled: Vec<String>,
}

impl Service {
    fn answers(&self, answer: Option<&'static str>) {
        self.0.lock().unwrap().answer = answer;
    }

    fn falls_silent(&self) {
        self.0.lock().unwrap().silent = true;
    }

    fn dialled(&self) -> usize {
        self.0.lock().unwrap().dialled.len()
    }
}

#[async_trait::async_trait]
impl Transport for Service {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let (answer, silent) = {
            let mut state = self.0.lock().unwrap();
            state.dialled.push(server.to_string());
            (state.answer, state.silent)
        };
        let Some(answer) = answer else {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
        };
        let (ours, mut theirs) = duplex(4096);
        let state = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut request = [0; 1024];
            let read = theirs.read(&mut request).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            state.lock().unwrap().asked.push(text);
            if silent {
                // Nothing comes until the other side has given up.
                let _ = theirs.read(&mut request).await;
            }
            let _ = theirs.write_all(answer.as_bytes()).await;
        });
        Ok(Box::new(ours))
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\n\r\n";

fn http(service: &Service) -> Check {
    Check::http("billing.local", 8080, "/health?deep=1")
        .unwrap()
        .transport(Arc::new(service.clone()))
        .interval(SECOND)
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_drained_while_its_http_check_fails_and_enabled_again() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let created = world.hooks.node(NODE).unwrap().stat.czxid;
    let service = Service::default();
    service.answers(Some(OK));
    let (mut health, checking) = registration.check(http(&service));
    assert_eq!(health.now(), Health::Unknown);
    let checking = spawned(checking);
    assert_eq!(health.changed().await, Some(Health::Passing));
    assert!(told(&world, NODE).unwrap().enabled);
    for _ in 0..3 {
        service.answers(Some(BUSY));
        let Some(Health::Failing(why)) = health.changed().await else {
            panic!("it does not fail");
        };
        assert!(
            why.contains("503") && why.contains("billing.local:8080"),
            "{why}"
        );
        registration.applied().await.unwrap();
        assert!(!told(&world, NODE).unwrap().enabled);
        // Whatever is updated meanwhile stays drained.
        registration.update(|instance| instance.port = instance.port.map(|port| port + 1));
        registration.applied().await.unwrap();
        assert!(!told(&world, NODE).unwrap().enabled);
        service.answers(Some(OK));
        assert_eq!(health.changed().await, Some(Health::Passing));
        registration.applied().await.unwrap();
        assert!(told(&world, NODE).unwrap().enabled);
    }
    assert_eq!(world.hooks.node(NODE).unwrap().stat.czxid, created);
    let request = service.0.lock().unwrap().asked[0].clone();
    assert!(request.starts_with("GET /health?deep=1 HTTP/1.1\r\nHost: billing.local:8080\r\n"));
    assert!(request.ends_with("\r\n\r\n"));
    registration.unregister();
    driver.await.unwrap().unwrap();
    checking.await.unwrap();
    assert_eq!(health.changed().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_fails_withdraws_the_instance_where_that_is_asked_and_all_checks_have_to_pass() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let (port, web) = (Service::default(), Service::default());
    let tcp = Check::tcp("::1", 8080).transport(Arc::new(port.clone()));
    let tcp = tcp
        .interval(SECOND)
        .while_unhealthy(WhileUnhealthy::Withdraw);
    let (mut first, checking) = registration.check(tcp);
    let _checking = spawned(checking);
    let (mut second, also) = registration.check(http(&web));
    let also = spawned(also);
    assert!(matches!(first.changed().await, Some(Health::Failing(_))));
    assert!(matches!(second.changed().await, Some(Health::Failing(_))));
    assert_eq!(registration.applied().await, Some(Standing::Absent));
    assert_eq!(data(&world, NODE), None);
    assert_eq!(port.0.lock().unwrap().dialled[0], "[::1]:8080");
    port.answers(Some(OK));
    assert_eq!(first.changed().await, Some(Health::Passing));
    registration.applied().await.unwrap();
    assert!(
        !told(&world, NODE).unwrap().enabled,
        "the other still fails"
    );
    // A check that is dropped has no say any more.
    also.abort();
    settle().await;
    registration.applied().await.unwrap();
    assert!(told(&world, NODE).unwrap().enabled);
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_fails_in_time_and_one_that_does_not_speak_http_at_once() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let service = Service::default();
    service.answers(Some(OK));
    service.falls_silent();
    let begun = tokio::time::Instant::now();
    let (mut health, checking) = registration.check(http(&service).timeout(SECOND * 3));
    let _checking = spawned(checking);
    let Some(Health::Failing(why)) = health.changed().await else {
        panic!("it does not fail");
    };
    assert!(why.contains("3s"), "{why}");
    assert_eq!(begun.elapsed().as_secs(), 3);
    let other = Service::default();
    other.answers(Some("SSH-2.0-OpenSSH\r\n"));
    let (mut health, checking) = registration.check(http(&other));
    let _checking = spawned(checking);
    let Some(Health::Failing(why)) = health.changed().await else {
        panic!("it does not fail");
    };
    assert!(why.contains("HTTP/1"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn single_failures_below_the_threshold_change_and_write_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let service = Service::default();
    service.answers(Some(OK));
    let (mut health, checking) = registration.check(http(&service).fall(3).rise(2));
    let _checking = spawned(checking);
    assert_eq!(health.changed().await, Some(Health::Passing));
    let before = world.asked(zk.session_id().unwrap());
    for _ in 0..4 {
        service.answers(None);
        tokio::time::sleep(SECOND * 2).await;
        service.answers(Some(OK));
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(health.now(), Health::Passing);
    let after = world.asked(zk.session_id().unwrap());
    assert_eq!(after.since(&before, OpCode::SetData), 0);
    service.answers(None);
    assert!(matches!(health.changed().await, Some(Health::Failing(_))));
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_heartbeat_is_drained_until_the_next() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let (heartbeat, check) = Check::ttl(SECOND * 5);
    let (mut health, checking) = registration.check(check);
    let _checking = spawned(checking);
    for _ in 0..4 {
        tokio::time::sleep(SECOND * 4).await;
        heartbeat.pass();
    }
    assert_eq!(health.changed().await, Some(Health::Passing));
    assert!(told(&world, NODE).unwrap().enabled);
    let last = tokio::time::Instant::now();
    let Some(Health::Failing(why)) = health.changed().await else {
        panic!("it does not fail");
    };
    assert!(why.contains("no heartbeat within 5s"), "{why}");
    assert_eq!(last.elapsed().as_secs(), 5);
    registration.applied().await.unwrap();
    assert!(!told(&world, NODE).unwrap().enabled);
    heartbeat.pass();
    assert_eq!(health.changed().await, Some(Health::Passing));
    heartbeat.fail("the disk is full");
    let told_why = Some(Health::Failing("the disk is full".to_owned()));
    assert_eq!(health.changed().await, told_why);
    heartbeat.pass();
    assert_eq!(health.changed().await, Some(Health::Passing));
    // Whoever would beat is gone.
    drop(heartbeat);
    assert!(matches!(health.changed().await, Some(Health::Failing(_))));
}

/// The servers commit nothing for longer than a withdrawal waits: the registration goes on, and its node comes back.
#[tokio::test(start_paused = true)]
async fn an_instance_that_cannot_be_withdrawn_for_long_is_registered_again_when_it_is_well() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let (heartbeat, check) = Check::ttl(SECOND * 3600);
    let check = check.while_unhealthy(WhileUnhealthy::Withdraw);
    let (mut health, checking) = registration.check(check);
    let _checking = spawned(checking);
    heartbeat.pass();
    assert_eq!(health.changed().await, Some(Health::Passing));
    world.hooks.hold_commits(true);
    heartbeat.fail("the disk is full");
    assert!(matches!(health.changed().await, Some(Health::Failing(_))));
    tokio::time::sleep(SECOND * 120).await;
    assert!(!driver.is_finished());
    assert!(data(&world, NODE).is_some(), "it is not gone yet");
    heartbeat.pass();
    assert_eq!(health.changed().await, Some(Health::Passing));
    world.hooks.hold_commits(false);
    while !matches!(registration.applied().await, Some(Standing::Present(_))) {
        settle().await;
    }
    assert!(data(&world, NODE).is_some());
    // And the end, while nobody can be asked, is told as it is.
    world.hooks.hold_commits(true);
    heartbeat.fail("the disk is full");
    tokio::time::sleep(SECOND * 120).await;
    registration.unregister();
    let error = driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_check_keeps_no_registration_and_asks_no_more_when_that_is_gone() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let service = Service::default();
    service.answers(Some(OK));
    let (_health, checking) = registration.check(http(&service));
    let checking = spawned(checking);
    settle().await;
    assert_eq!(service.dialled(), 1);
    drop(registration);
    driver.await.unwrap().unwrap();
    checking.await.unwrap();
    assert_eq!(data(&world, NODE), None);
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!(service.dialled(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_instance_is_registered_as_such_in_the_next_session() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let (mut health, checking) = registration.check(http(&Service::default()));
    let _checking = spawned(checking);
    assert!(matches!(health.changed().await, Some(Health::Failing(_))));
    registration.applied().await.unwrap();
    let mut watched = registration.clone();
    watched.changed().await.unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    assert_eq!(watched.changed().await, Some(Standing::Absent));
    assert!(matches!(
        watched.changed().await,
        Some(Standing::Present(_))
    ));
    assert!(!told(&world, NODE).unwrap().enabled);
}

#[test]
fn what_cannot_stand_in_a_request_is_refused() {
    for (host, path) in [
        ("a", "health"),
        ("a", "/a b"),
        ("a", "/a\r\nX: y"),
        ("a\n", "/"),
        ("", "/"),
        ("a", "/é"),
    ] {
        let error = Check::http(host, 80, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}

/// Over real sockets, in real time.
#[tokio::test]
async fn a_service_on_a_port_is_checked_over_tcp() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    });
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let soon = Duration::from_millis(10);
    let check = Check::http("127.0.0.1", port, "/").unwrap().interval(soon);
    let (mut http, checking) = registration.check(check);
    let _checking = spawned(checking);
    let (mut tcp, checking) = registration.check(Check::tcp("127.0.0.1", port).interval(soon));
    let _checking = spawned(checking);
    assert_eq!(http.changed().await, Some(Health::Passing));
    assert_eq!(tcp.changed().await, Some(Health::Passing));
    serving.abort();
    for health in [&mut http, &mut tcp] {
        assert!(matches!(health.changed().await, Some(Health::Failing(_))));
    }
}
