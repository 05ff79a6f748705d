//! Faults: which request they hit, and what they do to it.

use std::time::Duration;

use zk_wire::{ErrorCode, OpCode, SessionId};

use super::conn::ConnKey;

/// Selects requests, for a fault that hits them.
///
/// All conditions have to hold. Without [`nth`](Match::nth) and [`times`](Match::times) the first
/// request that fits is hit, and only that one.
///
/// Two selections are no requests: [`OpCode::CreateSession`] stands for the handshake, of a new session
/// or a resumed one, and [`OpCode::Notification`] for a watch event on its way to a client.
#[derive(Clone, Debug, Default)]
pub struct Match {
    ops: Vec<OpCode>,
    path: Option<String>,
    session: Option<SessionId>,
    conn: Option<ConnKey>,
    skip: u64,
    times: Option<u64>,
}

impl Match {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests for this operation.
    #[must_use]
    pub fn op(op: OpCode) -> Self {
        Self::ops([op])
    }

    /// Requests for one of these operations.
    #[must_use]
    pub fn ops(ops: impl IntoIterator<Item = OpCode>) -> Self {
        Self {
            ops: ops.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Requests whose path begins with this text. Of a multi, one such operation is enough.
    #[must_use]
    pub fn path(self, prefix: impl Into<String>) -> Self {
        Self {
            path: Some(prefix.into()),
            ..self
        }
    }

    /// Requests of this session.
    #[must_use]
    pub fn session(self, session: SessionId) -> Self {
        Self {
            session: Some(session),
            ..self
        }
    }

    /// Requests on this connection.
    #[must_use]
    pub fn conn(self, conn: ConnKey) -> Self {
        Self {
            conn: Some(conn),
            ..self
        }
    }

    /// Lets `n - 1` requests that fit pass; 1 is the first.
    #[must_use]
    pub fn nth(self, n: u64) -> Self {
        Self {
            skip: n.saturating_sub(1),
            ..self
        }
    }

    /// Hits that many requests, one after the other.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// Hits every request that fits, until the rule is removed.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    fn fits(&self, subject: &Subject<'_>) -> bool {
        (self.ops.is_empty() || subject.op.is_some_and(|op| self.ops.contains(&op)))
            && self.path.as_deref().is_none_or(|prefix| subject.has_path(prefix))
            && self.session.is_none_or(|session| subject.session == Some(session))
            && self.conn.is_none_or(|conn| subject.conn == conn)
            // Events only when asked for: "any request" means requests.
            && (subject.op != Some(OpCode::Notification) || !self.ops.is_empty())
    }
}

/// What happens to a request that is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// The connection is closed, and the request has no effect.
    CutBeforeApply,
    /// The request takes effect, and the connection is closed without an answer.
    CutAfterApply,
    /// The connection is closed, and a write takes effect when postponed ones are let go: behind whatever was answered on later
    /// connections, as on a server that stood still, and to which the session was moved back since. What is no write has none.
    Postpone,
    /// The request takes effect, and the answer leaves that much later. Later answers and events wait
    /// behind it; pings overtake, as they may on any ZooKeeper.
    DelayReply(Duration),
    /// The request takes effect, and nothing leaves on its connection any more, not even pings, until
    /// replies are released or the connection is cut.
    HoldReplies,
    /// The request has no effect and is answered with this error.
    Error(ErrorCode),
    /// Nothing happens to the request; the rule counts it, and whoever planned something for that hears
    /// of it.
    Mark(u64),
}

/// Names a rule, to ask about it or to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u64);

/// A request, seen by a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) op: Option<OpCode>,
    pub(super) paths: &'a [&'a str],
    pub(super) session: Option<SessionId>,
    pub(super) conn: ConnKey,
}

impl Subject<'_> {
    fn has_path(&self, prefix: &str) -> bool {
        self.paths.iter().any(|path| path.starts_with(prefix))
    }
}

