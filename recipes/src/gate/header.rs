//! The token in a header of HTTP, written and read on both sides in the same way.
//!
//! The client sends `Fencing-Token: 17`. The service parses it, refuses a request without one, and hands it to the gate of
//! what it stores in: comparing it in the handler alone would be two steps. A stale one is answered with
//! [`StaleToken::STATUS`](crate::gate::StaleToken::STATUS).
//!
//! ```
//! use zk_recipes::gate::{MemoryGate, StaleToken, header};
//!
//! let stored = MemoryGate::new(String::new());
//! let handle = |sent: Option<&str>, body: &str| -> u16 {
//!     let token = match header::parse(sent.map(str::as_bytes)) {
//!         Ok(token) => token,
//!         Err(error) => return error.status(),
//!     };
//!     match stored.enter(token) {
//!         Ok(mut stored) => *stored = body.to_owned(),
//!         Err(_) => return StaleToken::STATUS,
//!     }
//!     204
//! };
//! assert_eq!(handle(Some(&header::format(18)), "new"), 204);
//! assert_eq!(handle(Some(&header::format(17)), "stale"), 412);
//! assert_eq!(handle(None, "who?"), 428);
//! ```

use std::fmt;

/// The name of the header.
pub const NAME: &str = "Fencing-Token";

/// The value of the header: the decimal digits of the token.
#[must_use]
pub fn format(token: u64) -> String {
    token.to_string()
}

/// The token in the value of the header, if there was one. A proxy that joins two such headers makes a list of it, which is
/// refused like everything but the digits that [`format()`] writes.
///
/// # Errors
///
/// If it is missing or anything else.
pub fn parse(value: Option<&[u8]>) -> Result<u64, HeaderError> {
    let value = value.ok_or(HeaderError::Missing)?;
    let text = std::str::from_utf8(value).map_err(|_| HeaderError::Malformed)?;
    // `from_str` takes a plus sign and leading zeros, which `format` does not write.
    match text.parse::<u64>() {
        Ok(token) if format(token) == text => Ok(token),
        _ => Err(HeaderError::Malformed),
    }
}

/// There is no token in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// No such header.
    Missing,
    /// Its value is not a token.
    Malformed,
}

impl HeaderError {
    /// The status with which a service answers: 428 Precondition Required, or 400 Bad Request.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Missing => 428,
            Self::Malformed => 400,
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(
                f,
                "the request has no {NAME}; send the token of the lock's holder"
            ),
            Self::Malformed => write!(
                f,
                "{NAME} is not a fencing token; send one, as decimal digits without leading zeros, at most {}",
                u64::MAX
            ),
        }
    }
}

impl std::error::Error for HeaderError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for token in [0, 9, 10, u64::from(u32::MAX) + 1, u64::MAX] {
            assert_eq!(parse(Some(format(token).as_bytes())), Ok(token));
        }
    }

    #[test]
    fn anything_but_one_token_is_refused() {
        assert_eq!(parse(None), Err(HeaderError::Missing));
        let others = [
            "",
            " ",
            " 7",
            "7 ",
            "+7",
            "-7",
            "07",
            "00",
            "7, 8",
            "7.0",
            "7e1",
            "0x7",
            "\u{0667}",
            "18446744073709551616",
        ];
        for value in others {
            let parsed = parse(Some(value.as_bytes()));
            assert_eq!(parsed, Err(HeaderError::Malformed), "{value:?}");
        }
        assert_eq!(parse(Some(&[0xff])), Err(HeaderError::Malformed));
    }
}
