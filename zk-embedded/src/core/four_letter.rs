//! Four-letter words: questions that need no handshake.

use std::fmt::Write as _;

use super::conn::ConnKey;
use super::line::Mode;
use super::server::ServerCore;

impl ServerCore {
    pub(super) fn answer_word(&mut self, key: ConnKey, word: [u8; 4]) {
        let text = match &word {
            b"ruok" => "imok".to_owned(),
            _ if self.mode == Mode::Idle => NOT_SERVING.to_owned(),
            b"isro" if self.mode == Mode::ReadOnly => "ro".to_owned(),
            b"isro" => "rw".to_owned(),
            b"srvr" => self.describe(),
            b"mntr" => self.monitor(),
            b"envi" => format!("Environment:\nzookeeper.version={VERSION}\n"),
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
        format!(
            "Zookeeper version: {VERSION}\nLatency min/avg/max: 0/0.0/0\nReceived: {}\nSent: {}\n\
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
            "zk_version\t{VERSION}\nzk_server_state\t{}\n",
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

    /// ZooKeeper counts its root twice, because it keeps it under two keys.
    fn counted_nodes(&self) -> usize {
        self.tree.len() + 1
    }
}

/// What a server says that has no ensemble around it.
const NOT_SERVING: &str = "This ZooKeeper instance is not currently serving requests\n";

/// The version whose behaviour is modelled, and what it is.
const VERSION: &str = "3.9.3-embedded, for development and tests only";
