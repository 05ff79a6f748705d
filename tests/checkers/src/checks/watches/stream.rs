//! Watches that stay.

use zk_wire::Moment;

use super::{Watch, Watches, tells_a_change};
use crate::records::{WatchEvent, WatchKind};
use crate::verdict::Findings;

impl Watch<'_> {
    /// Every change in its order, none twice, none invented; only a gap may stand for some.
    pub(super) fn stream(&self, watches: &Watches, findings: &mut Findings) {
        let mut next = 0;
        for event in self.events.iter().filter(|event| tells_a_change(event)) {
            let fits = |place: &usize| {
                self.due.get(*place).is_some_and(|change| {
                    change.what == event.what && change.path == event.path && change.at <= event.at
                })
            };
            let Some(found) = (next..self.due.len()).find(fits) else {
                let past = (0..next).any(|place| fits(&place));
                self.wrong(event, past, findings);
                continue;
            };
            for change in self.due.get(next..found).unwrap_or_default() {
                if self.excuse(change.at, event.at).is_none() {
                    let missed = change.describe(self.history);
                    let text = format!("{} misses {missed}, and goes on", self.what());
                    self.add(findings, None, text);
                }
            }
            next = found + 1;
        }
        for change in self.due.get(next..).unwrap_or_default() {
            let told = self.excuse(change.at, self.bounds.ended.max(change.at));
            if self.bounds.is_late(change.at, told) {
                let missed = change.describe(self.history);
                self.add(findings, None, format!("{} misses {missed}", self.what()));
            }
        }
        self.reads(watches, findings);
    }

    fn wrong(&self, event: &WatchEvent, past: bool, findings: &mut Findings) {
        let (kind, path) = (event.what.word(), self.history.texts.shown(event.path));
        let why = if past {
            "again, or behind a later change"
        } else {
            "which nothing did"
        };
        self.add(
            findings,
            None,
            format!("{} tells {kind} of {path} {why}", self.what()),
        );
    }

    /// When it was told, from the change on and by then, that events may be missing.
    fn excuse(&self, from: Moment, to: Moment) -> Option<Moment> {
        let own = self.events.iter().find(|event| match event.what {
            WatchKind::Gap => (from..=to).contains(&event.at),
            // What comes after the end is nobody's.
            WatchKind::Ended | WatchKind::Dropped => event.at <= to,
            _ => false,
        });
        let session = self.gaps.since(self.op.session, self.set_at().max(from));
        let own = own.map(|event| event.at.max(from));
        own.into_iter().chain(session.filter(|at| *at <= to)).min()
    }

    /// The event of a change comes before a read that shows the change.
    fn reads(&self, watches: &Watches, findings: &mut Findings) {
        let mut next = 0;
        let changes: Vec<&WatchEvent> = self
            .events
            .iter()
            .filter(|event| tells_a_change(event))
            .collect();
        for change in &self.due {
            let told = (next..changes.len()).find(|place| {
                changes.get(*place).is_some_and(|event| {
                    event.what == change.what && event.path == change.path && change.at <= event.at
                })
            });
            let event = told
                .and_then(|place| changes.get(place))
                .map(|event| event.at);
            next = told.map_or(next, |place| place + 1);
            let children = change.what == WatchKind::Children;
            let of = (self.op.session, children);
            let on = super::Trigger {
                watched: change.path,
                ..*change
            };
            let read = watches.reading(self.history, of, self.set_at(), &on);
            let Some((place, read)) = read else { continue };
            let early = event.is_some_and(|at| at <= read);
            if !early && self.excuse(change.at, read).is_none() {
                let missed = change.describe(self.history);
                let text = format!("{} misses {missed} before a read shows it", self.what());
                self.add(findings, Some(place), text);
            }
        }
    }
}
