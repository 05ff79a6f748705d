//! The way in: one at a time takes its leases and looks whether that is not too many.
//!
//! The lease is made before the leases are counted, as Curator does. So there are never more holders than permits, also
//! if two are at the entrance at once: whoever made the last lease counts all of them. The entrance is there for order,
//! and lest two that wait with a lease each keep each other out; so whoever loses it while it waits starts again.

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind, Watch, path};

use super::capacity::Capacity;
use crate::contend::{Contention, Grant, Kind, Layout};

/// Who comes in, and where.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) layout: Layout,
    pub(super) data: Bytes,
    pub(super) acl: Vec<Acl>,
    pub(super) capacity: Capacity,
    /// How many permits it wants.
    pub(super) count: u32,
    /// False: gives up at once if there are not enough.
    pub(super) waits: bool,
}

/// How one try fared.
enum Attempt {
    In(Vec<Grant>),
    Full,
    /// The session, the place at the entrance or a lease is gone.
    Again,
}

impl Entrance {
    /// Where those who want in queue.
    pub(super) fn door(path: &str, layout: Layout) -> String {
        match layout {
            Layout::Curator => path::join(path, "locks"),
            Layout::Kazoo => format!("{path}-__lock__"),
        }
    }

    /// Where the leases are.
    pub(super) fn leases(path: &str, layout: Layout) -> String {
        match layout {
            Layout::Curator => path::join(path, "leases"),
            Layout::Kazoo => path.to_owned(),
        }
    }

    /// Comes in; `None` if it does not wait and there is no room.
    pub(super) async fn run(&self) -> Result<Option<Vec<Grant>>, Error> {
        let door = self.contention(Self::door(&self.path, self.layout), Kind::Lock(self.layout));
        loop {
            let generation = self.client.generation();
            match self.attempt(&door).await {
                Ok(Attempt::In(grants)) => return Ok(Some(grants)),
                Ok(Attempt::Full) => return Ok(None),
                Ok(Attempt::Again) => door.live_on(generation)?,
                Err(error) if error.kind() == ErrorKind::SessionExpired => {
                    door.live_on(generation)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn contention(&self, path: String, kind: Kind) -> Contention {
        Contention {
            client: self.client.clone(),
            path,
            kind,
            data: self.data.clone(),
            acl: self.acl.clone(),
            tag: String::new(),
            waits: self.waits,
        }
    }

    /// Refuses to wait with leases in hand for more than there is. One permit is waited for: the capacity may be 0 for a
    /// while.
    fn fits(&self, capacity: u32) -> Result<(), Error> {
        let (path, count) = (&self.path, self.count);
        if count <= capacity.max(1) {
            return Ok(());
        }
        let text = format!("cannot acquire {count} permits of {path}: there are {capacity} in all");
        Err(Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Acquire, path)
            .with_hint("ask for fewer, or give the semaphore a larger capacity"))
    }

    /// Refuses what can never be had.
    pub(super) fn is_possible(&self) -> Result<(), Error> {
        match &self.capacity.stored {
            Some(_) => Ok(()),
            None if self.capacity.said == 0 && self.count > 0 => {
                let text = format!("cannot acquire a permit of {}: it has none", self.path);
                Err(Error::new(ErrorKind::Misuse, text)
                    .with_op(OpKind::Acquire, &self.path)
                    .with_hint("give the semaphore a larger capacity"))
            }
            None => self.fits(self.capacity.said),
        }
    }

    async fn attempt(&self, door: &Contention) -> Result<Attempt, Error> {
        let Some(entry) = door.run().await? else {
            return Ok(Attempt::Full);
        };
        let room = self.contention(
            Self::leases(&self.path, self.layout),
            Kind::Lease(self.layout),
        );
        let mut asked = self.capacity.ask();
        if self.count > 1 {
            // Before so many nodes are made, and keep everybody else out.
            self.fits(self.capacity.answer(asked).await?)?;
            asked = self.capacity.ask();
        }
        let mut taken = Vec::new();
        let mut leases = Vec::new();
        for _ in 0..self.count {
            let Some((claim, node, listed)) = room.enter().await? else {
                return Ok(Attempt::Again);
            };
            taken.push((claim, node));
            leases = listed;
        }
        let mut capacity = self.capacity.answer(asked).await?;
        let mut watches: Option<Watches> = None;
        loop {
            let is_ours = |lease: &&String| {
                let mut nodes = taken.iter().map(|(_, node)| path::name(&node.path));
                nodes.any(|name| name == *lease)
            };
            let ours = leases.iter().filter(is_ours).count();
            if ours < taken.len() || !entry.claim.status().is_held() {
                return Ok(Attempt::Again);
            }
            #[cfg(feature = "__seeded-bugs")]
            if zk_client::seeded::is_on("own-lease-not-counted") {
                leases.pop();
            }
            if u32::try_from(leases.len()).is_ok_and(|leases| leases <= capacity) {
                let granted = taken.into_iter().map(|(claim, node)| {
                    claim.watch_own(&node.path, None);
                    Grant::held(claim, node, &self.path)
                });
                return Ok(Attempt::In(granted.collect()));
            }
            if !self.waits {
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("failed-try-keeps-the-entrance") {
                    std::mem::forget(entry);
                }
                return Ok(Attempt::Full);
            }
            // The first time round there is nothing to wait with: what was seen so far was seen without watches.
            if let Some(watches) = &mut watches {
                watches.wait(&entry).await;
            }
            let (listed, moved) = match self.client.children(&room.path).watch().await {
                Ok(listed) => listed,
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(Attempt::Again),
                Err(error) => return Err(error),
            };
            let (count, changed) = self.capacity.watched().await?;
            self.fits(count)?;
            (leases, capacity) = (listed, count);
            watches = Some(Watches { moved, changed });
        }
    }
}

/// What can make room.
struct Watches {
    /// A lease came or went.
    moved: Watch,
    /// The capacity changed, if it can.
    changed: Option<Watch>,
}

impl Watches {
    /// Waits for any of it, or for the end of the place at the entrance.
    async fn wait(&mut self, entry: &Grant) {
        let mut status = entry.claim.follow();
        let pushed_out = status.wait_for(|status| !status.is_held());
        let changed = async {
            match &mut self.changed {
                Some(watch) => drop(watch.next().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = pushed_out => {}
            () = changed => {}
            _ = self.moved.next() => {}
        }
    }
}
