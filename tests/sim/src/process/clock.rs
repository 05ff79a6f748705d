//! A process's own clock.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use zk_client::Clock;
use zk_wire::Moment;

/// The time of the simulation, with an offset and at a rate of its own. It never goes backwards.
#[derive(Debug)]
pub struct ProcessClock {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What it showed when the rate was set last.
    base: Moment,
    /// The true time at that moment.
    since: Duration,
    /// In thousandths.
    rate: u64,
}

impl ProcessClock {
    /// A clock that shows `offset` at `start` and runs at the right rate.
    #[must_use]
    pub const fn new(start: Instant, offset: Moment) -> Self {
        let state = State {
            base: offset,
            since: Duration::ZERO,
            rate: 1000,
        };
        Self {
            start,
            state: Mutex::new(state),
        }
    }

    /// From now on it runs at so many thousandths of the right rate.
    pub fn set_rate(&self, rate: u64) {
        let now = self.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            base: now,
            since: self.start.elapsed(),
            rate,
        };
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> Moment {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = self.start.elapsed().saturating_sub(state.since);
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        state.base + Duration::from_nanos(nanos / 1000 * state.rate + nanos % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_runs_at_its_rate_and_never_backwards() {
        let clock = ProcessClock::new(Instant::now(), Moment::from_nanos(5_000));
        tokio::time::sleep(Duration::from_secs(1)).await;
        clock.set_rate(900);
        let before = clock.now();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(clock.now() - before, Duration::from_secs(9));
        clock.set_rate(1000);
        assert_eq!(clock.now() - before, Duration::from_secs(9));
    }
}
