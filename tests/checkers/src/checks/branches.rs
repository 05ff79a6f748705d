//! Transactions that do one thing or another, by a condition.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use crate::history::History;
use crate::records::{Change, ChangeKind, Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

/// `G2`: one branch was taken, whole, once, while the call ran, and it is the one that was told; and its premise was true.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    if history.ops.iter().all(|op| op.function != Function::Decide) {
        return findings.verdict();
    }
    let log = Log::of(history);
    for (place, op) in history.ops.iter().enumerate() {
        if op.function != Function::Decide {
            continue;
        }
        findings.stats.judged += 1;
        let branches = Branches::of(&log, op);
        let why = branches.untold(history, op).or_else(|| {
            let untrue = branches.is_untrue(&log, op);
            untrue.then(|| "and its premise was not true".to_owned())
        });
        if let Some(why) = why {
            let (path, process) = (history.texts.shown(op.path), op.process);
            let Branches {
                condition,
                then,
                otherwise,
            } = branches.zxids();
            let text = format!(
                "a decision on {path} of process {process} is there at {condition:x?}, {then:x?} and {otherwise:x?}: {why}"
            );
            findings.add(Property::G2, &[place], text);
        }
    }
    findings.verdict()
}

/// Each node's changes, and each data's writes, oldest first.
#[derive(Default)]
struct Log<'h> {
    by_path: BTreeMap<Text, Vec<&'h Change>>,
    by_data: BTreeMap<Text, Vec<&'h Change>>,
}

impl<'h> Log<'h> {
    fn of(history: &'h History) -> Self {
        let mut log = Self::default();
        for change in &history.truth.changes {
            let writes = matches!(change.kind, ChangeKind::Create | ChangeKind::Set);
            if writes || change.kind == ChangeKind::Delete {
                log.by_path.entry(change.path).or_default().push(change);
            }
            if writes {
                log.by_data.entry(change.data).or_default().push(change);
            }
        }
        log
    }

    /// The node's version just before that transaction; `None` if it was not there.
    fn version(&self, path: Text, before: Zxid) -> Option<i32> {
        let changes = self.by_path.get(&path)?;
        let earlier = changes.partition_point(|change| change.zxid < before);
        let last = changes.get(earlier.checked_sub(1)?)?;
        (last.kind != ChangeKind::Delete).then_some(last.version)
    }
}

/// Where the data of a decision were written: to the node of the condition, and beside it in either branch.
struct Branches<T> {
    condition: Vec<T>,
    then: Vec<T>,
    otherwise: Vec<T>,
}

impl<'h> Branches<&'h Change> {
    fn of(log: &Log<'h>, op: &Op) -> Self {
        let writes = log.by_data.get(&op.data).map(Vec::as_slice);
        let writes = writes.unwrap_or_default().iter().copied();
        let at = |path: Text| writes.clone().filter(|write| write.path == path).collect();
        Self {
            condition: at(op.path),
            then: at(op.guard),
            otherwise: at(op.entrance),
        }
    }

    fn zxids(&self) -> Branches<i64> {
        let of = |changes: &[&Change]| changes.iter().map(|it| it.zxid.as_raw()).collect();
        Branches {
            condition: of(&self.condition),
            then: of(&self.then),
            otherwise: of(&self.otherwise),
        }
    }

    /// Why this is not what the caller was told; `None` if it is.
    fn untold(&self, history: &History, op: &Op) -> Option<String> {
        let (then, otherwise) = (self.then.len(), self.otherwise.len());
        let told = history.texts.shown(op.reply);
        let is_right = match (op.outcome, told.as_str()) {
            (Outcome::Ok, "then") => (then, otherwise) == (1, 0),
            (Outcome::Ok, _) => (then, otherwise) == (0, 1),
            (Outcome::NotApplied, _) => then + otherwise == 0,
            (Outcome::Unknown | Outcome::Cancelled | Outcome::Pending, _) => then + otherwise <= 1,
        };
        let zxids =
            |changes: &[&Change]| -> Vec<Zxid> { changes.iter().map(|it| it.zxid).collect() };
        if !is_right {
            return Some(format!("it was told {} {told}", op.outcome.word()));
        }
        if zxids(&self.condition) != zxids(&self.then) {
            return Some("it is torn".to_owned());
        }
        let mut all = self.then.iter().chain(&self.otherwise);
        let ended = op.returned.filter(|_| op.outcome == Outcome::Ok);
        let is_beyond =
            all.any(|it| it.at < op.invoked || ended.is_some_and(|ended| it.at > ended));
        is_beyond.then(|| "not while the call ran".to_owned())
    }

    /// Whether a branch was taken although its condition held, or did not.
    fn is_untrue(&self, log: &Log<'h>, op: &Op) -> bool {
        let holds = |it: &&Change| log.version(op.path, it.zxid) == op.expected;
        !self.then.iter().all(holds) || self.otherwise.iter().any(holds)
    }
}
