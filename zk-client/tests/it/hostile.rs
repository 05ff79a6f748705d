//! A client whose server breaks the rules: typed errors with path, sizes and limits, and bounded queues. What the
//! session core makes of such servers is tested there, rule by rule.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use zk_client::{
    AddWatchMode, BoxStream, Client, ClientBuilder, Error, ErrorKind, Fate, ServerAddr, SetEvent,
    TokioClock, Transport, WatchEvent,
};
use zk_wire::frame::write_frame;
use zk_wire::{
    ConnectResponse, Decode, Encode, EventType, FrameDecoder, OpCode, Reader, ReplyHeader,
    RequestHeader, Response, SessionId, Stat, WatcherEvent, Zxid, xid,
};

/// What the server answers to a request: whole frames.
type Answers = fn(OpCode, i32) -> Vec<u8>;

/// Each connection leads to a server that greets as it should and answers as `answers` says.
#[derive(Debug)]
struct Hostile {
    answers: Answers,
}

#[async_trait::async_trait]
impl Transport for Hostile {
    async fn dial(&self, _server: &ServerAddr) -> io::Result<BoxStream> {
        let (ours, theirs) = duplex(64 * 1024);
        tokio::spawn(serve(theirs, self.answers));
        Ok(Box::new(ours))
    }
}

