//! What tests may do to a server and ask of it, beyond what a client can.

use std::time::Duration;

use bytes::Bytes;
use zk_wire::{Moment, SessionId, Stat};

use super::conn::{Conn, ConnKey, Stage};
use super::line::Line;
use super::record::{RequestCounts, RequestRecord};
use super::rules::{Match, Reaction, RuleId};
use super::server::ServerCore;
use super::truth::Fact;

/// A node, for a test that looks at what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Where it is.
    pub path: String,
    /// What it holds; `None` is null.
    pub data: Option<Bytes>,
    /// What clients see of it.
    pub stat: Stat,
}

/// A session, for a test that looks at what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// The timeout it was granted last.
    pub timeout: Duration,
    /// When it expires if nothing is heard of it.
    pub expires_at: Moment,
    /// Its connection, if it has one.
    pub conn: Option<ConnKey>,
    /// How many ephemeral nodes it owns.
    pub ephemerals: usize,
}

impl ServerCore {
    /// From now on requests that fit `when` meet `then`. Earlier rules take precedence.
    pub fn add_rule(&mut self, when: Match, then: Reaction) -> RuleId {
        self.rules.add(when, then)
    }

    /// Removes a rule.
    pub fn remove_rule(&mut self, id: RuleId) {
        self.rules.remove(id);
    }

    /// Removes all rules.
    pub fn clear_rules(&mut self) {
        self.rules.clear();
    }

    /// How many requests a rule has hit.
    #[must_use]
    pub fn rule_fired(&self, id: RuleId) -> u64 {
        self.rules.fired(id)
    }

    /// Ends a session as if its time had come. `false` if there is none.
    pub fn expire(&mut self, now: Moment, session: SessionId) -> bool {
        let exists = self.sessions.get(session).is_some();
        if exists {
            self.witness_fact(now, || Fact::SessionExpired { session });
        }
        self.end_session(now, session);
        exists
    }

    /// While held, nothing is committed: reads and pings are answered, but writes, transactions, new
    /// sessions and the ends of sessions wait in line, and so does whatever follows a waiting request on
    /// its connection. On release they are carried out in order.
    ///
    /// This is a server cut off from its leader, as its clients see it. Touches still count; see
    /// [`hold_touches`](Self::hold_touches).
    pub fn hold_commits(&mut self, now: Moment, hold: bool) {
        if let Line::Own { held, .. } = &mut self.line {
            *held = hold;
        }
        if !hold {
            self.release_commits(now);
        }
    }

    /// While held, nothing that clients send keeps their sessions alive, although they are answered: the
    /// leader, which alone expires sessions, does not hear of it.
    pub fn hold_touches(&mut self, now: Moment, hold: bool) {
        self.touches_held = hold;
        if !hold {
            // The next exchange with the leader reports everybody who is connected.
            let connected: Vec<SessionId> = self.conns.values().filter_map(Conn::session).collect();
            for session in connected {
                self.touch(now, session);
            }
        }
    }

    /// How many requests, new sessions and ends of sessions wait for commits to go on.
    #[must_use]
    pub fn held_commits(&self) -> usize {
        self.waiting_count()
    }

    /// While on, a client that presents a session that is gone silently gets a new one instead of being
    /// told so. ZooKeeper never does that; others who speak its protocol do.
    pub fn substitute_sessions(&mut self, on: bool) {
        self.substitutes = on;
    }

    /// Closes every connection. Sessions live on.
    pub fn cut_all(&mut self) {
        let keys: Vec<ConnKey> = self.conns.keys().copied().collect();
        for key in keys {
            self.cut(key);
        }
    }

    /// Closes the connection of a session. `false` if it has none.
    pub fn cut_session(&mut self, session: SessionId) -> bool {
        match self.sessions.get(session).and_then(|session| session.conn) {
            Some(key) => {
                self.cut(key);
                true
            }
            None => false,
        }
    }

    /// While refusing, every new connection is closed at once.
    pub fn refuse_connections(&mut self, refuse: bool) {
        self.refusing = refuse;
    }

    /// Whether new connections are refused.
    #[must_use]
    pub fn refuses_connections(&self) -> bool {
        self.refusing
    }

    /// Lets replies go that [`Reaction::HoldReplies`] and [`Reaction::DelayReply`] hold back.
    pub fn release_replies(&mut self) {
        let keys: Vec<ConnKey> = self.conns.keys().copied().collect();
        for key in keys {
            if let Some(conn) = self.conns.get_mut(&key) {
                conn.output.held = false;
                conn.output.release(Moment::from_nanos(u64::MAX));
            }
            self.mark_ready(key);
        }
    }

    /// Collects empty containers and outlived TTL nodes now.
    pub fn run_reaper(&mut self, now: Moment) {
        self.reap(now);
    }

    /// Sets the next sequence number among the children of `parent`: the only practical way to get near
    /// 2³¹. `false` if there is no such node.
    pub fn set_sequence(&mut self, parent: &str, next: i32) -> bool {
        match self.tree.get_mut(parent) {
            Some(node) => {
                node.counter = next;
                true
            }
            None => false,
        }
    }

    /// How often each operation was asked for, handshakes as `CreateSession` and events as
    /// `Notification`.
    #[must_use]
    pub fn counts(&self) -> RequestCounts {
        self.recorder.counts().clone()
    }

    /// The same, of one session. Those of sessions that ended long ago are forgotten.
    #[must_use]
    pub fn counts_of(&self, session: SessionId) -> RequestCounts {
        self.recorder
            .counts_of(session)
            .cloned()
            .unwrap_or_default()
    }

    /// The newest requests, oldest first. Each is returned once.
    pub fn drain_log(&mut self) -> Vec<RequestRecord> {
        self.recorder.drain()
    }

    /// How many watches there are: one for each connection, path and table.
    #[must_use]
    pub fn watch_count(&self) -> usize {
        self.watches.len()
    }

    /// How many connections are open.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.conns
            .values()
            .filter(|conn| conn.stage != Stage::Closing)
            .count()
    }

    /// Every session, in the order of ids.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.sessions
            .iter()
            .map(|(id, session)| SessionInfo {
                id,
                timeout: session.timeout,
                expires_at: session.expires_at,
                conn: session.conn,
                ephemerals: self.tree.ephemerals(id).count(),
            })
            .collect()
    }

    /// One node, without asking any ACL.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<NodeInfo> {
        self.tree.get(path).map(|node| NodeInfo {
            path: path.to_owned(),
            data: node.data.clone(),
            stat: node.stat(),
        })
    }

    /// The paths of all nodes but the root and `/zookeeper`, in alphabetical order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let is_own = |path: &str| path == "/zookeeper" || path.starts_with("/zookeeper/");
        self.tree
            .iter()
            .map(|(path, _)| path)
            .filter(|path| *path != "/" && !is_own(path))
            .map(str::to_owned)
            .collect()
    }

    /// The zxid of the newest transaction.
    #[must_use]
    pub fn last_zxid(&self) -> zk_wire::Zxid {
        self.zxid
    }
}
