//! The sequential objects.

use zk_wire::Zxid;

use super::linearize::{Call, Model};
use crate::known::{Tree, acquires};
use crate::records::{ChangeKind, Function, Op, Outcome};
use crate::text::{Text, Texts};

/// A register of words with compare-and-set; empty at first.
pub(super) struct Register;

impl Model for Register {
    type State = Text;

    fn initial(&self) -> Text {
        Text::EMPTY
    }

    fn step(&self, value: &Text, call: &Call) -> Option<Text> {
        let op = &call.op;
        match op.function {
            Function::Read => (op.reply == *value).then_some(*value),
            Function::Write => Some(op.data),
            Function::CompareAndSet if op.outcome == Outcome::NotApplied => {
                (op.from != *value).then_some(*value)
            }
            Function::CompareAndSet => (op.from == *value).then_some(op.data),
            _ => None,
        }
    }
}

/// A number that is added to; zero at first.
pub(super) struct Counter<'h> {
    texts: &'h Texts,
}

impl<'h> Counter<'h> {
    pub(super) fn new(texts: &'h Texts) -> Self {
        Self { texts }
    }

    fn number(&self, text: Text) -> Option<i64> {
        if text.is_empty() {
            return Some(0);
        }
        std::str::from_utf8(self.texts.bytes(text))
            .ok()?
            .parse()
            .ok()
    }
}

impl Model for Counter<'_> {
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }

    fn step(&self, value: &i64, call: &Call) -> Option<i64> {
        let op = &call.op;
        let next = match op.function {
            Function::Add => value.checked_add(self.number(op.data)?)?,
            _ => *value,
        };
        // Without a return there is no answer to agree with.
        let agrees = call.returned.is_none() || self.number(op.reply) == Some(next);
        agrees.then_some(next)
    }
}

/// A mutex whose grants carry tokens: the latest owner, whether it holds, and the highest token.
pub(super) struct Mutex;

/// The latest grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    owner: Option<(u32, Text)>,
    holds: bool,
    highest: Zxid,
}

impl Model for Mutex {
    type State = Held;

    fn initial(&self) -> Held {
        Held::default()
    }

    fn step(&self, held: &Held, call: &Call) -> Option<Held> {
        let op = &call.op;
        let owner = Some((op.process, op.recipe));
        if acquires(op.function) {
            let free = !held.holds && op.token > held.highest;
            return free.then_some(Held {
                owner,
                holds: true,
                highest: op.token,
            });
        }
        // The latest grant's end: by its own holder, who may have lost it already.
        let own = op.token == held.highest && owner == held.owner;
        own.then_some(Held {
            holds: false,
            ..held.clone()
        })
    }
}

/// Adds the end of each hold whose node the log removes: nobody calls it, and it happens at once.
///
/// A release of what somebody else had deleted before ends nothing. Where the answer to its own delete was lost its
/// caller takes that delete for the end.
pub(super) fn with_losses(mut calls: Vec<Call>, tree: &Tree<'_>) -> Vec<Call> {
    calls.retain(|call| {
        let life = tree.made(call.op.reply, call.op.token);
        let removal = life.and_then(|life| Some((life.owner, life.removal?)));
        let by_others = removal.is_some_and(|(owner, removal)| {
            removal.cause == ChangeKind::Delete && removal.session != owner
        });
        acquires(call.op.function) || !by_others
    });
    let losses: Vec<Call> = calls
        .iter()
        .filter(|call| acquires(call.op.function))
        .filter_map(|call| {
            let removal = tree.made(call.op.reply, call.op.token)?.removal?;
            Some(Call {
                place: None,
                invoked: removal.at,
                returned: Some(removal.at),
                op: Op {
                    function: Function::Release,
                    ..call.op
                },
            })
        })
        .collect();
    calls.extend(losses);
    calls
}
