//! Arriving.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{
    Acl, Client, CreateMode, Error, ErrorKind, Fate, OpKind, SetEvent, WatchEvent, WatchSet, path,
};

use super::decide::{PARTY, round, twin};
use crate::barrier::withdraw::Place;
use crate::decided::decided;
use crate::renewal::renewed;
use crate::uuid::new_uuid;
use crate::wait::late;

/// Arriving at a barrier, with its options. Made by [`CyclicBarrier::arrive`](crate::CyclicBarrier::arrive); await it for the number of the round.
///
/// # Errors
///
/// `WaitTimedOut` when [`timeout`](Self::timeout) passed first: the party was withdrawn before that was told, unless no
/// server could be reached (then it goes as soon as one can, or with its session). `NoAuth`; `SessionExpired` with the fate *unknown* if the
/// session expired after a round was completed in which this party may have been; `SessionExpired` with `OnExpiry::Stop`;
/// `Closed`.
///
/// # Cancel safety
///
/// Self-cleaning: dropped at any point, no node and no watch is left behind. It may have been part of a round.
///
/// # Ordering
///
/// Rounds are made of parties in the order in which their nodes are created. The create is queued at the first poll.
///
/// # On session events
///
/// Waits through a suspension. After an expiry it arrives again with the next session, unless a round was completed
/// meanwhile.
#[must_use = "arriving does nothing until it is awaited"]
#[derive(Clone)]
pub struct Arrive {
    barrier: Site,
    timeout: Option<Duration>,
}

/// Where parties meet, and how many.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) parties: usize,
    pub(super) acl: Vec<Acl>,
}

/// One party's node and its watches.
struct Party {
    node: String,
    set: WatchSet,
}

impl Arrive {
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

    async fn run(self) -> Result<u32, Error> {
        let Self { barrier, timeout } = self;
        // Outside the future that is timed, so that the party can be withdrawn before the caller is told.
        let mut waiting = Place::default();
        let arrived = match timeout {
            None => barrier.arrive_in_some_session(&mut waiting).await,
            Some(limit) => {
                let arrive = barrier.arrive_in_some_session(&mut waiting);
                match tokio::time::timeout(limit, arrive).await {
                    Ok(arrived) => arrived,
                    Err(_) => {
                        waiting.withdraw(&barrier.client).await;
                        let why = format!("not all of its {} parties came", barrier.parties);
                        return Err(late(&barrier.client, &barrier.path, limit, why));
                    }
                }
            }
        };
        match arrived {
            Ok(round) => Ok(round),
            Err(error) => Err(barrier.client.explain(error).await),
        }
    }
}

