//! Drives a contender from its creation to the moment it is first.
//!
//! Requests of an acquisition: create2 and the list of children in one write (a free lock costs one round trip,
//! since the list is answered after the create on every server); a contender that must wait watches its
//! own node and its predecessor in one more write. When the predecessor goes, a contender that was next holds
//! without asking again; others list once.

use std::time::Duration;

use bytes::Bytes;
use zk_client::{
    Acl, Claim, ClaimStatus, Client, Created, Error, ErrorKind, EventType, Fate, OpKind, SetEvent,
    WatchEvent, WatchSet, Watched, Zxid, path,
};

use super::decide::{Decision, decide, decide_by_creation};
use super::kind::Kind;
use super::listed::listed;
use crate::decided::decided;
use crate::parents::make_parents;
use crate::renewal::last_end;
use crate::uuid::new_uuid;

/// What to contend for, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Contention {
    pub(crate) client: Client,
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) data: Bytes,
    pub(crate) acl: Vec<Acl>,
    /// What names say besides: follows the id in them.
    pub(crate) tag: String,
    /// False: give up at once if somebody is ahead.
    pub(crate) waits: bool,
}

/// First in the queue.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) claim: Claim,
    pub(crate) node: Created,
    /// The fencing token: the creation zxid of the node.
    pub(crate) token: u64,
}

impl Grant {
    /// Holds by this node from now on.
    pub(crate) fn held(claim: Claim, node: Created, path: &str) -> Self {
        // A zxid counts up in 64 bits; the first of an epoch beyond 2³¹ would be negative, as a token it is not.
        let token = node.stat.czxid.as_raw() as u64;
        #[cfg(feature = "__seeded-bugs")]
        let token = if zk_client::seeded::is_on("token-from-the-suffix") {
            path::sequence_suffix(&node.path)
                .unwrap_or(0)
                .unsigned_abs()
        } else {
            token
        };
        claim.hold_as(path, token);
        Self { claim, node, token }
    }
}

/// How one contender node fared.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is made and taken apart in each attempt"
)]
enum Attempt {
    First(Grant),
    /// Somebody is ahead, and it does not wait.
    Behind,
    /// Node or session are gone, or the parents were missing: the next node may fare better.
    Again,
}

/// Why the wait for the predecessor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// It is gone, and our own node was there when it went.
    PredecessorGone,
    /// Something changed that only a list can tell.
    Unclear,
    /// Our own node is gone, or the session.
    Over,
}

impl Contention {
    /// Contends until first; `None` if it does not wait and somebody is ahead.
    ///
    /// A contender whose node or session is lost while it waits starts again at the tail: nothing was held yet.
    pub(crate) async fn run(&self) -> Result<Option<Grant>, Error> {
        self.run_after(None).await
    }

