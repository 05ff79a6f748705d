//! Why a call failed, before it becomes a status code.

use ::zk_client::{Error, ErrorKind, Fate};

use crate::deadline::Deadline;
use crate::status::zk_status;

/// Whether the failed call took effect.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_fate {
    /// It did not take effect.
    ZK_FATE_NOT_APPLIED = 0,
    /// It may have taken effect: the request left this process, and its answer was lost or not waited for.
    ZK_FATE_UNKNOWN = 1,
}

/// What a failed call tells: a code, a fate and one line of text.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) status: zk_status,
    pub(crate) fate: zk_fate,
    pub(crate) text: String,
    pub(crate) path: String,
    pub(crate) server: String,
}

impl Failure {
    /// A call that had no effect.
    pub(crate) fn new(status: zk_status, text: impl Into<String>) -> Self {
        Self {
            status,
            fate: zk_fate::ZK_FATE_NOT_APPLIED,
            text: text.into(),
            path: String::new(),
            server: String::new(),
        }
    }

    /// A call whose effect is as given.
    pub(crate) fn with_fate(self, fate: Fate) -> Self {
        Self {
            fate: of_fate(fate),
            ..self
        }
    }

    /// The library was used in a way that cannot work.
    pub(crate) fn misuse(text: impl Into<String>) -> Self {
        Self::new(zk_status::ZK_ERR_MISUSE, text)
    }

    /// A pointer that must not be NULL is.
    pub(crate) fn null(what: &str) -> Self {
        Self::new(
            zk_status::ZK_ERR_NULL_ARGUMENT,
            format!("{what} must not be NULL"),
        )
    }

    /// This library did what it cannot do.
    pub(crate) fn bug(text: &str) -> Self {
        let text = format!("a bug in libzk_recipes, please report it: {text}");
        Self::new(zk_status::ZK_ERR_BUG, text).with_fate(Fate::Unknown)
    }

    /// The client has ended.
    pub(crate) fn closed() -> Self {
        Self::new(zk_status::ZK_ERR_CLOSED, "the client is closed")
    }

    /// The deadline of the caller passed first.
    pub(crate) fn timed_out(what: &str, deadline: Deadline) -> Self {
        Self::new(
            zk_status::ZK_ERR_TIMED_OUT,
            format!("{what} took longer than {deadline}"),
        )
    }

    /// Names the path it is about.
    pub(crate) fn at(self, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..self
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            status: of_kind(error.kind()),
            fate: of_fate(error.fate()),
            text: error.to_string(),
            path: error.path().unwrap_or_default().to_owned(),
            server: error.server().unwrap_or_default().to_owned(),
        }
    }
}

fn of_kind(kind: ErrorKind) -> zk_status {
    // A kind without a code cannot be: a test compares the table with all kinds.
    zk_status::from_number(kind.number()).unwrap_or(zk_status::ZK_ERR_BUG)
}

fn of_fate(fate: Fate) -> zk_fate {
    match fate {
        Fate::NotApplied => zk_fate::ZK_FATE_NOT_APPLIED,
        // Whatever else there may be one day: not known to be without effect.
        _ => zk_fate::ZK_FATE_UNKNOWN,
    }
}
