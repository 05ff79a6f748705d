//! Why a four-letter word was not answered.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::Word;

/// Why a server did not answer a four-letter word.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum WordError {
    /// The server's configuration does not allow the word.
    #[error("its configuration does not allow the word (4lw.commands.whitelist={word})")]
    NotAllowed {
        /// The word.
        word: Word,
    },
    /// The server has no quorum.
    #[error("it is not serving requests: it has no quorum")]
    NotServing,
    /// It took the question and hung up.
    #[error("it hung up without an answer")]
    Silent,
    /// Connection and answer took too long.
    #[error("no answer within {:.1} s", limit.as_secs_f64())]
    TimedOut {
        /// How long they were waited for.
        limit: Duration,
    },
    /// The answer is longer than accepted.
    #[error("its answer exceeds {max} bytes")]
    TooLarge {
        /// How many bytes are accepted.
        max: usize,
    },
    /// There was no connection, or it broke before the answer.
    #[error("{0}")]
    Unreachable(#[source] Arc<io::Error>),
}
