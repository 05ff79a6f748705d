//! Connections that break, at whatever place.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use zk_client::{ErrorKind, Fate};
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::kit::{authority, builder, trusting, zk1};

/// Passes bytes on until it cuts.
struct Relay {
    address: SocketAddr,
    /// How many bytes of the server each connection may still pass on.
    allowance: Arc<AtomicUsize>,
    /// Cuts all connections.
    cut: Arc<Notify>,
}

impl Relay {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            allowance: Arc::new(AtomicUsize::new(usize::MAX)),
            cut: Arc::default(),
        };
        let (allowance, cut) = (Arc::clone(&relay.allowance), Arc::clone(&relay.cut));
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(server).await.unwrap();
                let left = allowance.load(Ordering::Relaxed);
                let cut = Arc::clone(&cut);
                tokio::spawn(async move {
                    tokio::select! {
                        () = pass(client, server, left) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        relay
    }
}

/// Until one side hangs up, or the server has said so many bytes.
async fn pass(client: TcpStream, server: TcpStream, mut left: usize) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = copy(&mut from_client, &mut to_server);
    let down = async {
        let mut bytes = vec![0; 4096];
        while left > 0 {
            let limit = bytes.len().min(left);
            let len = from_server.read(&mut bytes[..limit]).await.unwrap_or(0);
            if len == 0 || to_client.write_all(&bytes[..len]).await.is_err() {
                return;
            }
            left -= len;
        }
    };
    tokio::select! {
        _ = up => {}
        () = down => {}
    }
}

#[tokio::test]
async fn a_cut_anywhere_in_the_handshake_is_a_failure_of_tls_and_opens_no_session() {
    let authority = authority();
    let server = zk1(&authority).await;
    let relay = Relay::to(server.addr()).await;
    let mut cuts = 0;
    // Every 50 bytes: inside each record, and between some.
    for allowance in (0..).step_by(50) {
        relay.allowance.store(allowance, Ordering::Relaxed);
        let client = builder(&[("zk1", relay.address)], trusting(&authority));
        let error = client.fail_fast().connect().await.unwrap_err();
        if error.kind() != ErrorKind::Tls {
            // The handshake went through, and the cut hit the tickets of TLS or the session's beginning.
            assert_eq!(error.kind(), ErrorKind::NoServerReachable);
            break;
        }
        assert!(
            error.to_string().contains("during the TLS handshake"),
            "{error}"
        );
        assert_eq!(server.hooks().sessions(), []);
        cuts += 1;
    }
    assert!(
        cuts > 10,
        "a handshake is longer than {cuts} times 50 bytes"
    );
}

/// An end without close_notify may be somebody else's doing: nothing is taken for complete because of it.
#[tokio::test]
async fn an_end_without_close_notify_is_a_lost_connection() {
    let authority = authority();
    let server = zk1(&authority).await;
    let relay = Relay::to(server.addr()).await;
    let client = builder(&[("zk1", relay.address)], trusting(&authority));
    let zk = client.connect().await.unwrap();
    zk.create("/a", "").await.unwrap();
    let hooks = server.hooks();
    let rule = hooks.on(Match::op(OpCode::SetData)).hold_replies();
    let write = zk.set("/a", "x").submit();
    hooks.until(|core| core.rule_fired(rule) == 1).await;
    hooks.clear();
    relay.cut.notify_waiters();
    let error = write.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::ConnectionLost, Fate::Unknown)
    );
    assert_eq!(&zk.get("/a").await.unwrap().data[..], b"x");
    assert_eq!(zk.stats().connections_lost, 1);
    zk.close().await.unwrap();
}
