//! Who was granted what, in the server's order.

use std::collections::BTreeMap;

use zk_wire::{Moment, Zxid};

use super::view::Locks;
use crate::known::{Ahead, Contender, Share, acquires, number, share};
use crate::records::{Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `L1`, `L2`, `L7`, `L8` and `L13`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    tokens(locks, findings);
    growth(locks, findings);
    for (_, contender) in locks.contenders.iter() {
        let op = contender.op.and_then(|op| locks.history.ops.get(op));
        if let (Some(place), Some(op)) = (contender.op, op) {
            if contender.granted && op.token == contender.life.czxid {
                turn(locks, contender, (place, op), findings);
            }
        }
    }
}

fn grants<'h>(locks: &Locks<'h>) -> impl Iterator<Item = (usize, &'h Op)> + use<'h> {
    let ops = locks.history.ops.iter().enumerate();
    ops.filter(|(_, op)| op.outcome == Outcome::Ok && acquires(op.function))
}

/// Each grant's token is the creation zxid of a node that its own session made for it, and nobody
/// else's token.
fn tokens(locks: &Locks<'_>, findings: &mut Findings) {
    let texts = &locks.history.texts;
    let mut known: BTreeMap<Zxid, usize> = BTreeMap::new();
    for (place, op) in grants(locks) {
        findings.stats.judged += 1;
        let (lock, token) = (texts.shown(op.path), op.token);
        if let Some(other) = known.insert(token, place) {
            let text = format!("two grants of {lock} have the token {token}");
            findings.add(Property::L2, &[other, place], text);
        }
        let node = texts.shown(op.reply);
        let Some(life) = locks.tree.made(op.reply, token) else {
            let text = format!("the token {token} of {lock} is not the creation of {node}");
            findings.add(Property::L2, &[place], text);
            continue;
        };
        if life.owner != op.session {
            let text = format!(
                "process {} is granted {lock} on {node} of session {}, and its own is {}",
                op.process, life.owner, op.session
            );
            findings.add(Property::L7, &[place], text);
        } else if life.created < op.invoked {
            let text = format!("{lock} is granted on {node}, which was there before the call");
            findings.add(Property::L7, &[place], text);
        }
    }
}

/// A grant that begins after another has returned has the higher token, but for those that are shared.
fn growth(locks: &Locks<'_>, findings: &mut Findings) {
    let mut turns: Vec<(Moment, bool, usize)> = Vec::new();
    for (place, op) in grants(locks).filter(|(_, op)| {
        let share = share(op.function);
        matches!(share, Some(Share::Alone | Share::Writer))
    }) {
        turns.push((op.invoked, false, place));
        turns.extend(op.returned.map(|returned| (returned, true, place)));
    }
    turns.sort_unstable();
    let mut highest: BTreeMap<Text, (Zxid, usize)> = BTreeMap::new();
    let mut before: BTreeMap<usize, (Zxid, usize)> = BTreeMap::new();
    for (_, returns, place) in turns {
        let Some(op) = locks.history.ops.get(place) else {
            continue;
        };
        if !returns {
            before.extend(highest.get(&op.path).map(|highest| (place, *highest)));
            continue;
        }
        let highest = highest.entry(op.path).or_default();
        *highest = (*highest).max((op.token, place));
        let earlier = before.get(&place);
        if let Some((token, other)) = earlier.filter(|(token, _)| *token > op.token) {
            let lock = locks.history.texts.shown(op.path);
            let text = format!("{lock} is granted with {} after {token}", op.token);
            findings.add(Property::L2, &[*other, place], text);
        }
    }
}

/// The node was the first in line before the call returned.
fn turn(
    locks: &Locks<'_>,
    contender: &Contender<'_>,
    (place, op): (usize, &Op),
    findings: &mut Findings,
) {
    let texts = &locks.history.texts;
    let path = texts.bytes(contender.life.path);
    let returned = op.returned.unwrap_or(locks.bounds.ended);
    // Still ahead at the return, or there for longer than the node itself.
    let blocks = |ahead: &Ahead| {
        let end = contender.life.removal.map(|removal| removal.zxid);
        let ahead_end = ahead.removal.map(|removal| removal.zxid);
        let outlived = end.is_some_and(|end| ahead_end.is_none_or(|ahead| ahead >= end));
        ahead.lives_at(returned) || outlived
    };
    let overtaken = |ahead: &Ahead| {
        let numbers = number(path).zip(number(texts.bytes(ahead.path)));
        numbers.is_some_and(|(own, ahead)| own < ahead)
    };
    let describe = |ahead: &Ahead, how: &str| {
        let (own, ahead) = (texts.shown(contender.life.path), texts.shown(ahead.path));
        format!(
            "{own} is granted by {} ms while {ahead} {how}",
            returned.as_nanos() / 1_000_000
        )
    };
    let with = |ahead: &Ahead| [place].into_iter().chain(ahead.op).collect::<Vec<_>>();
    let holder = contender.granted_ahead.filter(blocks);
    if let Some(ahead) = holder {
        findings.add(
            Property::L1,
            &with(&ahead),
            describe(&ahead, "is granted and there"),
        );
    }
    let Some(ahead) = contender.waiting_ahead.filter(blocks) else {
        return;
    };
    if overtaken(&ahead) {
        let text = describe(&ahead, "is older, with a higher number");
        findings.add(Property::L13, &with(&ahead), text);
    } else if holder.is_none() {
        findings.add(
            Property::L8,
            &with(&ahead),
            describe(&ahead, "is older and waits"),
        );
    }
}
