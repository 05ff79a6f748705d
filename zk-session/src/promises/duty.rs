//! Promises to clean up, and how far each one is.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::ErrorCode;

use crate::event::{Obligation, Settlement};
use crate::ids::{DutyId, RequestId};
use crate::promises::looks::Look;

/// What is known of the node of a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// No create was submitted, or none that took effect.
    Nothing,
    /// The create waits to be sent.
    Unsent(RequestId),
    /// The create was sent and is not answered.
    InFlight(RequestId),
    /// A transaction of the owner's may make it, on this connection: what is asked there comes behind that.
    Expected,
    /// The connection was lost before the create was answered.
    Unknown,
    /// It has this path.
    Located(String),
}

/// What is under way for a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing.
    Idle,
    /// One request that finds out more.
    Asking,
    /// So many deletes are not answered yet.
    Deleting {
        left: usize,
        deleted: bool,
        refused: Option<ErrorCode>,
        again: bool,
    },
}

impl Work {
    /// So many deletes; `more` are to be looked for afterwards.
    pub(crate) const fn deleting(left: usize, more: bool) -> Self {
        Self::Deleting {
            left,
            deleted: false,
            refused: None,
            again: more,
        }
    }
}

/// One promise.
#[derive(Debug)]
pub(crate) struct Duty {
    pub(crate) obligation: Obligation,
    pub(crate) known: Known,
    /// Whether the node goes with the session.
    pub(crate) ephemeral: bool,
    /// Whether it is to be worked off now.
    pub(crate) due: bool,
    /// A delete of ours left and was never answered: if the node is gone, it was us.
    pub(crate) delete_unanswered: bool,
    pub(crate) work: Work,
    /// It is one more look for a node of which the owner was told that there is none, after such a pause: nobody hears of it.
    pub(crate) again: Option<Duration>,
}

impl Duty {
    pub(crate) fn new(obligation: Obligation) -> Self {
        let known = match &obligation {
            Obligation::DeleteMarked { .. } | Obligation::DeleteOwn { .. } => Known::Nothing,
            Obligation::Delete { path } => Known::Located(path.clone()),
        };
        Self {
            obligation,
            known,
            ephemeral: true,
            due: false,
            delete_unanswered: false,
            work: Work::Idle,
            again: None,
        }
    }

    /// One more look for the node of a duty that was settled.
    pub(crate) fn again(look: Look) -> Self {
        Self {
            known: Known::Unknown,
            ephemeral: look.ephemeral,
            due: true,
            again: Some(look.pause),
            ..Self::new(look.obligation)
        }
    }

    /// Whether a create may be submitted for it. A mark is used for one create; after one that was
    /// certainly not applied it is as good as new.
    pub(crate) fn takes_create(&self) -> bool {
        let fresh = match (&self.known, &self.obligation) {
            (Known::Nothing, _) => true,
            (Known::Located(path), Obligation::Delete { path: promised }) => path == promised,
            _ => false,
        };
        fresh && !self.due
    }

    /// Whether its create can have made this node: whoever says another path would have us delete that.
    pub(crate) fn may_be_at(&self, path: &str) -> bool {
        match &self.obligation {
            Obligation::DeleteMarked { parent, mark } => path
                .strip_prefix(&child_prefix(parent))
                .is_some_and(|name| !name.contains('/') && name.contains(mark.as_str())),
            Obligation::DeleteOwn { path: promised } | Obligation::Delete { path: promised } => {
                path == promised
            }
        }
    }

    /// The path, if only a node of this session is to be deleted there.
    pub(crate) fn own_path(&self) -> Option<&str> {
        match &self.obligation {
            Obligation::DeleteOwn { path } => Some(path),
            Obligation::DeleteMarked { .. } | Obligation::Delete { .. } => None,
        }
    }

    /// Whether what a server tells of a node under a name of others' as well is to be believed without a barrier: a delete of ours
    /// that was never answered may be still to come there.
    pub(crate) fn may_look_at_once(&self) -> bool {
        self.own_path().is_some() && !self.delete_unanswered
    }

    /// What it means that the node is not there.
    pub(crate) const fn gone(&self) -> Settlement {
        if self.delete_unanswered {
            Settlement::Deleted
        } else {
            Settlement::Absent
        }
    }

    /// The fate of the create stays open.
    pub(crate) fn create_unknown(&mut self) {
        self.known = match &self.obligation {
            Obligation::DeleteMarked { .. } | Obligation::DeleteOwn { .. } => Known::Unknown,
            // The path is certain, only the node is not. A delete is ordered after the create by the
            // leader, so it needs no barrier.
            Obligation::Delete { path } => Known::Located(path.clone()),
        };
    }
}

