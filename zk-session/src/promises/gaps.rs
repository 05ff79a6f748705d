//! Distances between answered requests.

use std::collections::VecDeque;
use std::time::Duration;

use zk_wire::Moment;

/// Distances below this part of the span looked at count as if they were this long, which bounds how
/// many have to be remembered.
const FINEST: u32 = 1024;

/// The largest distance between two consecutive requests within a span of time.
///
/// Invariant: from front to back the requests get younger and their distances smaller.
#[derive(Debug)]
pub(crate) struct Gaps {
    last: Option<Moment>,
    candidates: VecDeque<(Moment, Duration)>,
}

impl Gaps {
    pub(crate) const fn new() -> Self {
        Self {
            last: None,
            candidates: VecDeque::new(),
        }
    }

    /// Begins with a request sent at `at`.
    pub(crate) fn start(&mut self, at: Moment) {
        *self = Self {
            last: Some(at),
            ..Self::new()
        };
    }

    /// A request sent at `at` was answered. Returns the largest distance that reaches into the last
    /// `span`; `None` for the first request of all, and for one sent before the last.
    pub(crate) fn answered(&mut self, at: Moment, span: Duration) -> Option<Duration> {
        let last = self.last?;
        if at < last {
            return None;
        }
        self.last = Some(at);
        let finest = span / FINEST;
        let gap = (at - last).max(finest);
        while self
            .candidates
            .back()
            .is_some_and(|(_, smaller)| *smaller <= gap)
        {
            self.candidates.pop_back();
        }
        self.candidates.push_back((at, gap));
        while self
            .candidates
            .front()
            .is_some_and(|(end, _)| *end + span < at)
        {
            self.candidates.pop_front();
        }
        self.candidates.front().map(|(_, gap)| *gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(14);

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn a_burst_does_not_hide_the_pause_before_it() {
        let mut gaps = Gaps::new();
        gaps.start(at(0));
        assert_eq!(gaps.answered(at(10), SPAN), Some(Duration::from_secs(10)));
        for _ in 0..5 {
            assert_eq!(gaps.answered(at(10), SPAN), Some(Duration::from_secs(10)));
        }
        assert_eq!(gaps.answered(at(24), SPAN), Some(Duration::from_secs(14)));
        assert_eq!(gaps.answered(at(30), SPAN), Some(Duration::from_secs(14)));
        assert_eq!(gaps.answered(at(39), SPAN), Some(Duration::from_secs(9)));
    }

    #[test]
    fn the_first_request_has_no_distance() {
        assert_eq!(Gaps::new().answered(at(1), SPAN), None);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut gaps = Gaps::new();
        gaps.start(at(0));
        let mut sent = at(0);
        for shrink in 0..100_000_u64 {
            sent = sent + Duration::from_micros(100_000 - shrink);
            gaps.answered(sent, SPAN);
            assert!(gaps.candidates.len() <= FINEST as usize + 1);
        }
    }
}
