//! Where the driver's time comes from.

use std::fmt::Debug;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use zk_wire::Moment;

/// A source of [`Moment`]s that never goes backwards.
///
/// Every decision about time (deadlines, pings, the safe window of a lock) is made on these readings; tokio's
/// timers only decide when to look.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now, in nanoseconds since a fixed but arbitrary start.
    fn now(&self) -> Moment;
}

/// The machine's clock that also runs while the machine is suspended (`CLOCK_BOOTTIME`).
///
/// A laptop or a virtual machine that sleeps through its session timeout must find its locks unsafe when it
/// wakes; `std::time::Instant` stops during suspension and would say otherwise. Linux only.
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        Moment::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }
}

/// tokio's clock, which tests pause and advance.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    start: Instant,
}

impl TokioClock {
    /// A clock that starts now at one hour, so that subtracting a timeout never reaches zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Moment {
        Moment::ZERO + Duration::from_secs(3600) + self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_clock_moves_forward() {
        let clock = SystemClock;
        let before = clock.now();
        assert!(before > Moment::ZERO);
        while clock.now() == before {}
        assert!(clock.now() > before);
    }
}
