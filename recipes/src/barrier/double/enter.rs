//! Entering.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use zk_client::{
    Claim, ClaimStatus, CreateMode, Error, ErrorKind, EventType, Fate, Stat, Watch, WatchEvent,
    path,
};

use super::decide::{self, Entry, is_member};
use super::member::BarrierMember;
use super::site::Site;
use crate::Layout;
use crate::barrier::withdraw::Place;
use crate::contend::Kind;
use crate::decided::decided;
use crate::parents::make_parents;
use crate::renewal::renewed;
use crate::uuid::new_uuid;
use crate::wait::late;

/// Entering a barrier, with its options. Made by [`DoubleBarrier::enter`](crate::DoubleBarrier::enter); await it for a member.
///
/// # Errors
///
/// `WaitTimedOut` when [`timeout`](Self::timeout) passed first: the member was withdrawn before that was told, unless no
/// server could be reached (then it goes as soon as one can, or with its session). `NoAuth`; `SessionExpired` only with
/// `OnExpiry::Stop`; `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, no member and no watch is left behind.
///
/// # Ordering
///
/// The member's node is queued for creation at the first poll.
///
/// # On session events
///
/// Waits through a suspension. After an expiry it enters again with the next session.
#[must_use = "entering does nothing until it is awaited"]
#[derive(Clone)]
pub struct Enter {
    barrier: Site,
    timeout: Option<Duration>,
}

impl Enter {
    pub(super) fn new(barrier: Site) -> Self {
        let client = barrier.client.patient();
        Self {
            barrier: Site { client, ..barrier },
            timeout: None,
        }
    }

    /// Gives up after this long. Default: waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<BarrierMember, Error> {
        let barrier = &self.barrier;
        // Outside the future that is timed, so that the member can be withdrawn before the caller is told.
        let mut waiting = Place::default();
        let entered = match self.timeout {
            None => barrier.enter_in_some_session(&mut waiting).await,
            Some(limit) => {
                let enter = barrier.enter_in_some_session(&mut waiting);
                match tokio::time::timeout(limit, enter).await {
                    Ok(entered) => entered,
                    Err(_) => {
                        #[cfg(feature = "__seeded-bugs")]
                        if zk_client::seeded::is_on("late-member-stays") {
                            std::mem::forget(std::mem::take(&mut waiting));
                        }
                        waiting.withdraw(&barrier.client).await;
                        let why = format!("not all of its {} members came", barrier.members);
                        return Err(late(&barrier.client, &barrier.path, limit, why));
                    }
                }
            }
        };
        let node = match entered {
            Ok(node) => node,
            Err(error) => return Err(barrier.client.explain(error).await),
        };
        let Some(claim) = waiting.claim else {
            return Err(Error::new(
                ErrorKind::Bug,
                "a member entered without a claim",
            ));
        };
        Ok(BarrierMember {
            claim,
            node,
            barrier: self.barrier,
            leaving: watch::Sender::new(false),
        })
    }
}

