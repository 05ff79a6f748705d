//! That waits end once the faults have.

use std::collections::BTreeMap;

use zk_wire::Moment;

use crate::history::History;
use crate::known::{Ahead, Bounds, Contenders, Ends, Share, Tree, acquires, notes, share};
use crate::records::{Function, Note, NoteKind, Op, Outcome};
use crate::verdict::{Findings, Property, Verdict};

/// `G9`: every wait that was not cancelled ends within the bound after the last fault's end.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let bounds = Bounds::of(history);
    if bounds.healed.is_none() {
        // Under a fault that never ends nobody has to get anywhere.
        findings.stats.exempt += history.ops.len();
        return findings.verdict();
    }
    let ends = Ends::of(history);
    waits(history, &bounds, &ends, &mut findings);
    connections(history, &bounds, &mut findings);
    findings.verdict()
}

fn waits(history: &History, bounds: &Bounds, ends: &Ends, findings: &mut Findings) {
    let tree = Tree::replay(history);
    let contenders = Contenders::of(history, &tree);
    let mut ahead: BTreeMap<usize, (Moment, Option<Ahead>)> = BTreeMap::new();
    for (_, contender) in contenders.iter() {
        if let Some(op) = contender.op {
            ahead.insert(op, (contender.life.created, contender.ahead));
        }
    }
    for (place, op) in history.ops.iter().enumerate() {
        if op.outcome == Outcome::Cancelled || ends.crashed(op.process).is_some() {
            findings.stats.exempt += 1;
            continue;
        }
        if waits_elsewhere(op) {
            findings.stats.exempt += 1;
            continue;
        }
        findings.stats.judged += 1;
        let waits_for_others = acquires(op.function);
        let begin = match ahead.get(&place).filter(|_| waits_for_others) {
            Some((_, Some(ahead))) => match ahead.removal {
                Some(gone) => op.invoked.max(gone.at),
                // Whoever is ahead still holds.
                None => continue,
            },
            Some((_, None)) | None => op.invoked,
        };
        let returned = op.returned.filter(|_| op.outcome != Outcome::Pending);
        // A deadline that is given may be used up.
        let begin = op.deadline.map_or(begin, |deadline| begin.max(deadline));
        if bounds.is_late(begin, returned) {
            let end = match returned {
                Some(at) => format!("returns at {} ms", millis(at)),
                None => "has not returned at the end".to_owned(),
            };
            let text = format!(
                "{} {} of process {} could go on from {} ms and {end}",
                op.function.word(),
                history.texts.shown(op.path),
                op.process,
                millis(begin)
            );
            findings.add(Property::G9, &[place], text);
        }
    }
}

/// Whether those whom a call waits for do not stand in one line before it: at an entrance, at several locks, in an
/// election whose leaders name successors, or for the next window. That such calls end is for the harness to see.
fn waits_elsewhere(op: &Op) -> bool {
    (!op.entrance.is_empty() && op.function != Function::Decide)
        || !op.together.is_empty()
        || op.function == Function::Spend
        || share(op.function) == Some(Share::Term)
}

/// A process that is not closed is connected again within the bound.
fn connections(history: &History, bounds: &Bounds, findings: &mut Findings) {
    let mut cut: BTreeMap<u32, Note> = BTreeMap::new();
    for note in notes(history) {
        match note.what {
            NoteKind::Disconnected => {
                cut.entry(note.process).or_insert(note);
            }
            NoteKind::Connected | NoteKind::Expired | NoteKind::Closed | NoteKind::Crashed => {
                let since = cut.remove(&note.process);
                findings.stats.judged += 1;
                if since.is_some_and(|since| bounds.is_late(since.at, Some(note.at))) {
                    late_note(&note, findings);
                }
            }
            NoteKind::Paused | NoteKind::Resumed => {}
        }
    }
    for note in cut.values().filter(|note| bounds.is_late(note.at, None)) {
        let text = format!(
            "process {} is disconnected since {} ms and stays so",
            note.process,
            millis(note.at)
        );
        findings.add(Property::G9, &[], text);
    }
}

fn late_note(note: &Note, findings: &mut Findings) {
    if note.what == NoteKind::Crashed || note.what == NoteKind::Closed {
        return;
    }
    let text = format!(
        "process {} learns only at {} ms that it is {}",
        note.process,
        millis(note.at),
        note.what.word()
    );
    findings.add(Property::G9, &[], text);
}

fn millis(at: Moment) -> u64 {
    at.as_nanos() / 1_000_000
}
