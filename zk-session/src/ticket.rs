//! What another process needs to take a session over.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;
use zk_wire::{Password, SessionId, Zxid};

/// A session's identity, enough to resume it.
///
/// Take it after the last request was submitted, and do not use the session any further: servers
/// match commits by session and xid, so an xid used on both sides would be answered with the other
/// side's result. `Debug` keeps the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTicket {
    session: SessionId,
    password: Password,
    next_xid: i32,
    last_zxid: Zxid,
    smallest_timeout: Duration,
}

impl SessionTicket {
    /// A ticket from its parts, as another process stored them.
    #[must_use]
    pub const fn new(
        session: SessionId,
        password: Password,
        next_xid: i32,
        last_zxid: Zxid,
        smallest_timeout: Duration,
    ) -> Self {
        Self {
            session,
            password,
            next_xid,
            last_zxid,
            smallest_timeout,
        }
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Its secret.
    #[must_use]
    pub const fn password(&self) -> &Password {
        &self.password
    }

    /// The first xid the session has not used.
    #[must_use]
    pub const fn next_xid(&self) -> i32 {
        self.next_xid
    }

    /// The newest transaction the session has seen.
    #[must_use]
    pub const fn last_zxid(&self) -> Zxid {
        self.last_zxid
    }

    /// The smallest timeout the session was ever granted: a new leader may go back to it.
    #[must_use]
    pub const fn smallest_timeout(&self) -> Duration {
        self.smallest_timeout
    }
    /// The ticket as one line of text, which [`FromStr`] reads. It is as secret as a password: whoever has it can end the
    /// session and owns its ephemeral nodes.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut text = format!("{FORM}:{:016x}:", self.session.as_raw());
        for byte in self.password.as_bytes() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        let millis = self.smallest_timeout.as_millis();
        let _ = write!(
            text,
            ":{}:{:x}:{millis}",
            self.next_xid,
            self.last_zxid.as_raw()
        );
        text
    }
}

/// The first word of every exposed ticket.
const FORM: &str = "zk-ticket-1";

/// A text is no session ticket. It does not repeat the text, which may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "this is no session ticket: {part} is missing or malformed; pass on what `expose()` gave, unchanged"
)]
pub struct TicketError {
    part: &'static str,
}

impl FromStr for SessionTicket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let mut words = text.trim().split(':');
        let mut word = |part| words.next().ok_or(TicketError { part });
        if word("its first word")? != FORM {
            return Err(TicketError {
                part: "its first word",
            });
        }
        let session = from_hex(word("the session")?, "the session")?;
        let password = bytes(word("the password")?)?;
        let next_xid: i32 = number(word("the request number")?, "the request number")?;
        let last_zxid = from_hex(word("the transaction")?, "the transaction")?;
        let millis: u32 = number(word("the timeout")?, "the timeout")?;
        if words.next().is_some() {
            return Err(TicketError { part: "its end" });
        }
        if session == 0 || next_xid < 1 || millis == 0 {
            return Err(TicketError { part: "a number" });
        }
        Ok(Self {
            session: SessionId::from_raw(session),
            password,
            next_xid,
            last_zxid: Zxid::from_raw(last_zxid),
            smallest_timeout: Duration::from_millis(u64::from(millis)),
        })
    }
}

/// Sixty-four bits, as many as an id has.
fn from_hex(word: &str, part: &'static str) -> Result<i64, TicketError> {
    let raw = u64::from_str_radix(word, 16).map_err(|_| TicketError { part })?;
    Ok(i64::from_be_bytes(raw.to_be_bytes()))
}

fn number<T: FromStr>(word: &str, part: &'static str) -> Result<T, TicketError> {
    word.parse().map_err(|_| TicketError { part })
}

fn bytes(word: &str) -> Result<Password, TicketError> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = word.as_bytes().chunks(2).map(byte).collect();
    let wrong = TicketError {
        part: "the password",
    };
    Ok(Password::new(bytes.ok_or(wrong)?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> SessionTicket {
        let session = SessionId::from_raw(-5);
        let password = Password::new(vec![0, 1, 0xfe, 0xff].into());
        let timeout = Duration::from_secs(10);
        SessionTicket::new(
            session,
            password,
            77,
            Zxid::from_raw(0x1_0000_0002),
            timeout,
        )
    }

    #[test]
    fn an_exposed_ticket_is_read_back() {
        let text = ticket().expose();
        assert_eq!(text.parse(), Ok(ticket()), "{text}");
        assert_eq!(format!("{text}\n").parse(), Ok(ticket()));
    }

    #[test]
    fn every_shortened_or_changed_ticket_is_refused_without_its_text() {
        let text = ticket().expose();
        let cut = text.rfind(':').unwrap();
        for end in 0..=cut {
            let error = text[..end].parse::<SessionTicket>().unwrap_err();
            assert!(!error.to_string().contains("fe"), "{error}");
        }
        for wrong in [
            text.replace("zk-ticket-1", "zk-ticket-2"),
            text.replace("0001feff", "0001fef"),
            text.replace("0001feff", "+1feff00"),
            text.replace(":77:", ":0:"),
            format!("{text}:1"),
        ] {
            assert!(wrong.parse::<SessionTicket>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn debug_keeps_the_password() {
        let shown = format!("{:?}", ticket());
        assert!(shown.contains("Password(4 bytes)"), "{shown}");
    }
}
