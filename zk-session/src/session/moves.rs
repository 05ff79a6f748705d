//! Leaving one server for another of one's own accord.

use std::time::Duration;

use zk_wire::Moment;

use crate::connection::link::Link;
use crate::connection::timers::Timer;
use crate::event::Action;
use crate::ids::ServerId;
use crate::outcome::FailCause;
use crate::session::Session;

impl Session {
    /// The list of servers is another one: `origins` says of each server in it where it was in the list before, if it
    /// was. From here on a [`ServerId`] is a place in the new list.
    ///
    /// Whether the session moves to another server is decided so that clients stay evenly spread with the fewest moves:
    /// always if its server went; by chance, for a new one, if the list grew; else never. It leaves once the requests
    /// under way are answered, but waits no longer than a sixth of the session timeout.
    ///
    /// Returns whether the list was taken: an empty one is not, nor is any while the session is being closed or is over.
    pub fn update_servers(&mut self, now: Moment, origins: &[Option<ServerId>]) -> bool {
        if origins.is_empty() || self.state.is_terminal() || self.closing.is_some() {
            return false;
        }
        let own = self.link.server();
        let moves = self.servers.update(origins);
        self.config.servers = origins.len();
        let place = origins
            .iter()
            .position(|origin| own.is_some() && *origin == own);
        if let Some(place) = place {
            self.link.rename_server(ServerId::from_index(place));
        }
        if self.timers.get(Timer::Backoff).is_some() {
            // Somebody new may answer.
            self.timers.set(Timer::Backoff, now);
        }
        if self.probes.are_under_way() {
            // Whom it asked has another number now.
            self.start_probes(now);
        }
        if moves {
            self.leave_soon(now);
        }
        true
    }

    /// Moves to the next server of the list, as [`update_servers`](Self::update_servers) does where it moves. Returns
    /// whether there is a connection to leave: not while the session is being closed or is over.
    pub fn leave_server(&mut self, now: Moment) -> bool {
        let can = self.link.is_ready() && !self.state.is_terminal() && self.closing.is_none();
        if can {
            self.leave_soon(now);
        }
        can
    }

    /// Sends nothing more to this server, and leaves it when it has answered.
    pub(crate) fn leave_soon(&mut self, now: Moment) {
        if self.link.conn().is_some() {
            self.leaving = true;
            self.timers.set(Timer::Leave, now + self.timeout / PATIENCE);
            self.go_on_if_idle(now);
        }
    }

    /// Nothing is owed any more: whatever waited for that happens.
    pub(crate) fn go_on_if_idle(&mut self, now: Moment) {
        if self.leaving && self.in_flight.is_empty() {
            self.leave(now);
        }
        self.detach_if_idle();
    }

    /// The next server is dialled at once. Nothing is held against this one.
    pub(crate) fn leave(&mut self, now: Moment) {
        let link = std::mem::replace(&mut self.link, Link::Down);
        if let Some(conn) = link.conn() {
            self.actions.push_back(Action::Hangup { conn });
            let cause = FailCause::ConnectionLost;
            self.link_is_over(now, &link, (None, &cause), Duration::ZERO);
        }
    }
}

/// Which part of the session timeout answers under way may take before a server is left without them.
const PATIENCE: u32 = 6;
