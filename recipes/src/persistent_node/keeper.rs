//! Keeps a node: makes it, watches it, writes to it, makes it again.

use bytes::Bytes;
use zk_client::{
    Acl, Claim, ClaimStatus, Client, CreateMode, Error, ErrorKind, EventType, Fate, Loss, OpKind,
    Stat, WatchEvent, Zxid, path,
};

use super::life::Life;
use super::place::Place;
use super::presence::Orders;
use crate::renewal::{crowded_out, renewed};
use crate::uuid::new_uuid;

/// Who keeps a node.
pub(crate) struct Keeper {
    pub(crate) client: Client,
    pub(crate) place: Place,
    pub(crate) life: Life,
    pub(crate) acl: Vec<Acl>,
    /// What missing parents are made as.
    pub(crate) parents: CreateMode,
    pub(crate) orders: Orders,
    /// Whether a create may have left that nobody has seen the end of.
    pub(super) was_tried: bool,
    /// The node of this session that the last claim has let go of.
    pub(super) left: Option<Zxid>,
    /// What it held first.
    #[cfg(feature = "__seeded-bugs")]
    first: Option<Bytes>,
}

impl Keeper {
    pub(crate) fn new(client: Client, place: Place, life: Life, orders: Orders) -> Self {
        Self {
            client,
            place,
            life,
            acl: vec![Acl::open()],
            parents: CreateMode::Container,
            orders,
            was_tried: false,
            left: None,
            #[cfg(feature = "__seeded-bugs")]
            first: None,
        }
    }

    /// Keeps the node until the end is asked for, or there is nobody left who could ask.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        let mut wanted = self.orders.wanted.clone();
        let closed = async move {
            let _ = wanted.wait_for(|wanted| wanted.closing).await;
        };
        tokio::pin!(closed);
        loop {
            let generation = self.client.generation();
            // Nodes that outlive their session are nobody's duty.
            let claim = if self.life == Life::Ephemeral {
                Some(self.claim()?)
            } else {
                None
            };
            let ended = tokio::select! {
                biased;
                () = &mut closed => return self.withdraw(claim).await,
                ended = self.keep(claim.as_ref()) => ended,
            };
            self.orders.absent();
            // What is left of it goes before the next attempt, and before an end is told. Whatever stands in the way of that
            // stands in the next attempt's, which tells it.
            if let Some(claim) = claim {
                let _ = claim.release().await;
            }
            if let Err(error) = ended {
                self.again(generation, error).await?;
            }
        }
    }

    fn claim(&mut self) -> Result<Claim, Error> {
        if let Place::Unnumbered { .. } = self.place {
            self.place = self.place.clone().remarked(new_uuid(&self.client)?);
        }
        Ok(match &self.place {
            Place::Fixed(path) => self.client.claim_node(path),
            Place::Unnumbered { prefix, mark, .. } => {
                let parent = path::parent(prefix).unwrap_or("/");
                self.client.claim(parent, mark)
            }
        })
    }

    /// The end that was asked for.
    async fn withdraw(&mut self, claim: Option<Claim>) -> Result<(), Error> {
        self.orders.absent();
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("end-told-before-the-node-is-gone") {
            return Ok(());
        }
        match (self.life, claim) {
            (Life::Ephemeral, Some(claim)) => match claim.release().await {
                Ok(ClaimStatus::Lost(loss)) if self.was_tried => self.lost_sight(loss),
                Ok(_) => Ok(()),
                // It goes with its session.
                Err(error) if error.kind() == ErrorKind::SessionExpired => Ok(()),
                Err(error) => Err(error),
            },
            (Life::Lasting, _) => self.delete().await,
            (Life::Ephemeral | Life::Ttl(_), _) => Ok(()),
        }
    }

    /// The session is over for this process. Whether it is for the servers, and its nodes are gone, hangs on why.
    fn lost_sight(&self, loss: Loss) -> Result<(), Error> {
        let kind = match loss {
            Loss::Closed => ErrorKind::Closed,
            Loss::AuthFailed => ErrorKind::AuthFailed,
            _ => return Ok(()),
        };
        let at = self.place.prefix();
        let text = format!(
            "{loss} before {at} was known to be gone: if no server heard of it, the node goes when the session times out"
        );
        Err(Error::new(kind, text)
            .with_fate(Fate::Unknown)
            .with_op(OpKind::Release, at)
            .with_origin(self.client.server(), self.client.session_id())
            .with_hint("wait for the end of the driver before you close the client"))
    }

    /// Whether the next attempt may fare better.
    pub(super) async fn again(&self, generation: u64, error: Error) -> Result<(), Error> {
        if error.kind() == ErrorKind::ConnectionLost {
            return Ok(());
        }
        let Err(error) = crowded_out(error).await else {
            return Ok(());
        };
        match renewed(&self.client, generation, error) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.client.explain(error).await),
        }
    }

    /// Makes the node, and looks after it until it is gone.
    async fn keep(&mut self, claim: Option<&Claim>) -> Result<(), Error> {
        let mut orders = self.orders.wanted.clone();
        let wanted = orders.borrow_and_update().clone();
        #[cfg(feature = "__seeded-bugs")]
        let wanted = {
            let mut wanted = wanted;
            let first = self.first.get_or_insert_with(|| wanted.data.clone());
            if zk_client::seeded::is_on("made-again-as-it-was-at-first") {
                wanted.data = first.clone();
            }
            wanted
        };
        let Some((made, path)) = self.make(claim, &wanted).await? else {
            return Ok(());
        };
        self.place = Place::Fixed(path.clone());
        self.orders.present(&path, made.czxid, wanted.number);
        loop {
            let (stat, mut watch) = match self.client.exists(&path).watch().await {
                Ok(looked) => looked,
                Err(error) => {
                    // The node is there all the while.
                    crowded_out(error).await?;
                    continue;
                }
            };
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
                        let written = self.write(&path, &made, version, wanted.data).await?;
                        let Some(now) = written else {
                            return Ok(());
                        };
                        version = now;
                        self.orders.present(&path, made.czxid, wanted.number);
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

    /// Writes data into the node; its new version, or nothing if it is gone.
    pub(super) async fn write(
        &self,
        path: &str,
        made: &Stat,
        mut version: i32,
        data: Bytes,
    ) -> Result<Option<i32>, Error> {
        loop {
            // With its version, so that hardly a node that came after it is written to.
            let write = self.client.set(path, data.clone()).version(version);
            match write.await {
                Ok(stat) if stat.czxid == made.czxid => return Ok(Some(stat.version)),
                // Another one has taken its place, and had that version.
                Ok(_) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                // Written or not: once more does no harm.
                Err(error) if is_undecided(&error) => {}
                Err(error) => {
                    crowded_out(error).await?;
                    continue;
                }
            }
            match self.client.exists(path).await {
                Ok(Some(stat)) if stat.czxid == made.czxid => version = stat.version,
                Ok(_) => return Ok(None),
                // The next write tells as much.
                Err(error) => crowded_out(error).await?,
            }
        }
    }
}

/// Whether what is there now has to tell what to write next.
fn is_undecided(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BadVersion | ErrorKind::ConnectionLost
    )
}
