//! The search for a server that can write, while attached to one that cannot.

use std::time::Duration;

use zk_wire::Moment;

use crate::connection::timers::Timer;
use crate::event::Action;
use crate::ids::ServerId;
use crate::session::Session;

/// How long one server may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

impl Session {
    /// The server can only read.
    pub(crate) fn start_probes(&mut self, now: Moment) {
        self.probes.stop();
        let pause = self.probes.next_pause();
        self.timers.set(Timer::Probe, now + pause);
    }

    /// It is time to ask a server, or the one that was asked did not answer.
    pub(crate) fn probe_is_due(&mut self, now: Moment) {
        if let Some((server, _)) = self.probes.asked {
            return self.handle_probe(now, server, false);
        }
        let Some(current) = self.link.server() else {
            return;
        };
        let (server, ends_round) = self.servers.probe_next(current);
        let give_up_at = now + PROBE_TIMEOUT;
        self.probes.asked = Some((server, ends_round));
        self.timers.set(Timer::Probe, give_up_at);
        self.actions.push_back(Action::Probe { server, give_up_at });
    }

    /// A server said whether it can write, or did not answer. If it can, the session leaves the read-only server for
    /// it; its reads under way are answered first.
    pub fn handle_probe(&mut self, now: Moment, server: ServerId, can_write: bool) {
        let Some((_, ends_round)) = self.probes.asked.take_if(|(asked, _)| *asked == server) else {
            return;
        };
        if can_write && self.closing.is_none() {
            self.timers.stop(Timer::Probe);
            self.servers.prefer(server);
            return self.leave_soon(now);
        }
        let pause = if ends_round {
            self.probes.next_pause()
        } else {
            Duration::ZERO
        };
        self.timers.set(Timer::Probe, now + pause);
    }
}
