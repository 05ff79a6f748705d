//! The words.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A four-letter word: four lower-case letters. Those that only ask are constants here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word([u8; 4]);

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        impl Word {
            $($(#[doc = $doc])+ pub const $name: Self = Self(*$text);)+

            /// All of these.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

words! {
    /// Whether the process runs: `imok`. Says nothing of a quorum.
    RUOK = b"ruok";
    /// Version, mode, newest zxid, counts; the only word that stock servers allow.
    SRVR = b"srvr";
    /// Numbers for monitoring, one per line.
    MNTR = b"mntr";
    /// As `srvr`, with the clients.
    STAT = b"stat";
    /// The configuration in force.
    CONF = b"conf";
    /// Connections with their numbers.
    CONS = b"cons";
    /// `rw`, `ro`, or `null` without a quorum.
    ISRO = b"isro";
    /// The environment of the process.
    ENVI = b"envi";
    /// Sessions and their ephemeral nodes; of the leader alone.
    DUMP = b"dump";
    /// How many watches there are.
    WCHS = b"wchs";
    /// Watches by session.
    WCHC = b"wchc";
    /// Watches by path.
    WCHP = b"wchp";
    /// The size of snapshots and logs.
    DIRS = b"dirs";
    /// Digests of the tree.
    HASH = b"hash";
}

impl Word {
    /// Its letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Always letters: there is no other way to make one.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Word {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match <[u8; 4]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_lowercase) => Ok(Self(letters)),
            _ => {
                let text = format!("{text:?} is no four-letter word");
                Err(Error::new(ErrorKind::Misuse, text)
                    .with_hint("a word has four lower-case letters, for example mntr"))
            }
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_four_letters_and_nothing_else() {
        for word in Word::ALL {
            assert_eq!(word.to_string().parse::<Word>().unwrap(), *word);
        }
        assert_eq!("gtmk".parse::<Word>().unwrap().as_str(), "gtmk");
        for text in ["", "abc", "abcde", "SRVR", "a\u{e9}b", "1234", "kill "] {
            let error = text.parse::<Word>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse, "{text}");
        }
    }
}
