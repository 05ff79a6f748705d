//! Keeps a node: makes it, watches it, writes to it, makes it again.

use bytes::Bytes;
use zk_client::{
    Acl, Claim, Client, CreateMode, Error, ErrorKind, EventType, Fate, OpKind, SessionId, Stat,
    WatchEvent,
};

use super::presence::{Orders, Standing, Wanted};
use crate::decided::decided;
use crate::parents::make_parents;
use crate::renewal::renewed;

pub(super) struct Keeper {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) acl: Vec<Acl>,
    pub(super) orders: Orders,
}

/// How an attempt to make the node ended.
enum Made {
    /// It is there, and ours.
    Yes(Stat),
    /// It is not there; the next attempt needs another claim.
    Again,
}

impl Keeper {
    pub(super) async fn run(self) -> Result<(), Error> {
        let mut wanted = self.orders.wanted.clone();
        // Closed by a word, or by there being nobody left who could say it.
        let closed = async move {
            let _ = wanted.wait_for(|wanted| wanted.closing).await;
        };
        tokio::pin!(closed);
        loop {
            let generation = self.client.generation();
            let claim = self.client.claim_node(&self.path);
            let ended = tokio::select! {
                biased;
                () = &mut closed => return self.withdraw(claim).await,
                ended = self.keep(&claim) => ended,
            };
            self.orders.tell(Standing::Absent, 0);
            drop(claim);
            if let Err(error) = ended {
                self.again(generation, error).await?;
            }
        }
    }

    /// The end that was asked for.
    async fn withdraw(&self, claim: Claim) -> Result<(), Error> {
        self.orders.tell(Standing::Absent, 0);
        match claim.release().await {
            Ok(_) => Ok(()),
            // It goes with its session.
            Err(error) if error.kind() == ErrorKind::SessionExpired => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the next attempt may fare better.
    async fn again(&self, generation: u64, error: Error) -> Result<(), Error> {
        if error.kind() == ErrorKind::ConnectionLost {
            return Ok(());
        }
        match renewed(&self.client, generation, error) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.client.explain(error).await),
        }
    }

    /// Makes the node, and looks after it until it is gone.
    async fn keep(&self, claim: &Claim) -> Result<(), Error> {
        let mut orders = self.orders.wanted.clone();
        let wanted = orders.borrow_and_update().clone();
        let Made::Yes(made) = self.make(claim, &wanted).await? else {
            return Ok(());
        };
        self.orders
            .tell(Standing::Present(made.czxid), wanted.number);
        loop {
            let (stat, mut watch) = self.client.exists(&self.path).watch().await?;
            let Some(stat) = stat.filter(|stat| stat.czxid == made.czxid) else {
                return Ok(());
            };
            let mut version = stat.version;
            loop {
                let told = tokio::select! {
                    biased;
                    told = watch.next() => told,
                    changed = orders.changed() => {
                        if changed.is_err() {
                            // Nobody can ask for anything any more: whoever runs this sees to the end.
                            return std::future::pending().await;
                        }
                        let wanted = orders.borrow_and_update().clone();
                        let Some(now) = self.write(&made, version, wanted.data).await? else {
                            return Ok(());
                        };
                        version = now;
                        self.orders.tell(Standing::Present(made.czxid), wanted.number);
                        continue;
                    }
                };
                match told {
                    Some(WatchEvent::Fired { kind, .. }) if kind != EventType::Deleted => break,
                    _ => return Ok(()),
                }
            }
        }
    }

    /// Makes the node under a claim that was not used yet.
    async fn make(&self, claim: &Claim, wanted: &Wanted) -> Result<Made, Error> {
        loop {
            let (acl, data) = (self.acl.clone(), wanted.data.clone());
            let create = claim.create(&self.path, data, acl, CreateMode::Ephemeral);
            match create.await {
                Ok(created) => return Ok(Made::Yes(created.stat)),
                Err(error) if error.kind() == ErrorKind::NoNode => {
                    let container = CreateMode::Container;
                    make_parents(&self.client, &self.path, container, &self.acl, error).await?;
                }
                Err(error) if error.kind() == ErrorKind::NodeExists => {
                    self.wait_for_other().await?
                }
                Err(error) if is_lost(&error) => return self.settle(claim).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until the node that is there, and is not of this keeper, goes.
    async fn wait_for_other(&self) -> Result<(), Error> {
        let (Some(stat), mut watch) = self.client.exists(&self.path).watch().await? else {
            return Ok(());
        };
        if stat.ephemeral_owner == SessionId::NONE {
            let text = format!(
                "cannot keep {}: a node that is not ephemeral is there",
                self.path
            );
            return Err(Error::new(ErrorKind::NodeExists, text)
                .with_fate(Fate::NotApplied)
                .with_op(OpKind::Create, &self.path)
                .with_origin(self.client.server(), self.client.session_id())
                .with_hint("delete it, or keep a node of another name"));
        }
        self.orders.tell(Standing::Taken(stat.ephemeral_owner), 0);
        // Whatever it says, the next create tells what is there.
        watch.next().await;
        self.orders.tell(Standing::Absent, 0);
        Ok(())
    }

    /// Finds out what became of a create whose answer was lost: after a quorum barrier it took place or never will.
    async fn settle(&self, claim: &Claim) -> Result<Made, Error> {
        decided(&self.client).await?;
        let stat = self.client.exists(&self.path).await?;
        let own = |stat: &Stat| Some(stat.ephemeral_owner) == self.client.session_id();
        match stat.filter(own) {
            Some(stat) if self.client.generation() == claim.generation() => {
                claim.located(&self.path);
                Ok(Made::Yes(stat))
            }
            _ => Ok(Made::Again),
        }
    }

    /// Writes data into the node; its new version, or nothing if it is gone.
    async fn write(
        &self,
        made: &Stat,
        mut version: i32,
        data: Bytes,
    ) -> Result<Option<i32>, Error> {
        loop {
            // With its version, so that no node that came after it is written to.
            match self
                .client
                .set(&self.path, data.clone())
                .version(version)
                .await
            {
                Ok(stat) => return Ok(Some(stat.version)),
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                // Written or not: once more does no harm.
                Err(error) if error.kind() == ErrorKind::BadVersion || is_lost(&error) => {}
                Err(error) => return Err(error),
            }
            match self.client.exists(&self.path).await? {
                Some(stat) if stat.czxid == made.czxid => version = stat.version,
                _ => return Ok(None),
            }
        }
    }
}

fn is_lost(error: &Error) -> bool {
    error.kind() == ErrorKind::ConnectionLost
}
