//! `docs/server-versions.md` says what the version profiles of the embedded server do.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zk_embedded::{PipeServer, PipeStream, Version};
use zk_wire::frame::write_frame;
use zk_wire::{
    AddWatchMode, ConnectRequest, Create, CreateMode, Decode, Encode, FrameDecoder, MultiOp,
    MultiResult, OpCode, Password, ReadOp, Reader, ReplyHeader, Request, Response, SessionId,
    WatcherKind, Zxid, xid,
};

const VERSIONS: [Version; 5] = [
    Version::V3_5,
    Version::V3_6,
    Version::V3_7,
    Version::V3_8,
    Version::V3_9,
];

/// A connection that speaks the protocol itself.
struct Raw {
    stream: PipeStream,
    input: BytesMut,
    xid: i32,
}

impl Raw {
    async fn new(server: &PipeServer) -> Self {
        let mut raw = Self {
            stream: server.connect().unwrap(),
            input: BytesMut::new(),
            xid: 0,
        };
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::NONE,
            timeout_ms: 10_000,
            session_id: SessionId::NONE,
            password: Password::zeroed().into(),
            read_only: Some(false),
        };
        let mut bytes = Vec::new();
        write_frame(&mut bytes, |out| request.encode(out));
        raw.stream.write_all(&bytes).await.unwrap();
        raw.frame().await;
        raw
    }

    async fn frame(&mut self) -> Bytes {
        loop {
            if let Some(frame) = FrameDecoder::default().next(&mut self.input).unwrap() {
                return frame;
            }
            assert!(
                self.stream.read_buf(&mut self.input).await.unwrap() > 0,
                "closed"
            );
        }
    }

    /// The reply's error and body; what comes before it is no reply.
    async fn ask(&mut self, request: &Request) -> (i32, Reader) {
        self.xid += 1;
        let mut bytes = Vec::new();
        write_frame(&mut bytes, |out| request.encode(self.xid, out));
        self.stream.write_all(&bytes).await.unwrap();
        loop {
            let mut reader = Reader::new(self.frame().await);
            let header = ReplyHeader::decode(&mut reader).unwrap();
            if header.xid == self.xid {
                return (header.err, reader);
            }
        }
    }

    /// The header of the next event.
    async fn event(&mut self) -> ReplyHeader {
        loop {
            let header = ReplyHeader::decode(&mut Reader::new(self.frame().await)).unwrap();
            if header.xid == xid::NOTIFICATION {
                return header;
            }
        }
    }
}

fn server(version: Version) -> PipeServer {
    let configured = PipeServer::builder().configure(|config| {
        config.version = version;
        config.extended_types = true;
        config.enforce_quotas = true;
    });
    configured.in_memory()
}

/// Whether the server knows the operation at all.
async fn knows(version: Version, request: Request) -> bool {
    let server = server(version);
    Raw::new(&server).await.ask(&request).await.0 != -6
}

fn requests() -> Vec<(&'static str, Request)> {
    let path = || "/".to_owned();
    let mut ttl = Create::new("/t", "", CreateMode::PersistentTtl);
    ttl.ttl = Some(1_000);
    let get = ReadOp::GetData { path: path() };
    let watches = zk_wire::SetWatches {
        persistent: vec![path()],
        ..Default::default()
    };
    let container = Create::new("/c", "", CreateMode::Container);
    vec![
        (
            "`create2`",
            Request::Create(Create::new("/a", "", CreateMode::Persistent)),
        ),
        ("`createContainer`", Request::Create(container)),
        (
            "`createTTL` (with `extendedTypesEnabled`)",
            Request::Create(ttl),
        ),
        (
            "`removeWatches`",
            Request::RemoveWatches {
                path: path(),
                kind: WatcherKind::Any,
            },
        ),
        ("`getEphemerals`", Request::GetEphemerals { prefix: path() }),
        (
            "`getAllChildrenNumber`",
            Request::GetAllChildrenNumber { path: path() },
        ),
        (
            "`addWatch`",
            Request::AddWatch {
                path: path(),
                mode: AddWatchMode::Persistent,
            },
        ),
        ("`setWatches2`", Request::SetWatches(watches)),
        ("`multiRead`", Request::MultiRead(vec![get])),
        ("`whoAmI`", Request::WhoAmI),
    ]
}

