//! What the rules of all barriers need to know.

use zk_wire::Moment;

use crate::history::History;
use crate::known::{Bounds, Ends, Late, Life, Rows, Tree, lasted_until, later, name, timed_out};
use crate::records::{NoteKind, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// What is known of all of them.
pub(super) struct Sites<'h> {
    pub(super) history: &'h History,
    pub(super) tree: Tree<'h>,
    pub(super) rows: Rows,
    pub(super) bounds: Bounds,
    pub(super) ends: Ends,
    pub(super) late: Late,
}

impl<'h> Sites<'h> {
    pub(super) fn name(&self, text: Text) -> String {
        self.history.texts.shown(text)
    }

    /// A call in words.
    pub(super) fn what(&self, op: &Op) -> String {
        let (function, process) = (op.function.word(), op.process);
        format!("{function} {} of process {process}", self.name(op.path))
    }

    /// The children that ever were of the node at that path, with their names.
    pub(super) fn children(&self, path: Text) -> Vec<(&'h [u8], &Life)> {
        let lives = self.tree.children(path);
        lives
            .map(|life| (name(self.history.texts.bytes(life.path)), life))
            .collect()
    }

    /// Whether the call had given up by then, and had not waited in vain for its node to be withdrawn: where no server can be
    /// reached, or none obeys, it waits for a third of the session's timeout.
    pub(super) fn had_given_up(&self, op: &Op, at: Moment) -> bool {
        let Some(returned) = op.returned.filter(|returned| *returned < at) else {
            return false;
        };
        let gave_up = op.outcome == Outcome::NotApplied && op.error == 0 && timed_out(op);
        let patience = self.history.limits.session_timeout / 3;
        let in_vain = op.deadline.and_then(|deadline| later(deadline, patience));
        let cut = self
            .ends
            .process_cut_within(op.process, op.invoked, returned);
        let reachable = !cut && self.is_connected(op.process, op.invoked);
        gave_up && reachable && in_vain.is_none_or(|in_vain| !lasted_until(op, in_vain))
    }

    /// Whether the process had a connection at some time, as far as it was told. What it made while it had none was sent before.
    pub(super) fn had_connection(&self, process: u32, from: Moment, to: Moment) -> bool {
        let mut notes = self.history.notes.iter();
        self.is_connected(process, from)
            || notes.any(|note| {
                note.process == process
                    && note.what == NoteKind::Connected
                    && (from..=to).contains(&note.at)
            })
    }

    /// Whether the process has a connection, as far as it was told.
    fn is_connected(&self, process: u32, at: Moment) -> bool {
        let notes = self.history.notes.iter();
        let told = notes.filter(|note| {
            let other = matches!(note.what, NoteKind::Paused | NoteKind::Resumed);
            note.process == process && note.at <= at && !other
        });
        told.max_by_key(|note| note.at)
            .is_some_and(|note| note.what == NoteKind::Connected)
    }

    /// A wait gave up although it could have gone on since that moment.
    pub(super) fn in_vain(
        &self,
        (place, op): (usize, &Op),
        since: Option<Moment>,
        findings: &mut Findings,
    ) {
        let gave_up = op.outcome == Outcome::NotApplied && op.error == 0 && op.deadline.is_some();
        let Some(since) = since.filter(|_| gave_up) else {
            return;
        };
        if self.bounds.is_late(since.max(op.invoked), op.returned) {
            let (what, since) = (self.what(op), since.as_nanos() / 1_000_000);
            let text = format!("{what} could go on from {since} ms and gave up");
            findings.add(Property::G9, &[place], text);
        }
    }
}

/// Whether the call had returned by then.
pub(super) fn returned_by(op: &Op, at: Moment) -> bool {
    op.returned.is_some_and(|returned| returned < at)
}