/// Which duty of this session a node belongs to, of several at its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeBy {
    /// The one that asks.
    This,
    /// Another, which is not to be worked off, has made it, or may have.
    Another,
    /// The create of another is on the wire. If it is refused the node is of the one that asks.
    Undecided,
}

/// All open duties.
#[derive(Debug, Default)]
pub(crate) struct Duties {
    open: BTreeMap<DutyId, Duty>,
    /// The servers do not know getEphemerals (before 3.6), found out by asking: they answer −6 and close
    /// the connection, so that must not happen twice.
    pub(crate) no_own_list: bool,
}

impl Duties {
    pub(crate) fn insert(&mut self, id: DutyId, duty: Duty) {
        self.open.insert(id, duty);
    }

    pub(crate) fn get(&self, id: DutyId) -> Option<&Duty> {
        self.open.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: DutyId) -> Option<&mut Duty> {
        self.open.get_mut(&id)
    }

    pub(crate) fn remove(&mut self, id: DutyId) -> Option<Duty> {
        self.open.remove(&id)
    }

    /// Whose node is found under the path of a duty that deletes its own alone.
    ///
    /// For one more look it is another's as soon as there is another: that one deletes it, and a second delete might hit whoever
    /// comes after it.
    pub(crate) fn made_by(&self, id: DutyId) -> MadeBy {
        let Some((duty, path)) = self.get(id).and_then(|duty| Some((duty, duty.own_path()?)))
        else {
            return MadeBy::This;
        };
        let mut others = self
            .open
            .iter()
            .filter(|(other, duty)| **other != id && duty.own_path() == Some(path));
        if duty.again.is_some() {
            return match others.next() {
                Some(_) => MadeBy::Another,
                None => MadeBy::This,
            };
        }
        let mut made_by = MadeBy::This;
        for (_, duty) in others.filter(|(_, duty)| !duty.due) {
            match duty.known {
                Known::Nothing | Known::Unsent(_) => {}
                Known::InFlight(_) => made_by = MadeBy::Undecided,
                Known::Expected | Known::Unknown | Known::Located(_) => return MadeBy::Another,
            }
        }
        made_by
    }

    /// Duties that are to be worked off, are not, and delete their own node alone at this path.
    pub(crate) fn waiting_at(&self, path: &str) -> Vec<DutyId> {
        let waiting = self.open.iter().filter(|(_, duty)| {
            duty.due && duty.work == Work::Idle && duty.own_path() == Some(path)
        });
        waiting.map(|(id, _)| *id).collect()
    }

    /// What was expected of the connection that is lost may come to be at any time.
    pub(crate) fn lose_connection(&mut self) {
        for duty in self.open.values_mut() {
            if duty.known == Known::Expected {
                duty.known = Known::Unknown;
            }
        }
    }

    /// Duties that are to be worked off and are not.
    pub(crate) fn waiting(&self) -> Vec<DutyId> {
        let waiting = self
            .open
            .iter()
            .filter(|(_, duty)| duty.due && duty.work == Work::Idle);
        waiting.map(|(id, _)| *id).collect()
    }

    pub(crate) fn any_due(&self) -> bool {
        let mut told = self.open.values().filter(|duty| duty.again.is_none());
        told.any(|duty| duty.due)
    }

    /// The session is over: how each duty ends with it.
    pub(crate) fn drain(&mut self) -> Vec<(DutyId, Settlement)> {
        let settle = |(id, duty): (DutyId, Duty)| {
            let undone = duty.known == Known::Nothing;
            (
                id,
                if undone {
                    Settlement::Undone
                } else {
                    Settlement::Moot
                },
            )
        };
        std::mem::take(&mut self.open)
            .into_iter()
            .filter(|(_, duty)| duty.again.is_none())
            .map(settle)
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        let told = self.open.values().filter(|duty| duty.again.is_none());
        told.count()
    }

    pub(crate) fn check_invariants(&self) {
        for (id, duty) in &self.open {
            debug_assert!(
                duty.work == Work::Idle || duty.due,
                "{id} is worked off before its time"
            );
        }
    }
}

/// What the paths of a node's children begin with.
pub(crate) fn child_prefix(parent: &str) -> String {
    if parent == "/" {
        "/".to_owned()
    } else {
        format!("{parent}/")
    }
}
