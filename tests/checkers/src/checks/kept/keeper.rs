//! Whoever keeps a node, and what is asked of all of them.

use zk_wire::{Moment, Zxid};

use crate::history::History;
use crate::known::{Bounds, Ends, Late, Life, Tree};
use crate::records::{ChangeKind, Function, NoteKind, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

pub(super) struct Site<'h> {
    pub(super) history: &'h History,
    pub(super) tree: Tree<'h>,
    pub(super) ends: Ends,
    pub(super) bounds: Bounds,
    pub(super) late: Late,
}

/// Whoever keeps a node, with its calls in their order.
pub(super) struct Keeper<'s, 'h> {
    pub(super) site: &'s Site<'h>,
    pub(super) process: u32,
    pub(super) name: String,
    pub(super) calls: Vec<(usize, Op)>,
    /// The nodes that it made.
    pub(super) own: Vec<&'s Life>,
    pub(super) others: Vec<&'s Life>,
}

impl Keeper<'_, '_> {
    pub(super) fn what(&self, op: &Op) -> String {
        let (function, name, process) = (op.function.word(), &self.name, self.process);
        format!("{function} {name} of process {process}")
    }

    /// What a call was told is there was there, with what it provided or something later.
    pub(super) fn answers(&self, findings: &mut Findings) {
        for (turn, (place, op)) in self.calls.iter().enumerate() {
            let provides = matches!(op.function, Function::Keep | Function::Provide);
            if !provides {
                continue;
            }
            if op.outcome == Outcome::NotApplied && op.error == 0 && op.deadline.is_some() {
                self.in_vain(*place, op, findings);
            }
            if op.outcome != Outcome::Ok {
                continue;
            }
            let until = op.returned.unwrap_or(self.site.bounds.ended);
            let later = self.calls.get(turn..).unwrap_or_default().iter();
            let later = later.filter(|(_, call)| call.invoked <= until);
            let offered: Vec<Text> = later.map(|(_, call)| call.data).collect();
            let there = self.own.iter().any(|life| {
                let end = Zxid::from_raw(i64::MAX);
                let states = life.states_within(life.czxid, end);
                let holds = states.iter().any(|state| offered.contains(&state.data));
                life.czxid == op.token && life.created <= until && holds
            });
            if !there {
                let text = format!(
                    "{} was told of {}, which is no such node",
                    self.what(op),
                    op.token
                );
                findings.add(Property::E7, &[*place], text);
            }
        }
    }

    /// It gave up although nothing stood in its way.
    fn in_vain(&self, place: usize, op: &Op, findings: &mut Findings) {
        let Some(returned) = op.returned else { return };
        let mut since = op.invoked;
        for life in &self.others {
            match life.removal {
                Some(gone) if gone.at <= returned => since = since.max(gone.at),
                // Another one has the name.
                _ if life.created <= returned => return,
                _ => {}
            }
        }
        if self.site.bounds.is_late(since, Some(returned)) {
            let text = format!("{} is not there by its deadline", self.what(op));
            findings.add(Property::E7, &[place], text);
        }
    }

    /// Once it is kept no longer, nothing comes back, but for what is made late and goes again.
    pub(super) fn stays(&self, findings: &mut Findings) {
        for (turn, (place, op)) in self.calls.iter().enumerate() {
            let ended = op.function == Function::Unkeep && op.outcome == Outcome::Ok;
            let Some(ended) = op.returned.filter(|_| ended) else {
                continue;
            };
            let mut next = self.calls.get(turn..).unwrap_or_default().iter();
            let next = next.find(|(_, call)| call.function == Function::Keep);
            let next = next.map_or(self.site.bounds.ended, |(_, call)| call.invoked);
            for life in &self.own {
                let reported = self.site.ends.reported(life.owner);
                let notes = self.site.history.notes.iter();
                let mut closed = notes.filter(|note| {
                    note.what == NoteKind::Closed && note.session == life.owner && note.at <= ended
                });
                // It goes with its session, which is over as far as the process was told.
                if reported.is_some_and(|told| told <= ended) || closed.next().is_some() {
                    continue;
                }
                // It is of an earlier time, whose end was not told: the session goes on trying to delete it.
                if self.was_left(turn, life) && life.removal.is_some() {
                    continue;
                }
                // Whoever kept it looks for it again.
                let late = life.created >= op.invoked && self.site.late.has(life.czxid);
                if late && life.removal.is_some() {
                    continue;
                }
                if life.lives_at(ended) {
                    let text = format!("{} leaves {}", self.what(op), life.czxid);
                    findings.add(Property::S3, &[*place], text);
                } else if ended < life.created && life.created < next {
                    let text =
                        format!("{}, and it is there again at {}", self.what(op), life.czxid);
                    findings.add(Property::S3, &[*place], text);
                }
            }
        }
    }