#[derive(Debug)]
struct Rule {
    id: RuleId,
    when: Match,
    then: Reaction,
    seen: u64,
    fired: u64,
}

/// The rules in force, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    marks: Vec<u64>,
    last_id: u64,
}

impl Rules {
    pub(super) fn add(&mut self, when: Match, then: Reaction) -> RuleId {
        self.last_id += 1;
        let id = RuleId(self.last_id);
        self.rules.push(Rule {
            id,
            when,
            then,
            seen: 0,
            fired: 0,
        });
        id
    }

    pub(super) fn remove(&mut self, id: RuleId) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(super) fn fired(&self, id: RuleId) -> u64 {
        self.rules
            .iter()
            .find(|rule| rule.id == id)
            .map_or(0, |rule| rule.fired)
    }

    /// What was set off since the last call.
    pub(super) fn take_marks(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.marks)
    }

    /// What the first rule that hits does. Every rule counts every request that fits it.
    pub(super) fn evaluate(&mut self, subject: &Subject<'_>) -> Option<Reaction> {
        let mut reaction = None;
        for rule in &mut self.rules {
            if !rule.when.fits(subject) {
                continue;
            }
            rule.seen += 1;
            let is_due = rule.seen > rule.when.skip && rule.fired < rule.when.times.unwrap_or(1);
            if !is_due {
                continue;
            }
            match rule.then {
                // Stands in nobody's way.
                Reaction::Mark(mark) => {
                    rule.fired += 1;
                    if self.marks.len() < MAX_MARKS {
                        self.marks.push(mark);
                    }
                }
                then if reaction.is_none() => {
                    rule.fired += 1;
                    reaction = Some(then);
                }
                _ => {}
            }
        }
        reaction
    }
}

/// A stand-alone server has nobody who takes them.
const MAX_MARKS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn subject<'a>(op: OpCode, paths: &'a [&'a str]) -> Subject<'a> {
        Subject {
            op: Some(op),
            paths,
            session: None,
            conn: ConnKey::from_raw(1),
        }
    }

    #[test]
    fn a_rule_hits_the_nth_request_that_fits_as_often_as_it_is_told() {
        let mut rules = Rules::default();
        let when = Match::op(OpCode::Create2).path("/locks").nth(2).times(2);
        let id = rules.add(when, Reaction::CutAfterApply);
        let mut hit = |op, path| rules.evaluate(&subject(op, &[path])).is_some();
        assert!(!hit(OpCode::Create2, "/locks/a"));
        assert!(!hit(OpCode::Create2, "/other"));
        assert!(!hit(OpCode::Delete, "/locks/a"));
        assert!(hit(OpCode::Create2, "/locks/b"));
        assert!(hit(OpCode::Create2, "/locks/c"));
        assert!(!hit(OpCode::Create2, "/locks/d"));
        assert_eq!(rules.fired(id), 2);
    }

    #[test]
    fn the_first_rule_that_hits_decides() {
        let mut rules = Rules::default();
        rules.add(Match::any(), Reaction::CutBeforeApply);
        rules.add(Match::op(OpCode::Multi).path("/b"), Reaction::HoldReplies);
        let multi = subject(OpCode::Multi, &["/a", "/b"]);
        assert_eq!(rules.evaluate(&multi), Some(Reaction::CutBeforeApply));
        assert_eq!(rules.evaluate(&multi), Some(Reaction::HoldReplies));
        assert_eq!(rules.evaluate(&multi), None);
    }

    #[test]
    fn an_event_is_hit_only_by_a_rule_for_events() {
        let mut rules = Rules::default();
        rules.add(Match::any().always(), Reaction::CutBeforeApply);
        let event = subject(OpCode::Notification, &["/a"]);
        assert_eq!(rules.evaluate(&event), None);
        rules.add(Match::op(OpCode::Notification), Reaction::CutAfterApply);
        assert_eq!(rules.evaluate(&event), Some(Reaction::CutAfterApply));
    }
}
