//! Leaving a session to somebody else.

use zk_wire::Moment;

use crate::connection::timers::Timer;
use crate::outcome::FailCause;
use crate::session::{Closing, Session};
use crate::state::SessionState;
use crate::ticket::SessionTicket;

impl Session {
    /// Ends this side of the session and leaves the session itself, with its ephemeral nodes, to whoever has the
    /// [ticket](Self::detached). What is queued and what is to be cleaned up is done first; the state is
    /// [`Closed`](SessionState::Closed) then.
    ///
    /// It takes no longer than [`close_grace`](crate::SessionConfig::close_grace): then requests fail as at a close. If
    /// something is still to be cleaned up then, there is no ticket, because nobody else knows of it: the session is
    /// left to expire.
    pub fn detach(&mut self, now: Moment) {
        if self.state.is_terminal() || self.closing.is_some() {
            return;
        }
        if self.identity.is_none() {
            // There is nothing to leave to anybody.
            return self.close(now);
        }
        self.closing = Some(Closing::Detaching);
        self.timers
            .set(Timer::CloseGrace, now + self.config.close_grace);
        self.timers.stop(Timer::Confirm);
        self.detach_if_idle();
    }

    /// The ticket of a session that was detached.
    #[must_use]
    pub const fn detached(&self) -> Option<&SessionTicket> {
        self.parting.as_ref()
    }

    pub(crate) fn detach_if_idle(&mut self) {
        if self.closing == Some(Closing::Detaching)
            && self.queue.is_empty()
            && self.in_flight.is_empty()
            && !self.duties.any_due()
        {
            self.close_grace_is_over();
        }
    }

    /// Nothing is waited for any more.
    pub(crate) fn close_grace_is_over(&mut self) {
        if self.closing == Some(Closing::Detaching) && !self.duties.any_due() {
            self.parting = self.ticket();
        }
        self.end(SessionState::Closed, &FailCause::Closed);
    }
}
