//! Second looks for what was found not made.
//!
//! A server refuses what comes on an older connection of a session that has moved to another one. But a handshake that was given up
//! may be taken up late, by a server that stood still: then the session moves there, and what that server has of an older connection
//! is made after all, behind every barrier of the connection that is up (`docs/decisions/020-a-write-is-bound-to-its-mark.md`).

use std::collections::VecDeque;
use std::time::Duration;

use zk_wire::Moment;

use crate::event::Obligation;

/// A node to look for once more.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) obligation: Obligation,
    pub(crate) ephemeral: bool,
    /// After which pause, and the next one is twice as long.
    pub(crate) pause: Duration,
    at: Moment,
}

/// All that is to be looked for once more.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// A handshake of this session was given up, and may be taken up at any time.
    given_up: bool,
    open: VecDeque<Look>,
}

/// The first look comes that soon.
const FIRST: Duration = Duration::from_secs(1);

/// A server that stands still for longer was dropped by the others, with all that it had taken in.
const LAST: Duration = Duration::from_secs(64);

/// Each is a create whose answer was lost: of more than that the oldest are forgotten.
const MOST: usize = 1000;

impl Looks {
    pub(crate) fn handshake_given_up(&mut self) {
        self.given_up = true;
    }

    /// This was not found, though it might have been made.
    pub(crate) fn missed(&mut self, now: Moment, obligation: Obligation, ephemeral: bool) {
        #[cfg(feature = "__seeded-bugs")]
        if crate::seeded::is_on("no-second-looks") {
            return;
        }
        if self.given_up {
            self.look_in(now, obligation, ephemeral, FIRST);
        }
    }

    /// This was not found in a look that came after such a pause, either.
    pub(crate) fn missed_again(
        &mut self,
        now: Moment,
        obligation: Obligation,
        ephemeral: bool,
        pause: Duration,
    ) {
        if pause < LAST {
            self.look_in(now, obligation, ephemeral, pause * 2);
        }
    }

    fn look_in(&mut self, now: Moment, obligation: Obligation, ephemeral: bool, pause: Duration) {
        if self.open.len() >= MOST {
            self.open.pop_front();
        }
        self.open.push_back(Look {
            obligation,
            ephemeral,
            pause,
            at: now + pause,
        });
    }

    /// What is to be looked for now.
    pub(crate) fn take_due(&mut self, now: Moment) -> Vec<Look> {
        let (due, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|look| look.at <= now);
        self.open = open.into();
        due
    }

    /// A connection was lost, perhaps because the session moved: everything is to be looked for.
    pub(crate) fn take_all(&mut self) -> Vec<Look> {
        std::mem::take(&mut self.open).into()
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.open.iter().map(|look| look.at).min()
    }

    pub(crate) fn over(&mut self) {
        self.open.clear();
    }
}
