//! What a hand-over costs.

use std::collections::{BTreeMap, BTreeSet};

use zk_wire::{Moment, SessionId, Zxid};

use super::view::Locks;
use crate::known::{Contender, Share, parent};
use crate::records::{ServerWatch, WatchAction, WatchKind};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `L9`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    wakes(locks, findings);
    requests(locks, findings);
}

/// A node's removal wakes one waiter at most, or several readers; its owner may be told too.
fn wakes(locks: &Locks<'_>, findings: &mut Findings) {
    let mut nodes: BTreeMap<Text, (Text, SessionId)> = BTreeMap::new();
    let mut waiting: BTreeMap<(Text, SessionId), Vec<&Contender<'_>>> = BTreeMap::new();
    // Observers of an election watch its leader, too.
    let contenders = locks.contenders.iter();
    for (lock, contender) in contenders.filter(|(_, one)| one.share != Share::Term) {
        let (path, owner) = (contender.life.path, contender.life.owner);
        nodes.insert(path, (lock, owner));
        waiting.entry((lock, owner)).or_default().push(contender);
    }
    // Those who read together count as one.
    let mut woken: BTreeMap<(Text, Zxid), BTreeSet<Option<SessionId>>> = BTreeMap::new();
    let mut set: BTreeMap<(Text, SessionId), Moment> = BTreeMap::new();
    let mut watches: Vec<&ServerWatch> = locks.history.truth.watches.iter().collect();
    watches.sort_by_key(|watch| watch.at);
    for watch in watches {
        if watch.did == WatchAction::Set {
            set.insert((watch.path, watch.session), watch.at);
        }
        if watch.did != WatchAction::Fired || !tells_of(watch) {
            continue;
        }
        let lock = match nodes.get(&watch.path) {
            Some((_, owner)) if *owner == watch.session => continue,
            Some((lock, _)) => *lock,
            None => watch.path,
        };
        // Who does not wait is woken for its own reasons.
        let line = waiting.get(&(lock, watch.session));
        // Nor who gave up the place in line for which it watched, and stands in another now.
        let since = set.get(&(watch.path, watch.session));
        let waiting = line.into_iter().flatten().filter(|one| {
            one.life.lives_at(watch.at) && since.is_none_or(|since| one.life.created <= *since)
        });
        let shares: Vec<Share> = waiting.map(|one| one.share).collect();
        if !shares.is_empty() {
            let reads = shares.contains(&Share::Reader);
            findings.stats.judged += 1;
            woken
                .entry((watch.path, watch.zxid))
                .or_default()
                .insert((!reads).then_some(watch.session));
        }
    }
    for ((path, zxid), sessions) in woken.into_iter().filter(|(_, woken)| woken.len() > 1) {
        let path = locks.history.texts.shown(path);
        let text = format!("{} sessions are woken at {zxid} by {path}", sessions.len());
        findings.add(Property::L9, &[], text);
    }
}

fn tells_of(watch: &ServerWatch) -> bool {
    matches!(watch.what, WatchKind::Deleted | WatchKind::Children)
}

/// From the end of a hold to the answer of the next grant few requests are sent about the lock.
fn requests(locks: &Locks<'_>, findings: &mut Findings) {
    let limit = locks.history.limits.requests_per_handover as usize;
    if limit == 0 {
        return;
    }
    let sent = sent(locks);
    for (lock, contender) in locks.contenders.iter() {
        let Some((place, from, to)) = handed_over(locks, contender) else {
            continue;
        };
        findings.stats.judged += 1;
        let sent = sent.get(&lock).map(Vec::as_slice).unwrap_or_default();
        let first = sent.partition_point(|at| *at <= from);
        let end = sent.partition_point(|at| *at <= to);
        let count = end.saturating_sub(first);
        if count > limit {
            let lock = locks.history.texts.shown(lock);
            let text = format!("a hand-over of {lock} takes {count} requests, of {limit} allowed");
            findings.add(Property::L9, &[place], text);
        }
    }
}

/// The grant's place, when its predecessor went, and when it returned.
fn handed_over(locks: &Locks<'_>, contender: &Contender<'_>) -> Option<(usize, Moment, Moment)> {
    let place = contender.op.filter(|_| contender.granted)?;
    let from = contender.ahead?.removal?.at;
    let to = locks.history.ops.get(place)?.returned?;
    (from < to && contender.life.created < from).then_some((place, from, to))
}

/// When requests about each lock reached a server. Pings are about none.
fn sent(locks: &Locks<'_>) -> BTreeMap<Text, Vec<Moment>> {
    let texts = &locks.history.texts;
    let mut sent: BTreeMap<Text, Vec<Moment>> = BTreeMap::new();
    for request in locks
        .history
        .truth
        .requests
        .iter()
        .filter(|one| !one.path.is_empty())
    {
        let above = texts.find(parent(texts.bytes(request.path)));
        for lock in [Some(request.path), above].into_iter().flatten() {
            if locks.contenders.by_lock.contains_key(&lock) {
                sent.entry(lock).or_default().push(request.at);
            }
        }
    }
    for moments in sent.values_mut() {
        moments.sort_unstable();
    }
    sent
}
