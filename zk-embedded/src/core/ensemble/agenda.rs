//! Faults that wait: for their time, or for a request.

use std::collections::BTreeMap;

use zk_wire::Moment;

use crate::core::chaos::FaultPlan;

/// Faults whose time has not come.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: BTreeMap<(Moment, u64), FaultPlan>,
    /// What rules are waiting for, by their marks.
    marked: BTreeMap<u64, FaultPlan>,
    count: u64,
}

impl Agenda {
    pub(super) fn next(&self) -> Option<Moment> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn put(&mut self, at: Moment, plan: FaultPlan) {
        self.count += 1;
        self.due.insert((at, self.count), plan);
    }

    pub(super) fn mark(&mut self, plan: FaultPlan) -> u64 {
        self.count += 1;
        self.marked.insert(self.count, plan);
        self.count
    }

    pub(super) fn take_due(&mut self, now: Moment) -> Option<FaultPlan> {
        let first = self.due.first_entry().filter(|next| next.key().0 <= now)?;
        Some(first.remove())
    }

    pub(super) fn marked(&self, mark: u64) -> Option<&FaultPlan> {
        self.marked.get(&mark)
    }
}
