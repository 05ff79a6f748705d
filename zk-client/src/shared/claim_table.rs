//! The claims of one session and where each stands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use zk_session::{DutyId, SessionState};

pub use zk_session::Settlement;

use crate::expiry::LostHold;
use crate::shared::queues::Route;

/// Why a claim's node is gone although nobody released it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// The node was deleted: by somebody, or by the servers with an expired session of whose end nothing was heard yet.
    NodeDeleted,
    /// This client may not read its own node, so it could not see the node go. The ACL has to give it `READ`.
    NodeUnreadable,
    /// The session expired.
    SessionExpired,
    /// A server refused the credentials on a reconnect.
    AuthFailed,
    /// The client was closed, or its runtime ended.
    Closed,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NodeDeleted => "its node was deleted",
            Self::NodeUnreadable => {
                "its node may not be read by its own owner, so its end could not be seen; give READ in the ACL"
            }
            Self::SessionExpired => "the session expired",
            Self::AuthFailed => "a server refused the credentials",
            Self::Closed => "the client was closed",
        })
    }
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimStatus {
    /// Made, not held.
    Open,
    /// Held.
    Held {
        /// The server may have expired the session by now, as far as this process can prove.
        in_doubt: bool,
    },
    /// The node is gone.
    Lost(Loss),
    /// Released: what became of the node.
    Settled(Settlement),
}

impl ClaimStatus {
    /// True while held, in doubt or not.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Held { .. })
    }
}

/// The claims of the current session.
#[derive(Debug, Default)]
pub(crate) struct ClaimTable {
    claims: BTreeMap<DutyId, Entry>,
    /// Doubt is the session's, so it is everybody's.
    in_doubt: bool,
}

#[derive(Debug)]
struct Entry {
    status: watch::Sender<ClaimStatus>,
    own: Option<OwnWatch>,
    /// What the hold is, for the error that tells of its loss.
    title: Option<LostHold>,
    /// We are deleting the node ourselves: the answer to that tells how the claim ended, not the events of it.
    releasing: bool,
}

/// The watch on a claim's own node.
#[derive(Debug, Clone)]
pub(crate) struct OwnWatch {
    pub(crate) path: Arc<str>,
    pub(crate) route: Route,
    /// Asked by `exists`, which older servers answer also to those who may not read the node.
    pub(crate) by_exists: bool,
    pub(crate) watched: Watched,
}

/// Whether a claim's own node is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Watched {
    /// Not now: nobody asked, or the answer is not here.
    NotYet,
    /// From now on its end will be seen.
    Yes,
    /// The servers refuse to let this client read its own node.
    Never,
}

impl ClaimTable {
    pub(crate) fn open(&mut self, duty: DutyId) -> watch::Receiver<ClaimStatus> {
        let (status, receiver) = watch::channel(ClaimStatus::Open);
        self.claims.insert(
            duty,
            Entry {
                status,
                own: None,
                title: None,
                releasing: false,
            },
        );
        receiver
    }

    pub(crate) fn len(&self) -> usize {
        self.claims.len()
    }

    pub(crate) fn hold(&mut self, duty: DutyId, title: Option<LostHold>) {
        let in_doubt = self.in_doubt;
        if let Some(entry) = self.claims.get_mut(&duty) {
            entry.title = title;
            if entry.watched() == Watched::Never {
                return entry.end(ClaimStatus::Lost(Loss::NodeUnreadable));
            }
            entry.status.send_if_modified(|status| {
                let open = *status == ClaimStatus::Open;
                if open {
                    *status = ClaimStatus::Held { in_doubt };
                }
                open
            });
        }
    }

    /// What is held, as far as its owners gave it a title.
    pub(crate) fn held(&self) -> Vec<LostHold> {
        let held = self
            .claims
            .values()
            .filter(|entry| entry.status.borrow().is_held());
        let mut titles: Vec<_> = held.filter_map(|entry| entry.title.clone()).collect();
        titles.sort();
        titles
    }

    /// The node was seen gone, by somebody's hand or the close's. The duty stays with the core until the claim is dropped.
    pub(crate) fn gone(&mut self, duty: DutyId, why: Loss) {
        #[cfg(feature = "__seeded-bugs")]
        if zk_session::seeded::is_on("own-deletion-unnoticed") {
            return;
        }
        if let Some(entry) = self.claims.get_mut(&duty).filter(|entry| !entry.releasing) {
            entry.own = None;
            entry.end(ClaimStatus::Lost(why));
        }
    }

    pub(crate) fn settled(&mut self, duty: DutyId, settled: Settlement) {
        if let Some(entry) = self.claims.remove(&duty) {
            // There was nothing left to delete although it was held: it went before it was released.
            let was_lost = settled == Settlement::Absent && entry.status.borrow().is_held();
            entry.end(if was_lost {
                ClaimStatus::Lost(Loss::NodeDeleted)
            } else {
                ClaimStatus::Settled(settled)
            });
        }
    }

    pub(crate) fn doubt(&mut self, in_doubt: bool) {
        self.in_doubt = in_doubt;
        for entry in self.claims.values() {
            entry.status.send_if_modified(|status| {
                let changed = status.is_held() && *status != ClaimStatus::Held { in_doubt };
                if changed {
                    *status = ClaimStatus::Held { in_doubt };
                }
                changed
            });
        }
    }

    pub(crate) fn session_ended(&mut self, state: &SessionState) {
        let loss = match state {
            SessionState::Expired => Loss::SessionExpired,
            SessionState::AuthFailed => Loss::AuthFailed,
            _ => Loss::Closed,
        };
        self.in_doubt = false;
        #[cfg(feature = "__seeded-bugs")]
        if zk_session::seeded::is_on("hold-survives-expiry") {
            return;
        }
        for (_, entry) in std::mem::take(&mut self.claims) {
            entry.end(ClaimStatus::Lost(loss));
        }
    }

    /// The owner lets go of the node; it is watched no longer.
    pub(crate) fn releasing(&mut self, duty: DutyId) {
        if let Some(entry) = self.claims.get_mut(&duty) {
            entry.own = None;
            entry.releasing = true;
        }
    }

    /// Remembers how the claim's own node is watched.
    pub(crate) fn set_own(&mut self, duty: DutyId, own: OwnWatch) {
        if let Some(entry) = self.claims.get_mut(&duty) {
            entry.own = Some(own);
        }
    }

    pub(crate) fn set_watched(&mut self, duty: DutyId, watched: Watched) {
        if let Some(entry) = self.claims.get_mut(&duty) {
            if let Some(own) = &mut entry.own {
                own.watched = watched;
            }
            if watched == Watched::Never && entry.status.borrow().is_held() {
                entry.end(ClaimStatus::Lost(Loss::NodeUnreadable));
            }
        }
    }

    pub(crate) fn watched(&self, duty: DutyId) -> Watched {
        self.claims
            .get(&duty)
            .map_or(Watched::NotYet, Entry::watched)
    }

    pub(crate) fn own(&self, duty: DutyId) -> Option<OwnWatch> {
        self.claims.get(&duty)?.own.clone()
    }
}

impl Entry {
    fn watched(&self) -> Watched {
        self.own.as_ref().map_or(Watched::NotYet, |own| own.watched)
    }

    /// The first end is the one that counts: a hold that was lost is not "released" later.
    fn end(&self, last: ClaimStatus) {
        self.status.send_if_modified(|status| {
            let going = matches!(status, ClaimStatus::Open | ClaimStatus::Held { .. });
            if going {
                *status = last;
            }
            going
        });
    }
}