async fn serve(mut stream: DuplexStream, answers: Answers) -> io::Result<()> {
    let mut input = BytesMut::new();
    let mut greeted = false;
    loop {
        while let Ok(Some(frame)) = FrameDecoder::default().next(&mut input) {
            let bytes = if greeted {
                let header = RequestHeader::decode(&mut Reader::new(frame)).unwrap();
                match OpCode::from_raw(header.op) {
                    Some(OpCode::Ping) => reply(xid::PING, 0, &[]),
                    Some(op) => answers(op, header.xid),
                    None => Vec::new(),
                }
            } else {
                greeting()
            };
            greeted = true;
            stream.write_all(&bytes).await?;
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

fn greeting() -> Vec<u8> {
    let response = ConnectResponse {
        protocol_version: 0,
        timeout_ms: 10_000,
        session_id: SessionId::from_raw(7),
        password: b"sixteen bytes pw"[..].into(),
        read_only: Some(false),
    };
    let mut bytes = Vec::new();
    write_frame(&mut bytes, |out| response.encode(out));
    bytes
}

fn reply(xid: i32, err: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let zxid = Zxid::from_raw(5);
    write_frame(&mut bytes, |out| {
        ReplyHeader { xid, zxid, err }.encode(out);
        out.extend_from_slice(body);
    });
    bytes
}

fn answer(xid: i32, response: &Response) -> Vec<u8> {
    let mut body = Vec::new();
    response.encode(&mut body);
    reply(xid, 0, &body)
}

fn event(path: &str) -> Vec<u8> {
    let mut body = Vec::new();
    WatcherEvent::new(EventType::Created, path).encode(&mut body);
    reply(xid::NOTIFICATION, 0, &body)
}

fn builder(answers: Answers) -> ClientBuilder {
    Client::builder("hostile")
        .transport(Arc::new(Hostile { answers }))
        .clock(Arc::new(TokioClock::default()))
        .seed(5)
}

async fn client(answers: Answers) -> Client {
    builder(answers).connect().await.unwrap()
}

/// Every operation of the client.
async fn everything(zk: &Client) -> Vec<(&'static str, Error)> {
    vec![
        ("create", zk.create("/a", "").await.unwrap_err()),
        ("delete", zk.delete("/a").await.unwrap_err()),
        ("exists", zk.exists("/a").await.unwrap_err()),
        ("get", zk.get("/a").await.unwrap_err()),
        ("set", zk.set("/a", "").await.unwrap_err()),
        ("children", zk.children("/a").await.unwrap_err()),
        ("acl", zk.acl("/a").await.unwrap_err()),
        ("sync", zk.sync("/a").await.unwrap_err()),
        ("barrier", zk.barrier().await.unwrap_err()),
        ("multi", zk.multi().check("/a", None).await.unwrap_err()),
        ("ephemerals", zk.ephemerals("/").await.unwrap_err()),
        (
            "watch",
            zk.watch("/a", AddWatchMode::Persistent).await.unwrap_err(),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_another_request_is_a_protocol_error_of_every_operation() {
    let zk = client(|_, xid| reply(xid + 50, 0, &[])).await.terse();
    for (op, error) in everything(&zk).await {
        assert_eq!(error.kind(), ErrorKind::Protocol, "{op}: {error}");
        assert_eq!(error.fate(), Fate::Unknown, "{op}: {error}");
        assert!(error.server().is_some(), "{op}");
        let text = error.to_string();
        assert!(text.contains("reply to request"), "{op}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_is_a_protocol_error_of_every_operation_that_has_one() {
    let zk = client(|_, xid| reply(xid, 0, &[])).await.terse();
    let get = zk.get("/some/node").await.unwrap_err();
    assert_eq!(
        (get.kind(), get.path()),
        (ErrorKind::Protocol, Some("/some/node"))
    );
    assert!(get.to_string().contains("cannot read /some/node"), "{get}");
    let multi = zk.multi().set("/m", "", None).await.unwrap_err();
    assert_eq!(
        (multi.kind(), multi.fate()),
        (ErrorKind::Protocol, Fate::Unknown)
    );
    let create = zk.create("/c", "").await.unwrap_err();
    assert_eq!(
        (create.kind(), create.fate()),
        (ErrorKind::Protocol, Fate::Unknown)
    );
    let list = zk.children("/c").await.unwrap_err();
    assert_eq!(list.kind(), ErrorKind::Protocol);
    zk.delete("/deletes/have/none").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reply_beyond_the_limit_names_path_size_and_limit() {
    let zk = builder(|_, _| 70_000_000_i32.to_be_bytes().to_vec())
        .max_reply(50_000_000)
        .connect()
        .await
        .unwrap();
    let error = zk.get("/big/one").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::FrameTooLarge, Some("/big/one"))
    );
    let text = error.to_string();
    for word in ["/big/one", "70000000", "50000000", "max_reply"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_beyond_the_limit_names_path_size_and_limit_and_is_not_sent() {
    let zk = builder(|_, xid| reply(xid, 0, &[]))
        .max_request(1_000)
        .connect()
        .await
        .unwrap();
    let before = zk.stats().requests;
    let error = zk.set("/big/one", vec![0; 2_000]).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate(), error.path()),
        (ErrorKind::FrameTooLarge, Fate::NotApplied, Some("/big/one"))
    );
    let text = error.to_string();
    for word in ["/big/one", "2028", "1000", "max_request"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(zk.stats().requests, before);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_refuses_by_length_and_by_bytes_and_names_the_path() {
    for (length, bytes) in [(10, 1_000_000), (1_000, 2_000)] {
        let zk = builder(|_, _| Vec::new())
            .max_queue(length, bytes)
            .connect()
            .await
            .unwrap();
        // Not polled, so the driver has sent nothing yet.
        let mut waiting = Vec::new();
        let error = loop {
            let set = zk.set("/full", vec![0; 100]).submit();
            if waiting.len() == 2 * length {
                panic!("nothing is refused");
            }
            if zk.stats().queued == waiting.len() {
                break set.await.unwrap_err();
            }
            waiting.push(set);
        };
        assert_eq!(
            (error.kind(), error.fate(), error.path()),
            (ErrorKind::QueueFull, Fate::NotApplied, Some("/full"))
        );
        // Each has 125 bytes: two numbers, path, data, and the lengths of both.
        let waiting = waiting.len();
        let bytes_waiting = waiting * 125;
        assert_eq!(
            error.to_string(),
            format!(
                "cannot write /full: {waiting} requests of {bytes_waiting} bytes wait to be sent; it was not sent; await \
                 some answers before asking for more"
            )
        );
        let stats = zk.stats();
        assert!(
            stats.queued <= length && stats.queued_bytes <= bytes,
            "{stats:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_children_that_lead_elsewhere_are_refused() {
    macro_rules! lists {
        ($($name:literal)*) => {
            [$(($name, {
                fn answers(_: OpCode, xid: i32) -> Vec<u8> {
                    let children = vec!["good".to_owned(), $name.to_owned()];
                    answer(xid, &Response::Children2 { children, stat: Stat::default() })
                }
                answers as Answers
            })),*]
        };
    }
    for (name, answers) in lists!["" "." ".." "a/b" "/" "/etc" "../up" "a\0b"] {
        let zk = client(answers).await;
        let error = zk.children("/dir").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{name:?}");
        assert_eq!(error.path(), Some("/dir"));
        let error = zk.children("/dir").with_stat().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{name:?}");
        assert!(error.to_string().contains("no name of a child"), "{error}");
    }
    let zk =
        client(|_, xid| answer(xid, &Response::Children(vec!["a..b".into(), "ü".into()]))).await;
    assert_eq!(zk.children("/dir").await.unwrap(), ["a..b", "ü"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_events_ends_in_a_gap_and_the_client_goes_on() {
    let zk = client(|op, xid| match op {
        OpCode::AddWatch => {
            let path = format!("/{}", "x".repeat(60_000));
            let flood = event(&path).repeat(300);
            [answer(xid, &Response::ErrorBody(0)), flood].concat()
        }
        OpCode::Exists => answer(xid, &Response::Stat(Stat::default())),
        _ => reply(xid, 0, &[]),
    })
    .await;
    let mut watch = zk
        .watch("/", AddWatchMode::PersistentRecursive)
        .await
        .unwrap();
    // Answered behind the flood.
    assert!(zk.exists("/a").await.unwrap().is_some());
    assert_eq!(watch.next().await, Some(WatchEvent::Gap));
    let mut held = 1;
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(1), watch.next()).await {
        held += 1;
    }
    assert!(held < 100, "{held} events of 60,000 bytes were kept");
}

#[tokio::test(start_paused = true)]
async fn a_set_whose_watches_flood_still_tells_that_the_connection_went() {
    let zk = client(|op, xid| match op {
        OpCode::GetData => {
            let stat = Stat::default();
            let data = answer(xid, &Response::Data { data: None, stat });
            [
                data,
                event("/a").repeat(70_000),
                (-1_i32).to_be_bytes().to_vec(),
            ]
            .concat()
        }
        _ => reply(xid, 0, &[]),
    })
    .await;
    let mut set = zk.watch_set();
    let _ = zk.get_in("/a", &set).await;
    let suspended = async { while set.next().await != SetEvent::Suspended {} };
    tokio::time::timeout(Duration::from_secs(30), suspended)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn connecting_to_servers_that_talk_nonsense_fails_in_time_and_says_what_they_said() {
    #[derive(Debug)]
    struct Nonsense(&'static [u8]);

    #[async_trait::async_trait]
    impl Transport for Nonsense {
        async fn dial(&self, _server: &ServerAddr) -> io::Result<BoxStream> {
            let (ours, mut theirs) = duplex(1024);
            theirs.write_all(self.0).await?;
            // Held open, so that the client has to give up by itself.
            tokio::spawn(async move {
                let _ = theirs.read_exact(&mut [0; 4096]).await;
            });
            Ok(Box::new(ours))
        }
    }

    for (bytes, word) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n"[..], "HTTP"),
        (&[0x15, 3, 3, 0, 2, 2, 40], "TLS"),
        (&[0xff; 8], "not ZooKeeper"),
        (&[0, 0, 0, 3, 1], "did not answer the handshake"),
        (b"", "did not answer the handshake"),
    ] {
        let begun = tokio::time::Instant::now();
        let error = Client::builder("one,two")
            .transport(Arc::new(Nonsense(bytes)))
            .clock(Arc::new(TokioClock::default()))
            .seed(5)
            .connect()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoServerReachable);
        assert!(error.to_string().contains(word), "{error}");
        assert!(begun.elapsed() <= Duration::from_secs(11));
    }
}
