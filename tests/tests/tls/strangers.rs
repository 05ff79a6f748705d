//! Whatever listens on the port and is no TLS server of our time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use zk_client::{Client, ErrorKind};
use zk_embedded::EmbeddedServer;

use crate::kit::{authority, builder, refused, trusting, zk1};

const PLAIN: &str =
    "it may be a port for plain text (clientPort, where secureClientPort is wanted)";

const OLD: &str = "speaks only versions of TLS before 1.2, which are not safe";

/// What clients have sent, connection by connection.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// How a stranger behaves once it has heard something.
#[derive(Clone, Copy)]
enum Manner {
    /// Says this and hangs up.
    Says(&'static [u8]),
    /// Says nothing more.
    Waits,
    /// Sends the head of a record, and then one byte now and then.
    Drips,
}

async fn stranger(manner: Manner) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(receive(stream, manner, Arc::clone(&ears)));
        }
    });
    (address, heard)
}

async fn receive(mut stream: TcpStream, manner: Manner, heard: Heard) {
    let mut hello = vec![0; 4096];
    let len = stream.read(&mut hello).await.unwrap();
    hello.truncate(len);
    let at = {
        let mut heard = heard.lock().unwrap();
        heard.push(hello);
        heard.len() - 1
    };
    match manner {
        Manner::Says(words) => {
            let _ = stream.write_all(words).await;
            // Only then: unread bytes would turn the end into a reset.
            let _ = stream.shutdown().await;
        }
        Manner::Waits => {}
        Manner::Drips => {
            let _ = stream.write_all(&[0x16, 3, 3, 0x3f, 0]).await;
            while stream.write_all(&[2]).await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    heard.lock().unwrap()[at].extend(rest);
}

async fn verdict(manner: Manner) -> (String, Heard) {
    let (address, heard) = stranger(manner).await;
    let client = builder(&[("zk1", address)], trusting(&authority()));
    (refused(client.fail_fast()).await, heard)
}

/// The types of the records that were sent: 22 is the handshake, 21 an alert, 23 would be a request.
fn record_types(sent: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    let mut rest = sent;
    while let [kind, 3, _, high, low, after @ ..] = rest {
        types.push(*kind);
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        rest = after.get(len..).unwrap_or_default();
    }
    assert_eq!(rest, [0_u8; 0], "something that is no record");
    types
}

fn assert_nothing_but_a_handshake(heard: &Heard) {
    let heard = heard.lock().unwrap();
    assert!(!heard.is_empty());
    for sent in heard.iter() {
        let types = record_types(sent);
        assert_eq!(types.first(), Some(&22));
        assert!(
            types.iter().all(|kind| [21, 22].contains(kind)),
            "{types:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_speaks_plain_text_is_told_apart_and_gets_no_request() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let client = builder(&[("zk1", server.addr())], trusting(&authority()));
    let reason = refused(client.fail_fast()).await;
    assert!(
        reason.contains("during the TLS handshake") && reason.ends_with(PLAIN),
        "{reason}"
    );
    assert_eq!(server.hooks().sessions(), []);
}

#[tokio::test]
async fn a_server_that_hangs_up_on_the_handshake_may_speak_plain_text() {
    let (reason, heard) = verdict(Manner::Says(b"")).await;
    assert_eq!(
        reason,
        format!("closed the connection during the TLS handshake: {PLAIN}")
    );
    assert_nothing_but_a_handshake(&heard);
}

#[tokio::test]
async fn a_server_that_answers_in_another_language_is_told_apart() {
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        &[0, 0, 0, 37, 0, 0, 0, 0, 0, 0],
    ] {
        let (reason, heard) = verdict(Manner::Says(words)).await;
        let expected =
            format!("answered the TLS handshake with something that is not TLS: {PLAIN}");
        assert_eq!(reason, expected, "{words:?}");
        assert_nothing_but_a_handshake(&heard);
    }
}

#[tokio::test]
async fn a_server_that_speaks_old_versions_of_tls_alone_is_refused() {
    // An alert: protocol_version.
    let (reason, _) = verdict(Manner::Says(&[0x15, 3, 1, 0, 2, 2, 70])).await;
    assert_eq!(reason, OLD);
    for version in [1, 2] {
        // A ServerHello of TLS 1.0 and of TLS 1.1: random, no session, TLS_RSA_WITH_AES_128_CBC_SHA.
        let mut hello = vec![0x16, 3, version, 0, 42, 2, 0, 0, 38, 3, version];
        hello.extend([7; 32]);
        hello.extend([0, 0, 0x2f, 0]);
        let (reason, heard) = verdict(Manner::Says(hello.leak())).await;
        assert_eq!(reason, OLD, "TLS 1.{}", version - 1);
        assert_nothing_but_a_handshake(&heard);
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_or_drips_is_given_up_at_the_connect_timeout() {
    for manner in [Manner::Waits, Manner::Drips] {
        let (address, heard) = stranger(manner).await;
        let client = builder(&[("zk1", address)], trusting(&authority()));
        let client = client.connect_timeout(Duration::from_millis(500));
        let reason = refused(client).await;
        assert_eq!(
            reason,
            "connected, but the TLS handshake was not done within 0.5 s"
        );
        assert_eq!(heard.lock().unwrap().len(), 1);
        assert_nothing_but_a_handshake(&heard);
    }
}

#[tokio::test]
async fn no_attempt_falls_back_to_plain_text() {
    let (address, heard) = stranger(Manner::Says(b"")).await;
    let client = builder(&[("zk1", address)], trusting(&authority()));
    refused(client.connect_timeout(Duration::from_millis(800))).await;
    assert!(heard.lock().unwrap().len() > 2, "it goes on trying");
    assert_nothing_but_a_handshake(&heard);
}

#[tokio::test]
async fn a_client_that_speaks_plain_text_is_told_that_the_port_is_for_tls() {
    let server = zk1(&authority()).await;
    let client = Client::builder(server.connect_string()).fail_fast();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoServerReachable);
    let reason =
        "answered with TLS; it is a port for encrypted connections: use .tls() (zkctl --tls-ca)";
    assert!(error.to_string().contains(reason), "{error}");
}
