//! How long the driver was not run although it was due.

use std::time::Duration;

use zk_wire::Moment;

/// The longest stall since a server was last heard.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StallGauge {
    due: Option<Moment>,
    longest: Option<Stall>,
}

/// A time in which the driver should have run and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stall {
    /// When it was due.
    pub(crate) from: Moment,
    /// When it ran.
    pub(crate) until: Moment,
}

impl Stall {
    pub(crate) fn len(self) -> Duration {
        self.until - self.from
    }

    /// Whether what was heard then had arrived during the stall: what waits in the socket is read at its end.
    fn covers(self, heard: Moment) -> bool {
        heard <= self.until + self.len() / 10
    }
}

impl StallGauge {
    /// The driver runs; a server was last heard at `heard`.
    pub(crate) fn ran(&mut self, now: Moment, heard: Option<Moment>) {
        self.longest = self.since(heard);
        let Some(from) = self.due.filter(|due| *due < now) else {
            return;
        };
        let stall = Stall { from, until: now };
        if self
            .longest
            .is_none_or(|longest| longest.len() <= stall.len())
        {
            self.longest = Some(stall);
        }
    }

    /// The driver wants to run again then at the latest.
    pub(crate) fn due(&mut self, at: Option<Moment>) {
        self.due = at;
    }

    /// The longest stall since `heard`.
    pub(crate) fn since(&self, heard: Option<Moment>) -> Option<Stall> {
        self.longest
            .filter(|longest| heard.is_none_or(|heard| longest.covers(heard)))
    }

    /// When a server was last heard for certain: what was read at the end of a stall may be as old as its beginning.
    pub(crate) fn heard_before(&self, heard: Moment) -> Moment {
        match self.since(Some(heard)) {
            Some(stall) if heard >= stall.until => stall.from,
            _ => heard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_run_that_is_late_is_a_stall_until_a_server_is_heard_again() {
        let mut gauge = StallGauge::default();
        gauge.due(Some(at(10)));
        gauge.ran(at(9), Some(at(8)));
        assert_eq!(gauge.since(Some(at(8))), None, "in time");
        gauge.ran(at(30), Some(at(8)));
        let stall = gauge.since(Some(at(8))).unwrap();
        assert_eq!(stall.len(), Duration::from_secs(20));
        assert_eq!(
            gauge.since(Some(at(30))),
            Some(stall),
            "read when it was over"
        );
        assert_eq!(gauge.heard_before(at(30)), at(10));
        assert_eq!(gauge.since(Some(at(33))), None, "heard since");
        assert_eq!(gauge.heard_before(at(33)), at(33));
    }

    #[test]
    fn the_longest_of_several_stalls_counts() {
        let mut gauge = StallGauge::default();
        for (due, ran) in [(10, 15), (16, 26), (27, 29)] {
            gauge.due(Some(at(due)));
            gauge.ran(at(ran), Some(at(9)));
        }
        assert_eq!(
            gauge.since(Some(at(9))).unwrap().len(),
            Duration::from_secs(10)
        );
    }
}
