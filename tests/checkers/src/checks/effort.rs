//! How much work is caused.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::{Moment, SessionId};

use crate::history::History;
use crate::known::{Contenders, Ends, Tree, lock_of, without_number};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

/// `G8`: requests per second, what is queued, and nodes per acquire stay below the limits.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    requests(history, &mut findings);
    queues(history, &mut findings);
    nodes(history, &mut findings);
    findings.verdict()
}

/// No process sends more than its share within any second.
fn requests(history: &History, findings: &mut Findings) {
    let limit = history.limits.requests_per_second as usize;
    if limit == 0 {
        return;
    }
    let ends = Ends::of(history);
    let mut sent: BTreeMap<(Option<u32>, SessionId), Vec<Moment>> = BTreeMap::new();
    for request in &history.truth.requests {
        findings.stats.judged += 1;
        // Handshakes carry no session: they are told apart by nothing and counted together.
        let key = match ends.user(request.session) {
            Some(process) => (Some(process), SessionId::NONE),
            None => (None, request.session),
        };
        sent.entry(key).or_default().push(request.at);
    }
    for ((process, session), mut moments) in sent {
        moments.sort_unstable();
        let crowded = moments.windows(limit + 1).find(|window| {
            let span = window.first().zip(window.last());
            span.is_some_and(|(first, last)| last.saturating_since(*first) < SECOND)
        });
        if let Some(first) = crowded.and_then(|window| window.first()) {
            let who = match process {
                Some(process) => format!("process {process}"),
                None => format!("session {session}"),
            };
            let from = first.as_nanos() / 1_000_000;
            let text =
                format!("{who} sends more than {limit} requests in the second from {from} ms");
            findings.add(Property::G8, &[], text);
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// No process keeps more queued than it may.
fn queues(history: &History, findings: &mut Findings) {
    let limits = &history.limits;
    for gauge in &history.gauges {
        findings.stats.judged += 1;
        let many = limits.queued_requests > 0 && gauge.queued > limits.queued_requests;
        let large = limits.queued_bytes > 0 && gauge.bytes > limits.queued_bytes;
        if many || large {
            let text = format!(
                "process {} keeps {} requests and {} bytes queued at {} ms",
                gauge.process,
                gauge.queued,
                gauge.bytes,
                gauge.at.as_nanos() / 1_000_000
            );
            findings.add(Property::G8, &[], text);
        }
    }
}

/// No session makes more nodes in a lock than its acquires need.
fn nodes(history: &History, findings: &mut Findings) {
    let limit = history.limits.nodes_per_grant as usize;
    if limit == 0 {
        return;
    }
    let mut calls: BTreeMap<(Text, SessionId), Vec<usize>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if let Some(lock) = lock_of(op) {
            calls.entry((lock, op.session)).or_default().push(place);
        }
    }
    let tree = Tree::replay(history);
    let mut made: BTreeMap<(Text, SessionId), usize> = BTreeMap::new();
    for (lock, contender) in Contenders::of(history, &tree).iter() {
        findings.stats.judged += 1;
        let path = history.texts.bytes(contender.life.path);
        if without_number(path).is_some() {
            *made.entry((lock, contender.life.creator)).or_default() += 1;
        }
    }
    for (key, count) in made {
        let Some(calls) = calls.get(&key) else {
            continue;
        };
        if count > limit * calls.len() {
            let (lock, session) = (history.texts.shown(key.0), key.1);
            let acquires = calls.len();
            let text =
                format!("session {session} made {count} nodes in {lock} for {acquires} acquires");
            findings.add(Property::G8, calls, text);
        }
    }
}
