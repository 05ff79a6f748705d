//! What servers tell of sessions: where they come from, when they were last heard, what they own.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;
use zk_recipes::{ClientBuilder, Contender, SessionId, Word};
use zk_wire::HostPort;

use crate::connect::{Connection, PATIENCE};
use crate::exit::Failure;
use crate::{output, word};

/// What servers tell of sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    seen: BTreeMap<u64, Seen>,
    owned: BTreeMap<u64, Vec<String>>,
    /// The servers that told, and why the others did not.
    pub(super) asked: Vec<String>,
    pub(super) untold: Vec<String>,
}

/// A session that has a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) server: String,
    pub(super) address: String,
    /// How long the server has not heard from it.
    pub(super) idle: Option<Duration>,
    pub(super) timeout: Option<Duration>,
}

/// A line of `cons`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    session: u64,
    address: String,
    /// When the server last answered it, on a clock of the server's own, in milliseconds.
    answered: Option<u64>,
    timeout: Option<u64>,
}

impl Sessions {
    pub(super) fn seen(&self, session: SessionId) -> Option<&Seen> {
        self.seen.get(&id(session))
    }

    pub(super) fn owned(&self, session: SessionId) -> &[String] {
        self.owned.get(&id(session)).map_or(&[], Vec::as_slice)
    }

    /// Whether a session without a connection would have been seen to have none.
    pub(super) fn is_complete(&self) -> bool {
        self.untold.is_empty() && !self.asked.is_empty()
    }
}

fn id(session: SessionId) -> u64 {
    session.as_raw() as u64
}

/// Asks every server of the connect string about the contenders' sessions.
pub(super) async fn ask(
    connection: &Connection,
    contenders: &[Contender],
) -> Result<Sessions, Failure> {
    let mut sessions = Sessions::default();
    if !connection.asks_words() {
        sessions.untold.push(word::PLAIN.to_owned());
        return Ok(sessions);
    }
    let wanted: Vec<u64> = contenders.iter().map(|one| id(one.session)).collect();
    let mut asking = JoinSet::new();
    for server in connection.each(&[])? {
        let (builder, wanted) = (connection.builder(&server.to_string()), wanted.clone());
        asking.spawn(async move {
            let found = ask_one(&server, builder, &wanted).await;
            (server, found)
        });
    }
    while let Some(asked) = asking.join_next().await {
        let Ok((server, found)) = asked else { continue };
        match found {
            Ok((seen, owned)) => {
                sessions.asked.push(server.to_string());
                sessions.seen.extend(seen);
                // Every server knows all of them.
                sessions.owned.extend(owned);
            }
            Err(why) => sessions.untold.push(format!("{server}: {why}")),
        }
    }
    sessions.asked.sort_unstable();
    sessions.untold.sort_unstable();
    Ok(sessions)
}

type Found = (Vec<(u64, Seen)>, BTreeMap<u64, Vec<String>>);

async fn ask_one(
    server: &HostPort,
    builder: ClientBuilder,
    wanted: &[u64],
) -> Result<Found, String> {
    let cons = word::text(server, Word::CONS).await;
    let mut lines = lines(&cons.map_err(|e| e.to_string())?);
    lines.retain(|line| wanted.contains(&line.session));
    // Not a word of it if the server does not want to tell, or it is too much.
    let dump = word::text(server, Word::DUMP).await.unwrap_or_default();
    let mut owned = owned(&dump);
    owned.retain(|session, _| wanted.contains(session));
    let mut now = None;
    if lines.iter().any(|line| line.answered.is_some()) {
        if let Some((clock, again)) = look_again(server, builder).await {
            now = Some(clock);
            lines = again;
            lines.retain(|line| wanted.contains(&line.session));
        }
    }
    let seen = lines.into_iter().map(|line| {
        let idle = line.answered.zip(now);
        let seen = Seen {
            server: server.to_string(),
            address: line.address,
            idle: idle.map(|(then, now)| Duration::from_millis(now.saturating_sub(then))),
            timeout: line.timeout.map(Duration::from_millis),
        };
        (line.session, seen)
    });
    Ok((seen.collect(), owned))
}

