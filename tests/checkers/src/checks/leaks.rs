//! What was left at the end.

use zk_wire::Moment;

use crate::history::History;
use crate::known::{Bounds, Ends, Tree};
use crate::records::Kept;
use crate::verdict::{Findings, Property, Verdict};

/// `G5`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    leftovers(history, &mut findings);
    ephemerals(history, &mut findings);
    queues(history, &mut findings);
    findings.verdict()
}

/// Everything is back to what it was, but for nodes that were declared to stay.
fn leftovers(history: &History, findings: &mut Findings) {
    for left in &history.truth.leftovers {
        findings.stats.judged += 1;
        let kept = left.count.max(u64::from(left.what == Kept::Node));
        if left.declared || kept <= left.baseline {
            continue;
        }
        let path = history.texts.shown(left.path);
        let (what, baseline) = (left.what.word(), left.baseline);
        let whose = match (left.process, left.session.is_none()) {
            (0, true) => String::new(),
            (0, false) => format!(" of session {}", left.session),
            (process, _) => format!(" of process {process}"),
        };
        let text = format!("{what} {path}{whose}: {kept} left, {baseline} before");
        findings.add(Property::G5, &[], text);
    }
}

/// No ephemeral outlives a closed client, nor a crashed one by more than the time to expire it.
fn ephemerals(history: &History, findings: &mut Findings) {
    let ends = Ends::of(history);
    let bounds = Bounds::of(history);
    let tree = Tree::replay(history);
    for life in tree.lives.iter().filter(|life| !life.owner.is_none()) {
        findings.stats.judged += 1;
        let removed = life.removal.map(|removal| removal.at);
        let late = |since: Moment| bounds.is_late(since, removed);
        let user = ends.user(life.owner);
        let path = history.texts.shown(life.path);
        let closed = user.and_then(|user| ends.closed(user));
        let crashed = user.and_then(|user| ends.crashed(user));
        let gone = ends.gone(life.owner);
        let cause = if closed.is_some_and(|at| at >= life.created && late(at)) {
            "its client was closed"
        } else if crashed.is_some_and(|at| at >= life.created && late(at)) {
            "its client crashed"
        } else if gone.is_some_and(late) {
            "its session ended"
        } else {
            continue;
        };
        let text = format!(
            "{path} of session {} is left long after {cause}",
            life.owner
        );
        findings.add(Property::G5, &[], text);
    }
}

/// A closed client keeps nothing queued.
fn queues(history: &History, findings: &mut Findings) {
    let ends = Ends::of(history);
    for gauge in &history.gauges {
        findings.stats.judged += 1;
        let closed = ends
            .closed(gauge.process)
            .filter(|closed| gauge.at > *closed);
        if closed.is_some() && (gauge.queued > 0 || gauge.bytes > 0) {
            let text = format!(
                "process {} is closed and keeps {} requests, {} bytes",
                gauge.process, gauge.queued, gauge.bytes
            );
            findings.add(Property::G5, &[], text);
        }
    }
}