    /// As [`run`](Self::run); but after somebody ahead that went without the sign of a release it waits so long before it
    /// holds.
    pub(crate) async fn run_after(&self, delay: Option<Duration>) -> Result<Option<Grant>, Error> {
        loop {
            let generation = self.client.generation();
            match self.attempt(delay).await {
                Ok(Attempt::First(grant)) => return Ok(Some(grant)),
                Ok(Attempt::Behind) => return Ok(None),
                Ok(Attempt::Again) => self.live_on(generation)?,
                Err(error) if error.kind() == ErrorKind::SessionExpired => {
                    self.live_on(generation)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(&self, delay: Option<Duration>) -> Result<Attempt, Error> {
        let Some((claim, node, children)) = self.enter().await? else {
            return Ok(Attempt::Again);
        };
        Ok(match self.queue(&claim, &node, children, delay).await? {
            Some(true) => Attempt::First(Grant::held(claim, node, &self.path)),
            Some(false) => {
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("failed-try-leaks") {
                    std::mem::forget(claim);
                }
                Attempt::Behind
            }
            None => Attempt::Again,
        })
    }

    /// A mark in the text form of the kind's names.
    pub(super) fn new_mark(&self) -> Result<String, Error> {
        Ok(self.kind.mark(new_uuid(&self.client)?) + &self.tag)
    }

    /// Creates the contender's node and lists the queue. `None`: start again.
    pub(crate) async fn enter(&self) -> Result<Option<(Claim, Created, Vec<String>)>, Error> {
        let mark = self.new_mark()?;
        let claim = self.client.claim(&self.path, &mark);
        let prefix = path::join(&self.path, &self.kind.prefix(&mark));
        let create = claim.create(
            &prefix,
            self.data.clone(),
            self.acl.clone(),
            self.kind.mode(),
        );
        let list = self.client.children(&self.path).submit();
        match create.await {
            Ok(node) => Ok(Some((claim, node, listed(list.await)?))),
            Err(error) if error.kind() == ErrorKind::NoNode => {
                drop(list);
                claim.absent();
                let parents = self.kind.parents();
                make_parents(&self.client, &prefix, parents, &self.acl, error).await?;
                Ok(None)
            }
            Err(error)
                if error.kind() == ErrorKind::ConnectionLost && error.fate() == Fate::Unknown =>
            {
                drop(list);
                self.settle(claim, &mark).await
            }
            Err(error) => Err(error),
        }
    }

    /// Finds out what became of a create whose answer was lost, on the same session: after a quorum barrier
    /// nothing that was sent before can still happen, so a node with our mark is there now or never.
    pub(super) async fn settle(
        &self,
        claim: Claim,
        mark: &str,
    ) -> Result<Option<(Claim, Created, Vec<String>)>, Error> {
        match decided(&self.client).await {
            #[cfg(feature = "__seeded-bugs")]
            Err(error)
                if error.kind() == ErrorKind::SessionExpired
                    && zk_client::seeded::is_on("owner-not-checked") =>
            {
                decided(&self.client).await?;
            }
            answered => answered?,
        }
        let children = self.list().await?;
        let Some(name) = children.iter().find(|name| name.contains(mark)) else {
            claim.absent();
            return Ok(None);
        };
        let node = path::join(&self.path, name);
        let stat = self.client.exists(&node).await?;
        #[cfg(feature = "__seeded-bugs")]
        if let Some(stat) = stat.filter(|_| zk_client::seeded::is_on("owner-not-checked")) {
            let claim = self.client.claim(&self.path, mark);
            claim.located(&node);
            return Ok(Some((claim, Created::new(node, stat), children)));
        }
        match stat.filter(|stat| Some(stat.ephemeral_owner) == self.client.session_id()) {
            Some(stat) => {
                claim.located(&node);
                Ok(Some((claim, Created::new(node, stat), children)))
            }
            // Gone again, or a dead session's: not ours, and ours can no longer come.
            None => {
                claim.absent();
                Ok(None)
            }
        }
    }

    /// The names in the queue.
    pub(super) async fn list(&self) -> Result<Vec<String>, Error> {
        listed(self.client.children(&self.path).await)
    }

    /// Waits until first. `Some(true)`: first. `Some(false)`: not first and not waiting. `None`: over.
    pub(super) async fn queue(
        &self,
        claim: &Claim,
        node: &Created,
        mut children: Vec<String>,
        delay: Option<Duration>,
    ) -> Result<Option<bool>, Error> {
        let me = path::name(&node.path);
        let mut waiting: Option<WatchSet> = None;
        // What is still to be waited for because of how the last one ahead went.
        let mut pause = None;
        loop {
            let mut decision = decide(me, self.kind, &children);
            let by_creation = matches!(decision, Decision::AskCreation(_));
            if let Decision::AskCreation(names) = decision {
                let asked = names.len();
                let created = self.creations(names).await?;
                if created.len() < asked && !self.kind.is_strict() {
                    // One of them went since the list, and may have left its place to somebody that is not in the list.
                    children = self.list().await?;
                    continue;
                }
                decision = decide_by_creation(me, self.kind, &created);
            }
            match decision {
                Decision::Hold if pause.is_some() => {
                    tokio::time::sleep(pause.take().unwrap_or_default()).await;
                    // Its own node may have gone meanwhile.
                    children = self.list().await?;
                }
                Decision::Hold => {
                    if waiting.is_none() {
                        claim.watch_own(&node.path, None);
                    } else if claim.watched() == Watched::Never {
                        return Err(self.unreadable());
                    }
                    return Ok(Some(true));
                }
                Decision::Wait { .. } if !self.waits => return Ok(Some(false)),
                Decision::Wait { predecessor, index } => {
                    let set = waiting.get_or_insert_with(|| {
                        let set = self.client.watch_set();
                        claim.watch_own(&node.path, Some(&set));
                        set
                    });
                    let mut signed = false;
                    let wake = self.wait_for(claim, set, &predecessor, &mut signed).await?;
                    // If it was not the first in the queue, who was has gone without a word as well.
                    pause = delay.filter(|_| !(signed && index == 1));
                    match wake {
                        #[cfg(feature = "__seeded-bugs")]
                        Wake::PredecessorGone
                            if zk_client::seeded::is_on("no-list-after-the-predecessor") =>
                        {
                            return Ok(Some(true));
                        }
                        // Not where suffixes repeat (near 2³¹): there names say too little.
                        Wake::PredecessorGone
                            if index == 1
                                && !by_creation
                                && self.kind.is_strict()
                                && pause.is_none() =>
                        {
                            return Ok(Some(true));
                        }
                        Wake::Over => return Ok(None),
                        Wake::PredecessorGone | Wake::Unclear => {}
                    }
                    children = self.list().await?;
                }
                Decision::Vanished | Decision::AskCreation(_) => return Ok(None),
                Decision::Mixed { foreign } => return Err(self.mixed(&foreign)),
            }
        }
    }

    /// Waits until the predecessor is gone. The watch is set by reading its data, which leaves no watch behind if
    /// it is gone already.
    async fn wait_for(
        &self,
        claim: &Claim,
        set: &mut WatchSet,
        predecessor: &str,
        signed: &mut bool,
    ) -> Result<Wake, Error> {
        let predecessor = path::join(&self.path, predecessor);
        // While the watches are being set again, events of different nodes may come out of order; and once that
        // happened only a list is certain.
        let mut restoring = false;
        let mut interrupted = false;
        'read: loop {
            let watched = match self.client.get_in(&predecessor, set).await {
                Ok((_, tag)) => {
                    *signed = false;
                    tag
                }
                #[cfg(feature = "__seeded-bugs")]
                Err(error)
                    if error.kind() == ErrorKind::NoNode
                        && zk_client::seeded::is_on("gone-before-the-watch") =>
                {
                    std::future::pending().await
                }
                Err(error) if error.kind() == ErrorKind::NoNode => {
                    return Ok(gone(claim, interrupted));
                }
                Err(error) if error.kind() == ErrorKind::SessionExpired => return Ok(Wake::Over),
                Err(error) => return Err(error),
            };
            // A read whose answer was lost may have been asked again in the next session.
            if !matches!(claim.status(), ClaimStatus::Open) {
                return Ok(Wake::Over);
            }
            let mut seen = None;
            loop {
                match set.next().await {
                    SetEvent::Suspended => (restoring, interrupted) = (true, true),
                    SetEvent::Restored => restoring = false,
                    SetEvent::Watch {
                        event: WatchEvent::Ended(_),
                        ..
                    } => {
                        #[cfg(feature = "__seeded-bugs")]
                        if zk_client::seeded::is_on("no-check-after-the-wait") {
                            return Ok(Wake::PredecessorGone);
                        }
                        return Ok(Wake::Over);
                    }
                    SetEvent::Watch {
                        event: WatchEvent::Removed,
                        ..
                    } => continue 'read,
                    SetEvent::Watch {
                        tag,
                        event: WatchEvent::Fired { kind, .. },
                    } => {
                        if tag == watched {
                            seen = Some(kind);
                        } else if kind == EventType::Deleted {
                            return Ok(Wake::Over);
                        }
                    }
                    _ => {}
                }
                match seen {
                    Some(EventType::Deleted) if !restoring => return Ok(gone(claim, interrupted)),
                    // A clean release writes before it deletes: read again, it may be gone.
                    Some(kind) if !restoring => {
                        *signed = kind == EventType::DataChanged && !interrupted;
                        continue 'read;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn creations(&self, names: Vec<String>) -> Result<Vec<(String, Zxid)>, Error> {
        let asked: Vec<_> = names
            .into_iter()
            .map(|name| {
                let stat = self.client.exists(&path::join(&self.path, &name)).submit();
                (name, stat)
            })
            .collect();
        let mut created = Vec::with_capacity(asked.len());
        for (name, stat) in asked {
            if let Some(stat) = stat.await? {
                created.push((name, stat.czxid));
            }
        }
        Ok(created)
    }

    /// Goes on in the next session, unless there is none.
    pub(crate) fn live_on(&self, generation: u64) -> Result<(), Error> {
        let Some((kind, why)) = last_end(&self.client, generation) else {
            return Ok(());
        };
        let text = format!("cannot acquire {}: {why}", self.path);
        Err(Error::new(kind, text).with_op(OpKind::Acquire, &self.path))
    }
}

/// The predecessor is gone. Its being next is proof only if our own node was still there, which its watch would have
/// told otherwise, on one connection.
fn gone(claim: &Claim, interrupted: bool) -> Wake {
    match claim.status() {
        ClaimStatus::Open if !interrupted && claim.watched() == Watched::Yes => {
            Wake::PredecessorGone
        }
        ClaimStatus::Open => Wake::Unclear,
        _ => Wake::Over,
    }
}