impl Site {
    /// Arrives; the claim of the party's node is in `waiting` until it has passed.
    async fn arrive_in_some_session(&self, waiting: &mut Place) -> Result<u32, Error> {
        // The last version of the barrier's node that was seen while our party waited.
        let mut last = None;
        let who = u64::from_be_bytes(self.client.random()?);
        loop {
            let generation = self.client.generation();
            let passed = match self.enter(waiting, who).await {
                Ok(Some(party)) => self.wait(party, &mut last).await,
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            match passed {
                Ok(Some(round)) => return Ok(round),
                Ok(None) => {}
                Err(error) => renewed(&self.client, generation, error)?,
            }
            waiting.clear();
            // The party is gone. Within the session it had not passed; of an expired one that is known only if nobody did.
            if let (Some(before), true) = (last, self.client.generation() != generation) {
                if self.version().await? != before {
                    return Err(self.unknown());
                }
            }
        }
    }

    /// Creates a node of the party `who`. `None`: start again.
    async fn enter(&self, waiting: &mut Place, who: u64) -> Result<Option<Party>, Error> {
        let uuid = new_uuid(&self.client)?;
        let claim = waiting.claim.insert(self.client.claim(&self.path, &uuid));
        let prefix = path::join(&self.path, &format!("{PARTY}{who:016x}-{uuid}-"));
        let mode = CreateMode::EphemeralSequential;
        let create = claim.create(&prefix, Bytes::new(), self.acl.clone(), mode);
        let node = match create.await {
            Ok(created) => created.path,
            Err(error) => match (error.kind(), error.fate()) {
                (ErrorKind::NoNode, _) => {
                    waiting.discard();
                    self.create_own(error).await?;
                    return Ok(None);
                }
                (ErrorKind::ConnectionLost, Fate::NotApplied) => return Ok(None),
                (ErrorKind::ConnectionLost, Fate::Unknown) => match self.settle(&uuid).await? {
                    Some(node) if claim.generation() == self.client.generation() => {
                        claim.located(&node);
                        node
                    }
                    _ => {
                        waiting.discard();
                        return Ok(None);
                    }
                },
                _ => return Err(error),
            },
        };
        let set = self.client.watch_set();
        Ok(Some(Party { node, set }))
    }

    /// Creates the barrier's own node: nobody's child, and there for good.
    async fn create_own(&self, missing: Error) -> Result<(), Error> {
        let create = self.client.create(&self.path, Bytes::new());
        let create = create.acl(self.acl.clone()).parents().as_containers();
        match create.await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NodeExists | ErrorKind::ConnectionLost
                ) =>
            {
                Ok(())
            }
            // The chroot itself is missing.
            Err(error) if error.kind() == ErrorKind::NoNode => Err(missing),
            Err(error) => Err(error),
        }
    }

    /// Waits for the round. `None`: the party's node is gone and it did not pass as far as this session saw.
    async fn wait(&self, party: Party, last: &mut Option<i32>) -> Result<Option<u32>, Error> {
        let Party { node, mut set } = party;
        let mut passed = BTreeSet::new();
        loop {
            let own = self.client.get_in(&node, &set);
            let barrier = self.client.get_in(&self.path, &set);
            let list = self.client.children(&self.path).submit();
            let own = own.await;
            let barrier = barrier.await;
            let children = list.await;
            let (own, own_tag) = match own {
                Ok(own) => own,
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                Err(error) => return Err(error),
            };
            // Written by whoever completed the round.
            if let Some(round) = round_in(&own.data) {
                return Ok(Some(round));
            }
            let (barrier, tag) = barrier?;
            let version = barrier.stat.version;
            *last = Some(version);
            let children = children?;
            if let Some(twin) = twin(&children, path::name(&node)) {
                let twin = path::join(&self.path, twin);
                if let Some(round) = self.take_back(&twin).await? {
                    return Ok(Some(round));
                }
                set.forget(own_tag);
                set.forget(tag);
                continue;
            }
            match round(&children, &passed, self.parties) {
                Some(parties) => match self.complete(&parties, version).await? {
                    Completed::Look => {}
                    Completed::HasPassed(at) => passed.extend(parties.into_iter().nth(at)),
                },
                None => {
                    if !changed(&mut set).await {
                        return Ok(None);
                    }
                }
            }
            // Both are watched again with the next look.
            set.forget(own_tag);
            set.forget(tag);
        }
    }

    /// Deletes a node of ours that came late, and tells the round that it passed in, if it did.
    async fn take_back(&self, twin: &str) -> Result<Option<u32>, Error> {
        let waits = self.client.delete(twin).version(0).await;
        let passed = match waits {
            Err(error) if error.kind() == ErrorKind::BadVersion => self.client.get(twin).await,
            Err(error) => Err(error),
            Ok(()) => return Ok(None),
        };
        match passed {
            Ok(node) => {
                // If it stays, it goes with the session: it has passed, and counts no more.
                let _ = self.client.delete(twin).await;
                Ok(round_in(&node.data))
            }
            // Another look tells.
            Err(error) if matches!(error.kind(), ErrorKind::NoNode | ErrorKind::ConnectionLost) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets these parties pass, all or none.
    async fn complete(&self, parties: &[String], version: i32) -> Result<Completed, Error> {
        let number = version.wrapping_add(1) as u32;
        let data = Bytes::copy_from_slice(&number.to_be_bytes());
        let multi = parties.iter().fold(self.client.multi(), |multi, name| {
            // Version 0: waits still.
            let waits = Some(0);
            #[cfg(feature = "__seeded-bugs")]
            let waits = waits.filter(|_| !zk_client::seeded::is_on("passed-party-counted-again"));
            multi.set(&path::join(&self.path, name), data.clone(), waits)
        });
        let Err(error) = multi.set(&self.path, Bytes::new(), version).await else {
            return Ok(Completed::Look);
        };
        match (error.kind(), error.operation()) {
            (ErrorKind::BadVersion, Some(at)) if at < parties.len() => Ok(Completed::HasPassed(at)),
            (ErrorKind::BadVersion | ErrorKind::NoNode, _) => Ok(Completed::Look),
            (ErrorKind::ConnectionLost, _) => {
                decided(&self.client).await?;
                Ok(Completed::Look)
            }
            _ => Err(error),
        }
    }

    async fn settle(&self, uuid: &str) -> Result<Option<String>, Error> {
        decided(&self.client).await?;
        match self.client.children(&self.path).await {
            Ok(children) => Ok(children
                .iter()
                .find(|name| name.contains(uuid))
                .map(|name| path::join(&self.path, name))),
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn version(&self) -> Result<i32, Error> {
        loop {
            let generation = self.client.generation();
            match self.client.exists(&self.path).linearizable().await {
                Ok(stat) => return Ok(stat.map_or(-1, |stat| stat.version)),
                Err(error) => renewed(&self.client, generation, error)?,
            }
        }
    }

    fn unknown(&self) -> Error {
        let text = format!(
            "cannot tell whether this party passed {}: a round was completed about when its session expired",
            self.path
        );
        Error::new(ErrorKind::SessionExpired, text)
            .with_fate(Fate::Unknown)
            .with_op(OpKind::Wait, &self.path)
    }
}

/// What came of completing a round.
enum Completed {
    /// Done, or something changed: another look tells.
    Look,
    /// The party at this place had passed already.
    HasPassed(usize),
}

/// Waits for a change; false when the session is over.
async fn changed(set: &mut WatchSet) -> bool {
    loop {
        match set.next().await {
            SetEvent::Watch {
                event: WatchEvent::Ended(_),
                ..
            } => return false,
            SetEvent::Watch { .. } => return true,
            _ => {}
        }
    }
}

/// The number of the round that a party's data names.
fn round_in(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}

impl IntoFuture for Arrive {
    type Output = Result<u32, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Arrive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrive")
            .field("path", &self.barrier.path)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
