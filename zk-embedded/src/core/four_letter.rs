//! Four-letter words: questions that need no handshake.

use std::fmt::Write as _;

use super::conn::{Conn, ConnKey};
use super::line::Mode;
use super::server::ServerCore;
use super::version::Version;

impl ServerCore {
    pub(super) fn answer_word(&mut self, key: ConnKey, word: [u8; 4]) {
        let version = version_of(self.config.version);
        let text = match &word {
            b"ruok" => "imok".to_owned(),
            b"isro" if self.mode == Mode::Idle => "null".to_owned(),
            _ if self.mode == Mode::Idle => NOT_SERVING.to_owned(),
            b"isro" if self.mode == Mode::ReadOnly => "ro".to_owned(),
            b"isro" => "rw".to_owned(),
            b"srvr" => self.describe(),
            b"stat" => format!(
                "Zookeeper version: {version}\nClients:\n{}\n{}",
                self.clients(),
                self.describe()
            ),
            b"cons" => self.clients(),
            b"dump" => self.dump(),
            b"wchs" => self.watches.summary(),
            b"wchc" => self.watches.by_connection(|conn| self.session_of(conn)),
            b"wchp" => self.watches.by_path(|conn| self.session_of(conn)),
            b"conf" => self.configuration(),
            b"mntr" => self.monitor(),
            b"envi" => format!("Environment:\nzookeeper.version={version}\n"),
            word => format!(
                "{} is not executed because it is not in the whitelist.\n",
                String::from_utf8_lossy(word)
            ),
        };
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.output.push(text.as_bytes());
        }
        self.close(key);
    }

    fn describe(&self) -> String {
        let recorder = &self.recorder;
        let version = version_of(self.config.version);
        format!(
            "Zookeeper version: {version}\nLatency min/avg/max: 0/0.0/0\nReceived: {}\nSent: {}\n\
             Connections: {}\nOutstanding: {}\nZxid: {}\nMode: {}\nNode count: {}\n",
            recorder.received,
            recorder.sent,
            self.conns.len(),
            self.waiting_count(),
            self.zxid,
            self.mode.name(),
            self.counted_nodes(),
        )
    }

    fn monitor(&self) -> String {
        let numbers = [
            ("znode_count", self.counted_nodes()),
            ("watch_count", self.watches.len()),
            ("ephemerals_count", self.tree.ephemeral_count()),
            ("num_alive_connections", self.conns.len()),
            ("outstanding_requests", self.waiting_count()),
        ];
        let mut text = format!(
            "zk_version\t{}\nzk_server_state\t{}\n",
            version_of(self.config.version),
            self.mode.name()
        );
        for (name, number) in numbers {
            // Writing to a string does not fail.
            let _ = writeln!(text, "zk_{name}\t{number}");
        }
        let (received, sent) = (self.recorder.received, self.recorder.sent);
        let _ = writeln!(
            text,
            "zk_packets_received\t{received}\nzk_packets_sent\t{sent}"
        );
        text
    }

    /// One line for each connection.
    fn clients(&self) -> String {
        let mut text = String::new();
        for (key, conn) in &self.conns {
            let session = conn.session().map(|session| {
                let known = self.sessions.get(session);
                format!(
                    "sid={session},to={},lresp={},",
                    known.map_or(0, |known| known.timeout.as_millis()),
                    conn.heard.as_nanos() / 1_000_000
                )
            });
            let _ = writeln!(
                text,
                " /{}[1](queued={},{}{key})",
                conn.address,
                conn.waiting,
                session.unwrap_or_default()
            );
        }
        text
    }

    /// The sessions, and what they own.
    fn dump(&self) -> String {
        let sessions: Vec<_> = self.sessions.iter().collect();
        let mut text = format!("SessionTracker dump:\nSessions ({}):\n", sessions.len());
        for (id, session) in &sessions {
            let _ = writeln!(text, "{id}\t{}ms", session.timeout.as_millis());
        }
        let owners: Vec<_> = sessions
            .iter()
            .filter(|(id, _)| self.tree.ephemerals(*id).next().is_some())
            .collect();
        let _ = writeln!(
            text,
            "ephemeral nodes dump:\nSessions with Ephemerals ({}):",
            owners.len()
        );
        for (id, _) in owners {
            let _ = writeln!(text, "{id}:");
            for path in self.tree.ephemerals(*id) {
                let _ = writeln!(text, "\t{path}");
            }
        }
        text
    }

    fn configuration(&self) -> String {
        let config = &self.config;
        let shortest = config.clamp(std::time::Duration::ZERO);
        format!(
            "tickTime={}\nmaxClientCnxns={}\nminSessionTimeout={}\nmaxSessionTimeout={}\nserverId={}\n",
            config.tick.as_millis(),
            config.max_connections_per_address,
            shortest.as_millis(),
            config.max_session_timeout.as_millis(),
            self.number,
        )
    }

    fn session_of(&self, conn: ConnKey) -> String {
        let session = self.conns.get(&conn).and_then(Conn::session);
        session.map_or_else(|| conn.to_string(), |session| session.to_string())
    }

    /// ZooKeeper counts its root twice, because it keeps it under two keys.
    fn counted_nodes(&self) -> usize {
        self.tree.len() + 1
    }
}

/// What a server says that has no ensemble around it.
const NOT_SERVING: &str = "This ZooKeeper instance is not currently serving requests\n";

/// The release whose behaviour is modelled, and what it is.
fn version_of(version: Version) -> String {
    format!("{version}-embedded, for development and tests only")
}