    /// Whether a node was there before this call's time began, and an end that was not told had to delete it.
    fn was_left(&self, turn: usize, life: &Life) -> bool {
        let before = self.calls.get(..turn).unwrap_or_default();
        let mut kept = before.iter().enumerate().rev();
        let Some((begun, _)) = kept.find(|(_, (_, call))| call.function == Function::Keep) else {
            return false;
        };
        let mut ends = before.get(..begun).unwrap_or_default().iter();
        ends.any(|(_, call)| {
            let untold = call.function == Function::Unkeep && call.outcome == Outcome::Unknown;
            untold && call.returned.is_some_and(|gave_up| life.created <= gave_up)
        })
    }

    /// While it is kept, it is not gone for long, nor without the latest data.
    pub(super) fn comes_back(&self, findings: &mut Findings) {
        for (turn, (place, op)) in self.calls.iter().enumerate() {
            let provides = matches!(op.function, Function::Keep | Function::Provide);
            let Some(from) = op
                .returned
                .filter(|_| provides && op.outcome == Outcome::Ok)
            else {
                continue;
            };
            let next = self.calls.get(turn + 1).map(|(_, call)| call.invoked);
            let until = self.kept_until(from, next.unwrap_or(self.site.bounds.ended));
            let mut since = from;
            for life in self.own.iter().filter(|life| life.created < until) {
                let end = Zxid::from_raw(i64::MAX);
                let first = life.states_within(life.czxid, end);
                let holds = first.iter().any(|state| state.data == op.data);
                if !holds && life.removal.is_none_or(|gone| gone.at > from) {
                    continue;
                }
                self.absent((*place, op), since, life.created, findings);
                since = match life.removal {
                    Some(gone) => since.max(gone.at),
                    None => until,
                };
            }
            self.absent((*place, op), since, until, findings);
        }
    }

    /// Until when somebody keeps it: as long as the process has its client.
    pub(super) fn kept_until(&self, from: Moment, until: Moment) -> Moment {
        let crashed = self.site.ends.crashed(self.process);
        let notes = self.site.history.notes.iter();
        let closed = notes.filter(|note| {
            let over = note.what == NoteKind::Closed;
            over && note.process == self.process && note.at >= from
        });
        let closing = self.site.history.ops.iter();
        let closing = closing.filter(|op| {
            op.function == Function::Close && op.process == self.process && op.invoked >= from
        });
        let ends = closed
            .map(|note| note.at)
            .chain(closing.map(|op| op.invoked));
        ends.chain(crashed).fold(until, Moment::min)
    }

    fn absent(&self, (place, op): (usize, &Op), from: Moment, to: Moment, findings: &mut Findings) {
        // Whoever has the name meanwhile is in its way.
        let mut from = from;
        for life in &self.others {
            let end = life.removal.map_or(self.site.bounds.ended, |gone| gone.at);
            if life.created < to && end > from {
                from = end.min(to);
            }
        }
        if from < to && self.site.bounds.is_late(from, Some(to)) {
            let since = from.as_nanos() / 1_000_000;
            let text = format!("{} is not there from {since} ms on", self.what(op));
            findings.add(Property::E7, &[place], text);
        }
    }

    /// Whether its own node was taken away by somebody else while it was asked for what it does at that moment: what it sent
    /// for its own node meets whatever is there when it arrives.
    pub(super) fn was_overtaken(&self, at: Moment) -> bool {
        let mut asked = self.calls.iter().map(|(_, op)| op.invoked);
        let Some(asked) = asked.rfind(|asked| *asked <= at) else {
            return false;
        };
        self.own.iter().any(|life| {
            let taken = life.removal.filter(|gone| {
                let by_itself = self.site.ends.user(gone.session) == Some(self.process);
                gone.cause == ChangeKind::Delete && !by_itself
            });
            taken.is_some_and(|gone| (asked..=at).contains(&gone.at))
        })
    }

    /// Nobody's node is changed or deleted by it but its own. What is carried out late meets whatever has the name.
    pub(super) fn touches_none(&self, findings: &mut Findings) {
        for life in &self.others {
            let deleted = life.removal.is_some_and(|gone| {
                let by = self.site.ends.user(gone.session);
                let by_it = gone.cause == ChangeKind::Delete && by == Some(self.process);
                by_it && !self.was_overtaken(gone.at) && !self.site.late.has(gone.zxid)
            });
            if deleted {
                let (name, process) = (&self.name, self.process);
                let text = format!("process {process} deletes {name} of {}", life.owner);
                findings.add(Property::E7, &[], text);
            }
        }
        let changes = self.site.history.truth.changes.iter();
        let sets = changes.filter(|change| {
            let by = self.site.ends.user(change.session);
            change.kind == ChangeKind::Set && by == Some(self.process)
        });
        for change in sets {
            let other = self.others.iter().any(|life| {
                life.path == change.path
                    && life.czxid < change.zxid
                    && life.removal.is_none_or(|gone| change.zxid < gone.zxid)
            });
            let excused = self.was_overtaken(change.at) || self.site.late.has(change.zxid);
            if other && !excused {
                let (name, process) = (&self.name, self.process);
                let text = format!(
                    "process {process} writes {name} of another at {}",
                    change.zxid
                );
                findings.add(Property::E7, &[], text);
            }
        }
    }
}
