//! What a failed connect says: each server with what became of it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zk_client::{BoxStream, Client, Error, ErrorKind, Fate, ServerAddr, Transport};

use crate::kit::World;

const NEXT: &str =
    "is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development";

/// An address of this machine where nothing listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Whatever is connected to says `banner` to the first bytes it gets, and hangs up.
async fn stranger(banner: &'static [u8]) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut handshake = [0; 49];
            let _ = stream.read_exact(&mut handshake).await;
            let _ = stream.write_all(banner).await;
        }
    });
    address
}

async fn fails(connect_string: String) -> Error {
    let error = Client::builder(connect_string)
        .fail_fast()
        .connect()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::NoServerReachable, Fate::NotApplied)
    );
    error
}

/// The text without the time that it took.
fn timeless(error: &Error) -> String {
    let text = error.to_string();
    let (before, after) = text.split_once(" servers in ").unwrap();
    let (_, after) = after.split_once(" s").unwrap();
    format!("{before} servers in T s{after}")
}

#[tokio::test]
async fn b22_an_unreachable_server_is_named_with_its_address_and_reason() {
    let port = closed_port();
    assert_eq!(
        timeless(&fails(format!("127.0.0.1:{port}")).await),
        format!(
            "cannot reach ZooKeeper: 127.0.0.1:{port}: 127.0.0.1 refused (nothing listens there). Tried 1 of 1 servers in \
             T s; {NEXT}"
        )
    );
}

#[tokio::test]
async fn an_unknown_host_is_told_from_a_refused_connection_line_by_line() {
    let port = closed_port();
    let text = timeless(&fails(format!("no-such-host.invalid,127.0.0.1:{port}")).await);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(
        lines[0],
        "cannot reach ZooKeeper. Tried 2 of 2 servers in T s:"
    );
    // The rest of the reason is the resolver's.
    let unknown = "  no-such-host.invalid:2181: name not found (DNS: ";
    assert!(lines[1].starts_with(unknown), "{text}");
    assert_eq!(
        lines[2..],
        [
            format!("  127.0.0.1:{port}: 127.0.0.1 refused (nothing listens there)").as_str(),
            NEXT
        ]
    );
}

#[tokio::test]
async fn a_port_that_speaks_something_else_is_named_with_what_it_speaks() {
    let cases: [(&[u8], &str); 5] = [
        (
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            "answered with HTTP; 8080 is the admin port, clients use 2181",
        ),
        (
            &[0x15, 3, 3, 0, 2, 2, 0x46],
            "answered with TLS; it is a port for encrypted connections: use .tls() (zkctl --tls-ca)",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2p1\r\n",
            "answered with \"SSH-2.0-OpenSSH_9.2p1\\r\\n\", which is not ZooKeeper",
        ),
        (
            b"-ERR unknown command, with args beginning with: \r\n",
            "answered with \"-ERR unknown command, with args \"…, which is not ZooKeeper",
        ),
        (
            &[0, 0, 0, 5, 1, 2, 3, 0x1b, b'x'],
            "answered with \"\\x01\\x02\\x03\\x1bx\", which is not ZooKeeper",
        ),
    ];
    for (banner, reason) in cases {
        let server = stranger(banner).await;
        assert_eq!(
            timeless(&fails(server.to_string()).await),
            format!(
                "cannot reach ZooKeeper: {server}: {reason}. Tried 1 of 1 servers in T s; {NEXT}"
            )
        );
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_on_the_handshake_is_named_with_its_possible_reasons() {
    let server = stranger(b"").await;
    assert_eq!(
        timeless(&fails(server.to_string()).await),
        format!(
            "cannot reach ZooKeeper: {server}: connected, but it closed the connection during the handshake (the server \
             closed the connection): it may expect TLS, or have too many connections from here (maxClientCnxns). Tried \
             1 of 1 servers in T s; {NEXT}"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn b22_a_server_that_never_answers_is_given_up_at_the_connect_timeout() {
    let world = World::new();
    world.server.set_latency(Duration::from_secs(3600));
    let start = tokio::time::Instant::now();
    let connect = world
        .builder()
        .connect_timeout(Duration::from_secs(4))
        .connect();
    let error = connect.await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(4));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot reach ZooKeeper: embedded:2181: connected, but it did not answer the handshake within 4.0 s. Tried 1 \
             of 1 servers in 4.0 s; {NEXT}"
        )
    );
}

/// Never connects.
#[derive(Debug)]
struct Void;

#[async_trait]
impl Transport for Void {
    async fn dial(&self, _server: &ServerAddr) -> io::Result<BoxStream> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn servers_whose_turn_did_not_come_are_not_counted_as_tried() {
    let world = World::new();
    let connect = world
        .builder_of("zk1,zk2,zk3")
        .transport(Arc::new(Void))
        .connect_timeout(Duration::from_secs(5))
        .connect();
    let text = connect.await.unwrap_err().to_string();
    // The order of attempts is the seed's; each has a third of the session timeout.
    assert_eq!(
        text,
        format!(
            "cannot reach ZooKeeper. Tried 2 of 3 servers in 5.0 s:\n  zk1:2181: no connection within 3.3 s (packets may be \
             dropped on the way)\n  zk2:2181: not tried yet\n  zk3:2181: no connection within 1.7 s (packets may be \
             dropped on the way)\n{NEXT}"
        )
    );
}
