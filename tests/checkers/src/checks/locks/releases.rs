//! Giving back, and entering again.

use std::collections::BTreeMap;

use zk_wire::{Moment, Zxid};

use super::view::Locks;
use crate::known::Contender;
use crate::records::{ChangeKind, Conviction, Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// `L6` and `L11`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    let ends = Ended::of(locks);
    for (_, contender) in locks.contenders.iter() {
        removal(locks, contender, &ends, findings);
    }
    for (place, op) in locks.history.ops.iter().enumerate() {
        match op.function {
            Function::Release => release(locks, (place, op), findings),
            Function::Reenter => reentry(locks, (place, op), findings),
            _ => {}
        }
    }
}

/// When each hold was first given back or given up.
struct Ended {
    by_token: BTreeMap<Zxid, Moment>,
}

impl Ended {
    fn of(locks: &Locks<'_>) -> Self {
        let ops = locks.history.ops.iter();
        let releases = ops.filter(|op| op.function == Function::Release);
        let beliefs = locks
            .history
            .beliefs
            .iter()
            .filter(|belief| matches!(belief.says, Conviction::Released | Conviction::Lost));
        let ends = releases
            .map(|op| (op.token, op.invoked))
            .chain(beliefs.map(|belief| (belief.token, belief.at)));
        let mut by_token: BTreeMap<Zxid, Moment> = BTreeMap::new();
        for (token, at) in ends {
            let first = by_token.entry(token).or_insert(at);
            *first = at.min(*first);
        }
        Self { by_token }
    }
}

/// A contender's node is deleted by its own session, and if it was granted, after its release.
fn removal(locks: &Locks<'_>, contender: &Contender<'_>, ended: &Ended, findings: &mut Findings) {
    let life = contender.life;
    let removal = life
        .removal
        .filter(|removal| removal.cause == ChangeKind::Delete);
    let Some(removal) = removal else { return };
    findings.stats.judged += 1;
    let node = locks.history.texts.shown(life.path);
    let ops: Vec<usize> = contender.op.into_iter().collect();
    if removal.session != life.owner {
        // An operator may delete what it likes.
        if locks.ends.user(removal.session).is_some() {
            let text = format!(
                "session {} deletes {node} of session {} at {}",
                removal.session, life.owner, removal.zxid
            );
            findings.add(Property::L6, &ops, text);
        }
        return;
    }
    let Some(op) = contender.op.and_then(|op| locks.history.ops.get(op)) else {
        return;
    };
    let released = ended
        .by_token
        .get(&life.czxid)
        .is_some_and(|at| *at <= removal.at);
    let closed = locks.ends.closed_within(op.process, op.invoked, removal.at);
    if contender.granted && !released && !closed {
        let text = format!(
            "{node} is deleted at {} and nobody gave it back",
            removal.zxid
        );
        findings.add(Property::L6, &ops, text);
    }
}

/// What is reported released is gone; what could not be released yet is not forgotten.
fn release(locks: &Locks<'_>, (place, op): (usize, &Op), findings: &mut Findings) {
    findings.stats.judged += 1;
    let node = locks.history.texts.shown(op.reply);
    let Some(life) = locks.tree.made(op.reply, op.token) else {
        let text = format!("a release is of {node} with {}, which never was", op.token);
        findings.add(Property::L6, &[place], text);
        return;
    };
    let gone = life.removal.map(|removal| removal.at);
    let user = locks.ends.user(life.owner);
    if user.is_some_and(|user| user != op.process) {
        let text = format!(
            "process {} gives back {node} of process {user:?}",
            op.process
        );
        findings.add(Property::L6, &[place], text);
    }
    match (op.outcome, op.returned) {
        (Outcome::Ok, Some(returned)) if gone.is_none_or(|gone| gone > returned) => {
            let at = returned.as_nanos() / 1_000_000;
            let text = format!("{node} is reported released at {at} ms and is there");
            findings.add(Property::L6, &[place], text);
        }
        (Outcome::NotApplied | Outcome::Unknown, Some(returned))
            if locks.bounds.is_late(returned, gone) =>
        {
            let text = format!("{node} was to be released and stays");
            findings.add(Property::L6, &[place], text);
        }
        _ => {}
    }
}

/// A hold that is entered again is there.
fn reentry(locks: &Locks<'_>, (place, op): (usize, &Op), findings: &mut Findings) {
    if op.outcome != Outcome::Ok {
        return;
    }
    findings.stats.judged += 1;
    let node = locks.history.texts.shown(op.reply);
    let life = locks.tree.made(op.reply, op.token);
    let why = match life {
        None => "which never was",
        Some(life) if !life.lives_at(op.invoked) => "which is gone",
        Some(life) if life.owner != op.session => "which is another session's",
        Some(_) => return,
    };
    let text = format!("process {} enters {node} again, {why}", op.process);
    findings.add(Property::L11, &[place], text);
}