async fn tells_the_transaction_of_an_event(version: Version) -> bool {
    let server = server(version);
    let mut raw = Raw::new(&server).await;
    let path = || "/".to_owned();
    raw.ask(&Request::GetChildren {
        path: path(),
        watch: true,
    })
    .await;
    let create = Request::Create(Create::new("/a", "", CreateMode::Persistent));
    let mut other = Raw::new(&server).await;
    other.ask(&create).await;
    raw.event().await.zxid.as_raw() > 0
}

async fn tells_the_stat_in_a_multi(version: Version) -> bool {
    let server = server(version);
    let create = MultiOp::Create(Create::new("/a", "", CreateMode::Persistent));
    let mut raw = Raw::new(&server).await;
    let (_, mut body) = raw.ask(&Request::Multi(vec![create])).await;
    let Response::Multi(results) = Response::decode(OpCode::Multi, &mut body).unwrap() else {
        panic!("a multi is answered with results");
    };
    matches!(results[..], [MultiResult::Created { stat: Some(_), .. }])
}

async fn enforces_quotas(version: Version) -> bool {
    let server = server(version);
    let mut raw = Raw::new(&server).await;
    let create = |path: &str, data: &str| {
        Request::Create(Create::new(path, data.to_owned(), CreateMode::Persistent))
    };
    raw.ask(&create("/q", "")).await;
    raw.ask(&create("/zookeeper/quota/q", "")).await;
    let limits = "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1";
    raw.ask(&create("/zookeeper/quota/q/zookeeper_limits", limits))
        .await;
    raw.ask(&create(
        "/zookeeper/quota/q/zookeeper_stats",
        "count=0,bytes=0",
    ))
    .await;
    raw.ask(&create("/q/a", "")).await.0 == -125
}

/// Others cannot decode the type.
async fn removes_persistent_watches_alone(version: Version) -> bool {
    let server = server(version);
    let path = "/".to_owned();
    let kind = WatcherKind::Persistent;
    let mut raw = Raw::new(&server).await;
    raw.ask(&Request::RemoveWatches { path, kind }).await.0 != -5
}

async fn table() -> String {
    let mut table = String::from("| |");
    for version in VERSIONS {
        let _ = write!(table, " {version} |");
    }
    table += &format!("\n|---|{}\n", ":-:|".repeat(VERSIONS.len()));
    let mut row = |name: &str, cells: Vec<bool>| {
        let marks = cells.iter().map(|yes| if *yes { " ✓ |" } else { " – |" });
        table += &format!("| {name} |{}\n", marks.collect::<String>());
    };
    for (name, request) in requests() {
        let mut cells = Vec::new();
        for version in VERSIONS {
            cells.push(knows(version, request.clone()).await);
        }
        row(name, cells);
    }
    macro_rules! behaviour {
        ($name:literal, $probe:ident) => {
            let mut cells = Vec::new();
            for version in VERSIONS {
                cells.push($probe(version).await);
            }
            row($name, cells);
        };
    }
    behaviour!(
        "events tell their transaction",
        tells_the_transaction_of_an_event
    );
    behaviour!(
        "a `create2` in a multi is answered with its stat",
        tells_the_stat_in_a_multi
    );
    behaviour!("hard quotas (with `enforceQuota`)", enforces_quotas);
    behaviour!(
        "`removeWatches` of persistent watches alone",
        removes_persistent_watches_alone
    );
    table
}

#[tokio::test]
async fn the_documented_table_is_what_the_profiles_do() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/server-versions.md");
    let text = std::fs::read_to_string(file).unwrap();
    let table = table().await;
    let mut parts = text.split("<!-- table -->\n");
    let (before, old, after) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let marked = format!("{before}<!-- table -->\n{table}<!-- table -->\n{after}");
        std::fs::write(file, marked).unwrap();
        return;
    }
    assert_eq!(
        old, table,
        "{file} is stale: UPDATE_DOCS=1 cargo test -p zk-tests documented_table"
    );
}
