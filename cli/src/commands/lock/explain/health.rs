//! Whether whoever stands at a lock seems to be alive.

use zk_recipes::Contender;

use super::sessions::{Seen, Sessions};
use crate::duration;

/// How a session seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Alive,
    Silent,
    Unconnected,
    /// It has none.
    Persistent,
    Untold,
}

impl Health {
    pub(super) fn of(contender: &Contender, sessions: &Sessions) -> Self {
        if contender.session.is_none() {
            return Self::Persistent;
        }
        Self::seen(sessions.seen(contender.session), sessions.is_complete())
    }

    fn seen(seen: Option<&Seen>, is_complete: bool) -> Self {
        match seen {
            None if is_complete => Self::Unconnected,
            None => Self::Untold,
            Some(seen) => match seen.idle.zip(seen.timeout) {
                // Clients say something every third of it.
                Some((idle, timeout)) if idle > timeout / 2 => Self::Silent,
                _ => Self::Alive,
            },
        }
    }

    /// About the holder.
    pub(super) fn sentence(self, contender: &Contender, sessions: &Sessions) -> String {
        let session = contender.session;
        let seen = sessions.seen(session);
        let from = seen.map_or_else(String::new, |seen| {
            format!("comes from {} at {}", seen.address, seen.server)
        });
        let heard = seen.and_then(|seen| seen.idle.zip(seen.timeout));
        let heard = heard.map_or_else(String::new, |(idle, timeout)| {
            format!(
                " and was heard {} ago; it expires after {} of silence",
                duration::show(idle),
                duration::show(timeout)
            )
        });
        match self {
            Self::Alive => format!("Its session {session} {from}{heard}: it seems to be alive."),
            Self::Silent => format!("Its session {session} {from}{heard}: it is in trouble."),
            Self::Unconnected => format!(
                "Its session {session} has not expired, but has no connection to {}: the program is dead, cut off, or about to \
                 connect again.",
                sessions.asked.join(", ")
            ),
            Self::Persistent => {
                "Its node belongs to no session (it is persistent): no crash and no timeout takes it away.".to_owned()
            }
            Self::Untold => format!(
                "Its session {session} has not expired; where it comes from, and whether it is alive, no server tells."
            ),
        }
    }

    /// About one who waits.
    pub(super) fn remark(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Silent => "its session is silent",
            Self::Unconnected => "its session has no connection",
            Self::Persistent => "its node belongs to no session: it would hold for ever",
            Self::Untold => "no server tells whether it is alive",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seen(idle: Option<u64>) -> Seen {
        Seen {
            server: "zk1:2181".to_owned(),
            address: "10.0.0.7:4711".to_owned(),
            idle: idle.map(Duration::from_millis),
            timeout: Some(Duration::from_secs(10)),
        }
    }

    #[test]
    fn a_session_seems_alive_as_long_as_it_was_heard_within_half_its_timeout() {
        for (found, is_complete, health) in [
            (Some(seen(Some(3_400))), true, Health::Alive),
            (Some(seen(Some(5_001))), true, Health::Silent),
            (Some(seen(None)), true, Health::Alive),
            (None, true, Health::Unconnected),
            // A server that did not tell may have its connection.
            (None, false, Health::Untold),
        ] {
            assert_eq!(
                Health::seen(found.as_ref(), is_complete),
                health,
                "{found:?}"
            );
        }
    }
}