impl Site {
    /// Enters; yields the path of the member's node, whose claim is in `waiting`.
    async fn enter_in_some_session(&self, waiting: &mut Place) -> Result<String, Error> {
        loop {
            let generation = self.client.generation();
            let entered = match self.create(waiting).await {
                Ok(Some((node, created))) => self.wait(waiting, &node, created).await,
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            match entered {
                Ok(Some(node)) => return Ok(node),
                Ok(None) => {}
                Err(error) => renewed(&self.client, generation, error)?,
            }
            waiting.clear();
        }
    }

    /// Creates the member's node. `None`: start again.
    async fn create(&self, waiting: &mut Place) -> Result<Option<(String, Stat)>, Error> {
        let uuid = new_uuid(&self.client)?;
        let name = match self.layout {
            Layout::Curator => uuid,
            Layout::Kazoo => uuid.replace('-', ""),
        };
        let node = path::join(&self.path, &name);
        let claim = waiting.claim.insert(self.client.claim(&self.path, &name));
        let mode = CreateMode::Ephemeral;
        let error = match claim
            .create(&node, Bytes::new(), self.acl.clone(), mode)
            .await
        {
            Ok(created) => return Ok(Some((node, created.stat))),
            Err(error) => error,
        };
        match (error.kind(), error.fate()) {
            (ErrorKind::NoNode, _) => {
                waiting.discard();
                let parents = Kind::Lock(self.layout).parents();
                make_parents(&self.client, &node, parents, &self.acl, error).await?;
                Ok(None)
            }
            (ErrorKind::ConnectionLost, Fate::NotApplied) => Ok(None),
            (ErrorKind::ConnectionLost, Fate::Unknown) => {
                decided(&self.client).await?;
                let stat = self.client.exists(&node).await?;
                match stat.filter(|stat| Some(stat.ephemeral_owner) == self.client.session_id()) {
                    Some(stat) => {
                        claim.located(&node);
                        Ok(Some((node, stat)))
                    }
                    None => {
                        waiting.discard();
                        Ok(None)
                    }
                }
            }
            _ => Err(error),
        }
    }

    /// Waits until all are there. `None`: start again, the member is gone.
    async fn wait(
        &self,
        waiting: &mut Place,
        node: &str,
        created: Stat,
    ) -> Result<Option<String>, Error> {
        let Some(claim) = &waiting.claim else {
            return Ok(None);
        };
        claim.watch_own(node, None);
        let me = path::name(node);
        loop {
            let ready = self.client.exists(&self.ready()).watch().submit();
            let list = self.client.children(&self.path).submit();
            let (ready, watch) = ready.await?;
            let children = match list.await {
                Ok(children) => children,
                Err(error) if error.kind() == ErrorKind::NoNode => Vec::new(),
                Err(error) => return Err(error),
            };
            let opened = ready.map(|stat| stat.czxid);
            match decide::enter((me, created.czxid), &children, opened, self.members) {
                Entry::Pass => return Ok(Some(node.to_owned())),
                Entry::Open(names) => {
                    if self.open(&names).await? {
                        return Ok(Some(node.to_owned()));
                    }
                }
                Entry::Wait => match told(watch, claim).await {
                    #[cfg(feature = "__seeded-bugs")]
                    Told::Ready if zk_client::seeded::is_on("open-gate-not-looked-at") => {}
                    #[cfg(feature = "__seeded-bugs")]
                    _ if zk_client::seeded::is_on("any-wake-up-enters") => {
                        return Ok(Some(node.to_owned()));
                    }
                    Told::Ready => return Ok(Some(node.to_owned())),
                    Told::Gone => return Ok(None),
                    Told::Unclear => {}
                },
                Entry::Vanished => return Ok(None),
                Entry::Late => {
                    drop(watch);
                    waiting.release().await?;
                    self.until_left().await?;
                    return Ok(None);
                }
            }
        }
    }

    /// Makes `ready` on condition that these members are there. False: look again.
    async fn open(&self, names: &[String]) -> Result<bool, Error> {
        let ready = self.ready();
        let checks = names.iter().fold(self.client.multi(), |multi, name| {
            multi.check(&path::join(&self.path, name), None)
        });
        let persistent = CreateMode::Persistent;
        let open = checks.create_with_acl(&ready, Bytes::new(), persistent, self.acl.clone());
        let Err(error) = open.await else {
            return Ok(true);
        };
        match error.kind() {
            // A member was withdrawn, or somebody was faster.
            ErrorKind::NoNode | ErrorKind::NodeExists => Ok(false),
            ErrorKind::ConnectionLost => {
                decided(&self.client).await?;
                Ok(false)
            }
            // A member's ACL does not let us look at it: make it as Curator does.
            ErrorKind::NoAuth if error.operation().is_some_and(|at| at < names.len()) => {
                let create = self.client.create(&ready, Bytes::new());
                match create.acl(self.acl.clone()).await {
                    Ok(_) => Ok(true),
                    Err(error) if error.kind() == ErrorKind::NodeExists => Ok(false),
                    Err(error) if error.kind() == ErrorKind::ConnectionLost => Ok(false),
                    Err(error) => Err(error),
                }
            }
            _ => Err(error),
        }
    }

    /// Waits until those who entered before have left and `ready` is gone. If none of them is there any more, because the
    /// last one was lost, takes it away.
    async fn until_left(&self) -> Result<(), Error> {
        loop {
            let ready = self.client.exists(&self.ready()).submit();
            let list = self.client.children(&self.path).submit();
            let (ready, children) = (ready.await?, list.await);
            let Some(ready) = ready else {
                return Ok(());
            };
            let children = match children {
                Ok(children) => children,
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(()),
                Err(error) => return Err(error),
            };
            let asked: Vec<_> = children
                .iter()
                .filter(|name| is_member(name))
                .map(|name| {
                    let node = path::join(&self.path, name);
                    let stat = self.client.exists(&node).submit();
                    (node, stat)
                })
                .collect();
            let mut entered = None;
            for (node, stat) in asked {
                if stat.await?.is_some_and(|stat| stat.czxid < ready.czxid) {
                    entered = Some(node);
                }
            }
            match entered {
                None => self.remove_ready(ready).await?,
                Some(node) => self.until_gone(&node).await?,
            }
        }
    }
}

/// What a waiting member was told.
enum Told {
    Ready,
    /// The member or its session is gone.
    Gone,
    /// Only another look can tell.
    Unclear,
}

async fn told(mut watch: Watch, claim: &Claim) -> Told {
    let mut status = claim.follow();
    let over = |status: &ClaimStatus| *status != ClaimStatus::Open;
    tokio::select! {
        biased;
        event = watch.next() => match event {
            // Our member was there when the watch was set, so this `ready` is younger. If the member has gone meanwhile, that
            // was told before.
            Some(WatchEvent::Fired { kind: EventType::Created, .. }) if !over(&claim.status()) => {
                Told::Ready
            }
            Some(WatchEvent::Ended(_)) | None => Told::Gone,
            Some(_) => Told::Unclear,
        },
        _ = status.wait_for(over) => Told::Gone,
    }
}

impl IntoFuture for Enter {
    type Output = Result<BarrierMember, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Enter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enter")
            .field("path", &self.barrier.path)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
