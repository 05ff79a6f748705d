//! Named timers; the outside sees one instant.

use zk_wire::Moment;

/// Everything that waits for time to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Timer {
    /// Dial the next server.
    Backoff,
    /// Give up on dialling and handshake.
    Dial,
    /// The server has been silent for too long.
    Read,
    /// A frame that began to arrive is not finished.
    Frame,
    /// We have been silent for too long.
    Ping,
    /// Nothing heard for so long that the session is taken for expired.
    Expiry,
    /// Send the next confirm.
    Confirm,
    /// What we hold comes into doubt.
    Doubt,
    /// Try again what a server refused for now.
    DutyRetry,
    /// Look once more for what was found not made.
    Look,
    /// Stop waiting for the end of a close.
    CloseGrace,
    /// Leave the server, whatever it still owes.
    Leave,
    /// Ask the next server whether it can write.
    Probe,
}

impl Timer {
    const COUNT: usize = Self::ALL.len();

    pub(crate) const ALL: [Self; 13] = [
        Self::Backoff,
        Self::Dial,
        Self::Read,
        Self::Frame,
        Self::Ping,
        Self::Expiry,
        Self::Confirm,
        Self::Doubt,
        Self::DutyRetry,
        Self::Look,
        Self::CloseGrace,
        Self::Leave,
        Self::Probe,
    ];
}

/// When each timer fires, if it is set.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    at: [Option<Moment>; Timer::COUNT],
}

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Moment) {
        if let Some(place) = self.at.get_mut(timer as usize) {
            *place = Some(at);
        }
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        if let Some(place) = self.at.get_mut(timer as usize) {
            *place = None;
        }
    }

    pub(crate) fn stop_all(&mut self) {
        self.at = [None; Timer::COUNT];
    }

    pub(crate) fn get(&self, timer: Timer) -> Option<Moment> {
        self.at.get(timer as usize).copied().flatten()
    }

    pub(crate) fn earliest(&self) -> Option<Moment> {
        self.at.iter().flatten().min().copied()
    }

    /// Stops the timer and says so, if its time has come.
    pub(crate) fn take_due(&mut self, timer: Timer, now: Moment) -> bool {
        let due = self.get(timer).is_some_and(|at| at <= now);
        if due {
            self.stop(timer);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_timer_is_shown_and_fires_once() {
        let at = Moment::from_nanos;
        let mut timers = Timers::default();
        timers.set(Timer::Ping, at(20));
        timers.set(Timer::Read, at(10));
        timers.set(Timer::Read, at(30));
        assert_eq!(timers.earliest(), Some(at(20)));
        assert!(!timers.take_due(Timer::Ping, at(19)));
        assert!(timers.take_due(Timer::Ping, at(20)));
        assert!(!timers.take_due(Timer::Ping, at(20)));
        timers.stop_all();
        assert_eq!(timers.earliest(), None);
    }

    #[test]
    fn every_timer_has_its_own_place() {
        let mut timers = Timers::default();
        for (index, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, index);
            timers.set(timer, Moment::from_nanos(index as u64));
        }
        for (index, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timers.get(timer), Some(Moment::from_nanos(index as u64)));
        }
    }
}
