//! The judgement of a run, and what has to have happened in many of them.

use std::collections::BTreeMap;

use zk_checkers::{Cap, ChangeKind, Conviction, History, Op, Outcome};

use crate::run::Run;

/// What is wrong with a run: the property, and what happened. Empty if nothing is.
#[must_use]
pub fn judge(run: &Run) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for fault in &run.faults {
        let (property, text) = fault.split_once(": ").unwrap_or(("G9", fault));
        let known = property.len() == 2 && property.starts_with('G');
        let property = if known { property } else { "G9" };
        found.push((property.to_owned(), text.to_owned()));
    }
    if run.hostile {
        // The servers have broken their promises, so ours do not hold: only nobody panics or hangs, and no task is left.
        found.retain(|(property, text)| match property.as_str() {
            "G1" => false,
            "G5" => text.contains("task"),
            _ => true,
        });
        return found;
    }
    for checker in zk_checkers::CHECKERS {
        let verdict = if checker.name == "search" {
            zk_checkers::search_within(&run.history, CAP)
        } else {
            (checker.check)(&run.history)
        };
        for violation in verdict.err().unwrap_or_default() {
            found.push((violation.property.to_string(), violation.text));
        }
    }
    found
}

/// A run has many calls on few locks, one after the other: long, but not deep.
const CAP: Cap = Cap {
    ops: 20_000,
    processes: 200,
    steps: 2_000_000,
};

/// What the profile `late` is about.
pub const LATE: &str = "request carried out late";

/// How often what a campaign is about has happened.
#[must_use]
pub fn sometimes(run: &Run) -> BTreeMap<&'static str, u64> {
    let history = &run.history;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let mut counts = BTreeMap::new();
    if run.recipe.is_held() {
        counts.insert("expired while holding", count(expired_holding(history)));
    }
    if run.recipe.creates() {
        counts.insert("cut after create applied", run.cuts_after_create);
    }
    counts.insert("lagging follower after reconnect", run.reconnected_behind);
    if run.recipe.lists_others() {
        counts.insert("lingering ephemeral seen", run.lingering_seen);
    }
    if let Some(late) = run.late {
        counts.insert(LATE, late);
    }
    counts.insert("tail lost", run.tails_lost);
    if run.recipe.has_fences() {
        counts.insert("stale write without a fence", run.stale);
        counts.insert("stale write refused by the fence", run.refused);
    }
    for function in run.recipe.functions() {
        let done = |op: &&Op| op.function == *function && op.outcome == Outcome::Ok;
        counts.insert(
            function.word(),
            count(history.ops.iter().filter(done).count()),
        );
    }
    for (what, is) in run.recipe.occasions() {
        let met = history.ops.iter().filter(|op| is(history, op));
        counts.insert(what, count(met.count()));
    }
    counts
}

/// Sessions that ended while their process believed, or had believed last, to hold something on them.
fn expired_holding(history: &History) -> usize {
    let ended = history
        .truth
        .changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Expire);
    ended
        .filter(|end| {
            let beliefs = history
                .beliefs
                .iter()
                .filter(|it| it.session == end.session);
            let last = beliefs.filter(|it| it.at <= end.at).max_by_key(|it| it.at);
            last.is_some_and(|it| !matches!(it.says, Conviction::Released | Conviction::Lost))
        })
        .count()
}
