//! What was asked of the server: exact counts, and a log of the newest requests.

use std::collections::{BTreeMap, VecDeque};

use zk_wire::{Moment, OpCode, SessionId};

use super::conn::ConnKey;

/// One request, as it arrived. Handshakes are recorded as [`OpCode::CreateSession`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// When it arrived, on the server's clock.
    pub at: Moment,
    /// On which connection.
    pub conn: ConnKey,
    /// In which session; none for a handshake that asks for a new one.
    pub session: SessionId,
    /// Its xid; 0 for a handshake.
    pub xid: i32,
    /// The operation; `None` if the server does not know it.
    pub op: Option<OpCode>,
    /// Its path; of a multi, that of the first operation.
    pub path: Option<String>,
}

/// How often each operation was asked for.
pub type RequestCounts = BTreeMap<OpCode, u64>;

#[derive(Debug)]
pub(super) struct Recorder {
    counts: RequestCounts,
    by_session: BTreeMap<SessionId, RequestCounts>,
    /// Ended sessions in the order of their end: their counts are kept for a while.
    ended: VecDeque<SessionId>,
    log: VecDeque<RequestRecord>,
    limit: usize,
    pub(super) received: u64,
    pub(super) sent: u64,
}

impl Recorder {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            counts: BTreeMap::new(),
            by_session: BTreeMap::new(),
            ended: VecDeque::new(),
            log: VecDeque::new(),
            limit,
            received: 0,
            sent: 0,
        }
    }

    pub(super) fn request(&mut self, record: RequestRecord) {
        self.received += 1;
        if let Some(op) = record.op {
            self.count(op, record.session);
        }
        if self.limit > 0 {
            if self.log.len() >= self.limit {
                self.log.pop_front();
            }
            self.log.push_back(record);
        }
    }

    /// Notifications are counted like requests, under the session that gets them.
    pub(super) fn count(&mut self, op: OpCode, session: SessionId) {
        *self.counts.entry(op).or_default() += 1;
        if !session.is_none() {
            *self
                .by_session
                .entry(session)
                .or_default()
                .entry(op)
                .or_default() += 1;
        }
    }

    pub(super) fn session_ended(&mut self, session: SessionId) {
        self.ended.push_back(session);
        if self.ended.len() > KEPT_SESSIONS {
            if let Some(oldest) = self.ended.pop_front() {
                self.by_session.remove(&oldest);
            }
        }
    }

    pub(super) fn counts(&self) -> &RequestCounts {
        &self.counts
    }

    pub(super) fn counts_of(&self, session: SessionId) -> Option<&RequestCounts> {
        self.by_session.get(&session)
    }

    pub(super) fn drain(&mut self) -> Vec<RequestRecord> {
        self.log.drain(..).collect()
    }
}

/// Enough for any test, and little memory for a server that runs for weeks.
const KEPT_SESSIONS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &str) -> RequestRecord {
        RequestRecord {
            at: Moment::ZERO,
            conn: ConnKey::from_raw(1),
            session: SessionId::from_raw(1),
            xid: 1,
            op: Some(OpCode::GetData),
            path: Some(path.to_owned()),
        }
    }

    #[test]
    fn the_log_forgets_the_oldest_and_the_counts_forget_nothing() {
        let mut recorder = Recorder::new(2);
        for path in ["/a", "/b", "/c"] {
            recorder.request(record(path));
        }
        assert_eq!(recorder.counts().get(&OpCode::GetData), Some(&3));
        assert_eq!(recorder.drain(), [record("/b"), record("/c")]);
        assert!(recorder.drain().is_empty());
    }

    #[test]
    fn counts_of_sessions_long_gone_are_dropped() {
        let mut recorder = Recorder::new(0);
        recorder.request(record("/a"));
        recorder.session_ended(SessionId::from_raw(1));
        assert!(recorder.counts_of(SessionId::from_raw(1)).is_some());
        for other in 2..=1025 {
            recorder.session_ended(SessionId::from_raw(other));
        }
        assert!(recorder.counts_of(SessionId::from_raw(1)).is_none());
    }
}
