//! Reads of one node.

use zk_wire::{ErrorCode, Zxid};

use crate::history::History;
use crate::known::{Life, Tree};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// Each answer is the node's state at some zxid between the session's last seen and the reply's.
pub(super) fn judge(history: &History, tree: &Tree<'_>, floors: &[Zxid], findings: &mut Findings) {
    for (place, (op, floor)) in history.ops.iter().zip(floors).enumerate() {
        let node_read = matches!(op.function, Function::Get | Function::Exists);
        let refused = op.outcome == Outcome::NotApplied && op.error != 0;
        let Some(answer) = answer(op).filter(|_| op.at != Zxid::NONE) else {
            continue;
        };
        findings.stats.judged += 1;
        if op.at >= *floor && answer.holds_within(op, *floor, tree.visible(op.at), tree) {
            continue;
        }
        let (path, at) = (history.texts.shown(op.path), op.at);
        // A refusal is judged where the leader committed, which is never before the floor.
        let went_back = !refused && answer.holds_within(op, Zxid::from_raw(1), *floor, tree);
        let (property, why) = if at < *floor || went_back {
            (Property::G1, "goes back behind what the session had seen")
        } else {
            (Property::Read, "is no state of the log in that range")
        };
        let what = answer.describe(op, history);
        let function = if node_read { "read" } else { "answer" };
        findings.add(
            property,
            &[place],
            format!("the {function} of {path} at {at}, after {floor}, says {what}: it {why}"),
        );
    }
}

/// What an answer says of a node.
#[derive(Clone, Copy)]
enum Answer {
    /// The Stat, and with a `get` the data.
    There,
    /// Only that it is there.
    Taken,
    Absent,
    /// There, with another version than that.
    OtherVersion(i32),
}

fn answer(op: &Op) -> Option<Answer> {
    let code = (op.outcome == Outcome::NotApplied).then_some(op.error);
    let is = |error: ErrorCode| code == Some(error.raw());
    let reads = matches!(op.function, Function::Get | Function::Exists);
    match op.function {
        Function::Get if op.outcome == Outcome::Ok => Some(Answer::There),
        Function::Exists if op.outcome == Outcome::Ok && op.version.is_some() => {
            Some(Answer::There)
        }
        Function::Exists if op.outcome == Outcome::Ok => Some(Answer::Absent),
        Function::Set | Function::Delete | Function::Get | Function::Exists
            if is(ErrorCode::NoNode) =>
        {
            Some(Answer::Absent)
        }
        Function::Create if is(ErrorCode::NodeExists) && !op.sequential => Some(Answer::Taken),
        _ if !reads && is(ErrorCode::BadVersion) => op.expected.map(Answer::OtherVersion),
        _ => None,
    }
}

impl Answer {
    fn holds_within(self, op: &Op, from: Zxid, to: Zxid, tree: &Tree<'_>) -> bool {
        if from > to {
            return false;
        }
        let mut lives = tree.within(op.path, from, to);
        match self {
            Self::Absent => tree.is_absent_within(op.path, from, to),
            Self::Taken => lives.next().is_some(),
            Self::There => lives.any(|life| is_state_within(life, op, from, to)),
            Self::OtherVersion(version) => lives.any(|life| {
                let states = life.states_within(from, to);
                states.iter().any(|state| state.version != version)
            }),
        }
    }

    fn describe(self, op: &Op, history: &History) -> String {
        match self {
            Self::There => {
                let data = history.texts.shown(op.reply);
                let version = match op.version {
                    Some(version) => version.to_string(),
                    None => "?".to_owned(),
                };
                format!("{data:?} in version {version} of {}", op.mzxid)
            }
            Self::Taken => "it exists".to_owned(),
            Self::Absent => "it does not exist".to_owned(),
            Self::OtherVersion(version) => format!("its version is not {version}"),
        }
    }
}

/// Whether the answer is a state of that life. What the recorder left out is not compared.
fn is_state_within(life: &Life, op: &Op, from: Zxid, to: Zxid) -> bool {
    if op.czxid != Zxid::NONE && (op.czxid != life.czxid || op.owner != life.owner) {
        return false;
    }
    let states = life.states_within(from, to);
    // With a zxid the state is found at once, however long the range.
    let states = if op.mzxid == Zxid::NONE {
        states
    } else {
        let first = states.partition_point(|state| state.mzxid < op.mzxid);
        let end = states.partition_point(|state| state.mzxid <= op.mzxid);
        states.get(first..end).unwrap_or_default()
    };
    states.iter().any(|state| {
        op.version.is_none_or(|version| version == state.version)
            && (op.function != Function::Get || op.reply == state.data)
    })
}
