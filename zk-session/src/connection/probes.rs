//! How the search for a server that can write goes on.

use std::time::Duration;

use crate::connection::rng::Rng;
use crate::ids::ServerId;

/// The pause after the first round over the other servers; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Whom was asked, and how long the next pause is.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) asked: Option<(ServerId, bool)>,
    pause: Duration,
    rng: Rng,
}

impl Probes {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            asked: None,
            pause: FIRST_PAUSE,
            rng: Rng::new(seed ^ 0x7072_6f62_6573),
        }
    }

    pub(crate) const fn are_under_way(&self) -> bool {
        self.asked.is_some()
    }

    pub(crate) const fn stop(&mut self) {
        self.asked = None;
    }

    /// The search is over. Until then pauses grow from connection to connection, or a server that says it can write and
    /// cannot would be taken and left in a tight loop.
    pub(crate) const fn found(&mut self) {
        self.pause = FIRST_PAUSE;
    }

    /// Between half of what is due and all of it, so that clients do not come in waves.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let half = self.pause / 2;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let nanos = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        half + Duration::from_nanos(self.rng.up_to(nanos))
    }
}