/// Asks again right after the server has answered a session of ours: that one's line tells what time it is.
async fn look_again(server: &HostPort, builder: ClientBuilder) -> Option<(u64, Vec<Line>)> {
    let client = builder.connect_timeout(PATIENCE).connect().await.ok()?;
    let read = client.terse().exists("/").await;
    let cons = word::text(server, Word::CONS).await;
    let session = client.session_id().map(id);
    // Whatever the close meets, the session has served its purpose.
    let _ = client.close().await;
    read.ok()?;
    let lines = lines(&cons.ok()?);
    let ours = lines.iter().find(|line| Some(line.session) == session)?;
    Some((ours.answered?, lines))
}

/// The lines of `cons` that are about sessions, such as
/// ` /10.0.0.7:49222[1](queued=0,recved=6,sent=6,sid=0x1000…,lop=PING,est=…,to=10000,…,lresp=36546463,llat=1,…)`.
fn lines(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let (head, fields) = text.trim_start().strip_prefix('/')?.split_once("](")?;
    // An IPv6 address has brackets, too.
    let (address, _) = head.rsplit_once('[')?;
    let field = |name: &str| {
        let mut fields = fields.trim_end().trim_end_matches(')').split(',');
        fields.find_map(|field| field.split_once('=').filter(|(n, _)| *n == name))
    };
    let number = |name: &str| field(name)?.1.parse().ok();
    Some(Line {
        session: hex(field("sid")?.1)?,
        address: output::printable(address),
        answered: number("lresp"),
        timeout: number("to"),
    })
}

/// The nodes of each session, from the part of `dump` about ephemeral nodes.
fn owned(text: &str) -> BTreeMap<u64, Vec<String>> {
    let mut owned: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut session = None;
    for line in text.lines() {
        match (line.strip_prefix('\t'), session) {
            (Some(node), Some(session)) if node.starts_with('/') => {
                owned
                    .entry(session)
                    .or_default()
                    .push(output::printable(node));
            }
            _ => session = line.strip_suffix(':').and_then(hex),
        }
    }
    owned
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONS: &str = " /172.17.0.1:49222[1](queued=0,recved=6,sent=6,sid=0x100022d80680002,lop=PING,est=1795647658467,to=10000,lcxid=0x4,lzxid=0xc,lresp=36546463,llat=1,minlat=0,avglat=1,maxlat=2)
 /[0:0:0:0:0:0:0:1]:49232[1](queued=0,sid=0x2)
 /172.17.0.1:49230[0](queued=0,recved=1,sent=0)
";

    const DUMP: &str = "SessionTracker dump:
Session Sets (4)/(2):
1 expire at Wed Nov 25 23:01:13 UTC 2026:
\t0x100022d80680002
ephemeral nodes dump:
Sessions with Ephemerals (2):
0x100022d80680001:
\t/demo/a
\t/demo/b
0x100022d80680002:
\t/demo/c
Connections dump:
3 expire at Wed Nov 25 23:01:15 UTC 2026:
\tip: /172.17.0.1:49222 sessionId: 0x100022d80680002
";

    #[test]
    fn the_connection_of_a_session_is_read_from_what_a_server_says() {
        let one = Line {
            session: 0x0100_022d_8068_0002,
            address: "172.17.0.1:49222".to_owned(),
            answered: Some(36_546_463),
            timeout: Some(10_000),
        };
        let other = Line {
            session: 2,
            address: "[0:0:0:0:0:0:0:1]:49232".to_owned(),
            answered: None,
            timeout: None,
        };
        assert_eq!(lines(CONS), [one, other]);
    }

    #[test]
    fn the_nodes_of_a_session_are_read_from_what_a_server_says() {
        let owned = owned(DUMP);
        assert_eq!(owned[&0x0100_022d_8068_0001], ["/demo/a", "/demo/b"]);
        assert_eq!(owned[&0x0100_022d_8068_0002], ["/demo/c"]);
        assert_eq!(owned.len(), 2);
    }

    #[test]
    fn nonsense_tells_nothing() {
        for text in [
            "",
            " /",
            " /x[1",
            " /x[1](",
            " /x[1](sid=)",
            " /x[1](sid=0xzz)",
            "\u{1b}[2J",
        ] {
            assert_eq!(lines(text), [], "{text:?}");
        }
        assert!(owned("0xzz:\n\t/a\n0x1\n\t/b\n\t\n").is_empty());
    }
}
