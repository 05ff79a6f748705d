//! How a session came to expire, as far as this process can tell.

use std::fmt;
use std::time::Duration;

use zk_wire::SessionId;

/// The end of a session that a server announced, with what this process knows about its cause.
///
/// Its text names the session, how long no server was heard, and the cause. See
/// [`Client::last_expiry`](crate::Client::last_expiry).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expiry {
    /// The session.
    pub session: SessionId,
    /// Which of the client's sessions it was, counted from 1.
    pub generation: u64,
    /// The session timeout that was in force.
    pub timeout: Duration,
    /// How long no server had been heard when the expiry became known.
    pub silence: Duration,
    /// For how long of that the client's task was due and was not run: the process was paused, or its runtime blocked.
    /// A lower bound.
    pub stall: Duration,
    /// What was held and went with the session, in the order of paths.
    pub lost: Vec<LostHold>,
}

/// Why a session expired, judged by what this process saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpiryCause {
    /// No server was heard for about the session timeout, though this process ran: the network or the servers.
    NoContact,
    /// This process did not run: it was paused or suspended, or its runtime was blocked.
    Stalled,
    /// A server was heard until shortly before: somebody ended the session, or the servers lost it.
    EndedByServer,
}

/// Something that was held when its session expired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct LostHold {
    /// The path, e.g. of a lock.
    pub path: String,
    /// The fencing token of the hold.
    pub token: u64,
}

impl LostHold {
    pub(crate) fn new(path: String, token: u64) -> Self {
        Self { path, token }
    }
}

impl Expiry {
    /// The likely cause.
    #[must_use]
    pub fn cause(&self) -> ExpiryCause {
        if is_long(self.stall, self.timeout) && self.stall >= self.silence / 2 {
            ExpiryCause::Stalled
        } else if self.silence >= self.timeout * 2 / 3 {
            ExpiryCause::NoContact
        } else {
            ExpiryCause::EndedByServer
        }
    }

    /// What happened and why, without the list of what was lost.
    #[must_use]
    pub fn reason(&self) -> String {
        let Self {
            session,
            timeout,
            silence,
            stall,
            ..
        } = self;
        let [silence, timeout, stall] = [silence, timeout, stall].map(Duration::as_secs_f64);
        match self.cause() {
            ExpiryCause::EndedByServer => format!(
                "session {session} was ended by the servers {silence:.1} s after the last contact (timeout \
                 {timeout:.1} s): somebody closed it, or they lost it"
            ),
            ExpiryCause::NoContact => format!(
                "session {session} expired after {silence:.1} s without contact (timeout {timeout:.1} s)"
            ),
            ExpiryCause::Stalled => format!(
                "session {session} expired after {silence:.1} s without contact (timeout {timeout:.1} s): this \
                 process did not run for {stall:.1} s (paused, or its runtime was blocked)"
            ),
        }
    }
}

/// Whether a process that was not run for this long may have lost its session by that alone.
pub(crate) fn is_long(stall: Duration, timeout: Duration) -> bool {
    stall >= timeout / 2
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())?;
        for (place, lost) in self.lost.iter().enumerate() {
            let lead = if place == 0 { "; locks lost: " } else { ", " };
            write!(f, "{lead}{} (token {})", lost.path, lost.token)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(silence_ms: u64, stall_ms: u64) -> Expiry {
        Expiry {
            session: SessionId::from_raw(0x1_0000_0001),
            generation: 1,
            timeout: Duration::from_secs(10),
            silence: Duration::from_millis(silence_ms),
            stall: Duration::from_millis(stall_ms),
            lost: Vec::new(),
        }
    }

    #[test]
    fn the_cause_is_what_took_most_of_the_silence() {
        assert_eq!(expiry(12_300, 200).cause(), ExpiryCause::NoContact);
        assert_eq!(expiry(12_300, 11_000).cause(), ExpiryCause::Stalled);
        assert_eq!(expiry(60_000, 6_000).cause(), ExpiryCause::NoContact);
        assert_eq!(expiry(40, 0).cause(), ExpiryCause::EndedByServer);
    }

    #[test]
    fn the_text_names_the_cause_and_what_was_lost() {
        let mut network = expiry(12_300, 200);
        network.lost = vec![
            LostHold::new("/locks/a".to_owned(), 4),
            LostHold::new("/locks/b".to_owned(), 9),
        ];
        assert_eq!(
            network.to_string(),
            "session 0x0000000100000001 expired after 12.3 s without contact (timeout 10.0 s); locks lost: /locks/a (token \
             4), /locks/b (token 9)"
        );
        assert_eq!(
            expiry(12_300, 11_000).to_string(),
            "session 0x0000000100000001 expired after 12.3 s without contact (timeout 10.0 s): this process did not run for \
             11.0 s (paused, or its runtime was blocked)"
        );
        assert_eq!(
            expiry(40, 0).to_string(),
            "session 0x0000000100000001 was ended by the servers 0.0 s after the last contact (timeout 10.0 s): somebody \
             closed it, or they lost it"
        );
    }
}
