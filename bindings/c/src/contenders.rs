//! Who holds a lock, and who waits.

use std::ffi::{CString, c_char};
use std::time::UNIX_EPOCH;

use recipes::{Contender, Family};

use crate::last_error;

/// Which recipes write a contender's name.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_family {
    /// One that this version does not know.
    ZK_FAMILY_OTHER = 0,
    /// A mutex of this library, of Curator or of go-zk.
    ZK_FAMILY_MUTEX = 1,
    /// Another recipe of Curator: read-write lock, leader latch, semaphore.
    ZK_FAMILY_OTHER_CURATOR = 2,
    /// A lock of kazoo.
    ZK_FAMILY_KAZOO = 3,
    /// Another recipe of kazoo: the reader of a read-write lock.
    ZK_FAMILY_OTHER_KAZOO = 4,
}

/// One contender of a lock. Its texts are good until the result is freed.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct zk_contender {
    /// The path of its node.
    pub node: *const c_char,
    /// What it says about itself: ours host name and process id unless set otherwise.
    pub text: *const c_char,
    /// Its session; 0 for a node that does not go with a session.
    pub session: i64,
    /// The fencing token it has or will have.
    pub token: u64,
    /// When its node was created, in milliseconds since 1970 by the server's clock.
    pub since_ms: i64,
    /// Which recipes write such names.
    pub family: zk_family,
    /// True for the first of its family.
    pub holds: bool,
}

/// A contender with its texts for C.
#[derive(Debug)]
pub(crate) struct Listed {
    node: CString,
    text: CString,
    session: i64,
    token: u64,
    since_ms: i64,
    family: zk_family,
    holds: bool,
}

pub(crate) fn listed(contender: Contender) -> Listed {
    let since = contender.since.duration_since(UNIX_EPOCH);
    Listed {
        node: last_error::text(contender.node),
        text: last_error::text(contender.text),
        session: contender.session.as_raw(),
        token: contender.token,
        since_ms: since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        }),
        family: match contender.family {
            Family::Mutex => zk_family::ZK_FAMILY_MUTEX,
            Family::Latch | Family::Reader | Family::Writer | Family::OtherCurator => {
                zk_family::ZK_FAMILY_OTHER_CURATOR
            }
            Family::Kazoo => zk_family::ZK_FAMILY_KAZOO,
            Family::OtherKazoo => zk_family::ZK_FAMILY_OTHER_KAZOO,
            _ => zk_family::ZK_FAMILY_OTHER,
        },
        holds: contender.holds,
    }
}

impl From<&Listed> for zk_contender {
    fn from(listed: &Listed) -> Self {
        Self {
            node: listed.node.as_ptr(),
            text: listed.text.as_ptr(),
            session: listed.session,
            token: listed.token,
            since_ms: listed.since_ms,
            family: listed.family,
            holds: listed.holds,
        }
    }
}
