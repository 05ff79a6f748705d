//! Makes the node that is kept, and unmakes it.

use std::time::Duration;

use zk_client::{Claim, Created, Error, ErrorKind, Fate, OpKind, Stat, path};

use super::keeper::Keeper;
use super::life::{Found, Life};
use super::place::Place;
use super::presence::{Standing, Wanted};
use crate::decided::decided;
use crate::parents::make_parents;

impl Keeper {
    /// Makes the node, under a claim that was not used yet if it is ephemeral; its stat and its path. `None`: start again.
    pub(super) async fn make(
        &mut self,
        claim: Option<&Claim>,
        wanted: &Wanted,
    ) -> Result<Option<(Stat, String)>, Error> {
        if claim.is_none() && self.place.is_sequential() && self.was_tried {
            // One that was made, and whose answer was lost, is recognised by its mark, in whatever session.
            if let Some((stat, at)) = self.settle().await? {
                let data = wanted.data.clone();
                let written = self.write(&at, &stat, stat.version, data).await?;
                return Ok(written.map(|_| (stat, at)));
            }
        }
        loop {
            self.was_tried = true;
            match self.create(claim, wanted).await {
                Ok(created) => return Ok(Some((created.stat, created.path))),
                Err(error) => match error.kind() {
                    ErrorKind::NoNode => self.create_parents(error).await?,
                    ErrorKind::NodeExists => {
                        if let Some(adopted) = self.meet(wanted).await? {
                            return Ok(Some(adopted));
                        }
                        if let Some(claim) = claim.filter(|_| self.left.is_some()) {
                            claim.located(self.place.prefix());
                            return Ok(None);
                        }
                    }
                    ErrorKind::ConnectionLost => {
                        return match claim {
                            Some(claim) => {
                                let found = self.settle().await?;
                                self.located(claim, found, wanted).await
                            }
                            // The next attempt meets it, or finds its mark.
                            None => Ok(None),
                        };
                    }
                    _ => return Err(error),
                },
            }
        }
    }

    async fn create(&self, claim: Option<&Claim>, wanted: &Wanted) -> Result<Created, Error> {
        let at = self.place.prefix();
        let mode = self.life.mode(self.place.is_sequential());
        let (acl, data) = (self.acl.clone(), wanted.data.clone());
        if let Some(claim) = claim {
            return claim.create(at, data, acl, mode).await;
        }
        let create = self.client.create(at, data).mode(mode).acl(acl);
        match self.life.ttl() {
            Some(ttl) => create.ttl(ttl).await,
            None => create.await,
        }
    }

    async fn create_parents(&self, missing: Error) -> Result<(), Error> {
        let at = self.place.prefix();
        make_parents(&self.client, at, self.parents, &self.acl, missing).await
    }

    /// What comes of a node that is there already: adopted, with the data that are wanted. `None`: try again.
    async fn meet(&mut self, wanted: &Wanted) -> Result<Option<(Stat, String)>, Error> {
        let at = self.place.prefix();
        let (Some(stat), mut watch) = self.client.exists(at).watch().await? else {
            return Ok(None);
        };
        match self.life.meets(stat.ephemeral_owner) {
            Found::Adopt => {
                let data = wanted.data.clone();
                let written = self.write(at, &stat, stat.version, data).await?;
                Ok(written.map(|_| (stat, at.to_owned())))
            }
            Found::Wait(session) => {
                let is_own = self.client.session_id() == Some(session);
                // What a claim of this session was to delete is left to whoever may have made it since: to this one. If it
                // is there when that has let go of it, somebody else in this session keeps it.
                if is_own && self.left.replace(stat.czxid) != Some(stat.czxid) {
                    return Ok(None);
                }
                self.left = None;
                self.orders.tell(Standing::Taken(session));
                // Whatever it says, the next create tells what is there.
                if is_own {
                    let _ = tokio::time::timeout(NOW_AND_THEN, watch.next()).await;
                } else {
                    watch.next().await;
                }
                self.orders.tell(Standing::Absent);
                Ok(None)
            }
            Found::Refuse => Err(self.in_the_way()),
        }
    }

    fn in_the_way(&self) -> Error {
        let at = self.place.prefix();
        Error::new(
            ErrorKind::NodeExists,
            format!("cannot keep {at}: a node that is not ephemeral is there"),
        )
        .with_fate(Fate::NotApplied)
        .with_op(OpKind::Create, at)
        .with_origin(self.client.server(), self.client.session_id())
        .with_hint("delete it, or keep a node of another name")
    }

    /// Finds out what became of a create whose answer was lost: after a quorum barrier it took place or never will.
    async fn settle(&self) -> Result<Option<(Stat, String)>, Error> {
        decided(&self.client).await?;
        self.find().await
    }

    /// The node that is there under the name, if any.
    async fn find(&self) -> Result<Option<(Stat, String)>, Error> {
        let at = match &self.place {
            Place::Fixed(at) => at.clone(),
            Place::Unnumbered { prefix, mark, .. } => {
                let parent = path::parent(prefix).unwrap_or("/");
                let children = match self.client.children(parent).await {
                    Ok(children) => children,
                    Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                    Err(error) => return Err(error),
                };
                match children.iter().find(|name| name.contains(mark)) {
                    Some(name) => path::join(parent, name),
                    None => return Ok(None),
                }
            }
        };
        let stat = self.client.exists(&at).await?;
        Ok(stat.map(|stat| (stat, at)))
    }

    /// An ephemeral node that was found is ours if it is this session's, and the claim's.
    async fn located(
        &self,
        claim: &Claim,
        found: Option<(Stat, String)>,
        wanted: &Wanted,
    ) -> Result<Option<(Stat, String)>, Error> {
        let is_own = |stat: &Stat| Some(stat.ephemeral_owner) == self.client.session_id();
        let Some((stat, at)) = found.filter(|(stat, _)| is_own(stat)) else {
            return Ok(None);
        };
        if let Place::Fixed(_) = self.place {
            // With other data it comes of an older create, which a server may have made late, or somebody else in this session
            // keeps it.
            match self.client.get(&at).await {
                Ok(node) if node.data == wanted.data => {}
                Ok(_) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                // Its ACL lets nobody read it: then that is how ours is.
                Err(error) if error.kind() == ErrorKind::NoAuth => {}
                Err(error) => return Err(error),
            }
        }
        if self.client.generation() != claim.generation() {
            return Ok(None);
        }
        claim.located(&at);
        Ok(Some((stat, at)))
    }

    /// Deletes a lasting node, whatever is still under way to make it.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        if !self.was_tried {
            return Ok(());
        }
        loop {
            let generation = self.client.generation();
            match self.try_delete().await {
                Ok(()) => return Ok(()),
                Err(error) => self.again(generation, error).await?,
            }
        }
    }

    async fn try_delete(&self) -> Result<(), Error> {
        let Some((stat, at)) = self.settle().await? else {
            return Ok(());
        };
        // One session's node is that session's.
        if !matches!(Life::Lasting.meets(stat.ephemeral_owner), Found::Adopt) {
            return Ok(());
        }
        match self.client.delete(&at).await {
            Err(error) if error.kind() != ErrorKind::NoNode => Err(error),
            _ => Ok(()),
        }
    }
}

/// How often a node that somebody else in this session keeps is looked at: that it is left to us is not told.
const NOW_AND_THEN: Duration = Duration::from_secs(1);
