//! Terms, and what leaders write.

use std::collections::BTreeSet;

use super::view::{Elections, Term, lives_at};
use crate::records::{ChangeKind, Function, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

pub(super) fn judge(elections: &Elections<'_>, terms: &[Term<'_>], findings: &mut Findings) {
    for term in terms {
        findings.stats.judged += 1;
        beginning(elections, term, findings);
    }
    for (at, next) in terms.iter().enumerate() {
        let before = terms.iter().take(at);
        for term in before.filter(|it| it.op.path == next.op.path) {
            one_after_the_other(elections, term, next, findings);
        }
    }
    records(elections, findings);
    announcements(elections, findings);
}

/// A term begins with a write of its session while its candidate's node is there.
fn beginning(elections: &Elections<'_>, term: &Term<'_>, findings: &mut Findings) {
    let texts = &elections.history.texts;
    let (node, epoch) = (texts.shown(term.life.path), term.epoch());
    let written = elections.written(term.op.path, epoch);
    if written.is_none_or(|change| change.session != term.life.owner) {
        let text = format!("the term {epoch} of {node} is no write of its leader's");
        findings.add(Property::E1, &[term.place], text);
    } else if !lives_at(term.life, epoch) {
        let text = format!("the term {epoch} begins when {node} is not there");
        findings.add(Property::E1, &[term.place], text);
    }
}

/// The candidate of an earlier term is gone when a later one begins.
fn one_after_the_other(
    elections: &Elections<'_>,
    term: &Term<'_>,
    next: &Term<'_>,
    findings: &mut Findings,
) {
    let texts = &elections.history.texts;
    let places = [term.place, next.place];
    if term.epoch() == next.epoch() {
        let text = format!(
            "two terms of {} are {}",
            texts.shown(term.op.path),
            term.epoch()
        );
        findings.add(Property::E1, &places, text);
    } else if term.life.czxid != next.life.czxid && lives_at(term.life, next.epoch()) {
        let text = format!(
            "the term {} begins while {} leads since {}",
            next.epoch(),
            texts.shown(term.life.path),
            term.epoch()
        );
        findings.add(Property::E1, &places, text);
    }
}

/// Whoever writes to an election's node has a candidate there at that moment.
fn records(elections: &Elections<'_>, findings: &mut Findings) {
    let history = elections.history;
    let paths: BTreeSet<Text> = history
        .ops
        .iter()
        .filter(|op| matches!(op.function, Function::Stand | Function::TryStand))
        .map(|op| op.path)
        .collect();
    for change in &history.truth.changes {
        if change.kind != ChangeKind::Set || !paths.contains(&change.path) {
            continue;
        }
        findings.stats.judged += 1;
        let mut candidates = elections.tree.children(change.path);
        if !candidates.any(|life| life.owner == change.session && lives_at(life, change.zxid)) {
            let text = format!(
                "session {} writes to {} at {} without a candidate",
                change.session,
                history.texts.shown(change.path),
                change.zxid
            );
            findings.add(Property::E2, &[], text);
        }
    }
}

/// What is reported announced was written meanwhile.
fn announcements(elections: &Elections<'_>, findings: &mut Findings) {
    let history = elections.history;
    for (place, op) in history.ops.iter().enumerate() {
        let told = op.function == Function::Announce && op.outcome == Outcome::Ok;
        let Some(returned) = op.returned.filter(|_| told) else {
            continue;
        };
        findings.stats.judged += 1;
        let mut changes = history.truth.changes.iter();
        let written = changes.any(|change| {
            change.kind == ChangeKind::Set
                && change.path == op.path
                && (op.invoked..=returned).contains(&change.at)
                && elections
                    .tree
                    .at(op.guard, change.zxid)
                    .is_some_and(|life| life.owner == change.session)
        });
        if !written {
            let text = format!("process {} announces and writes nothing", op.process);
            findings.add(Property::E2, &[place], text);
        }
    }
}
