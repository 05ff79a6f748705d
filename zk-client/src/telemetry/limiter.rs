//! Says the same thing at most so often.

use std::time::Duration;

use zk_wire::Moment;

/// Lets the first of several equal messages through, then one per interval.
#[derive(Debug)]
pub(crate) struct Limiter {
    every: Duration,
    last: Option<Moment>,
    suppressed: u64,
}

impl Limiter {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            every,
            last: None,
            suppressed: 0,
        }
    }

    /// Whether to speak now, and how often it was not since the last time.
    pub(crate) fn speak(&mut self, now: Moment) -> Option<u64> {
        if self.last.is_some_and(|last| now < last + self.every) {
            self.suppressed += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_per_interval_tells_how_many_were_left_out() {
        let mut limiter = Limiter::new(Duration::from_secs(60));
        let at = |seconds: u64| Moment::from_nanos(seconds * 1_000_000_000);
        assert_eq!(limiter.speak(at(5)), Some(0));
        assert_eq!([6, 30, 64].map(|s| limiter.speak(at(s))), [None; 3]);
        assert_eq!(limiter.speak(at(65)), Some(3));
        assert_eq!(limiter.speak(at(500)), Some(0));
    }
}
