//! A contender that takes over the place of another one: how a writer becomes a reader, and a leader hands over to
//! somebody of its choice, with nobody in between.
//!
//! The new node has the digits of the old one and is made while the old one is there, so whoever waits behind the old
//! one finds the new one when that goes. It is not sequential: the name is the caller's, a mark makes it unique.

use std::future::Future;

use zk_client::{Claim, CreateMode, Created, Error, ErrorKind, Fate, path};

use super::names::Name;
use super::run::{Contention, Grant};

impl Contention {
    /// Holds in the place of the contender whose node is `old`, of the session of this generation. `None`: that one held
    /// no more when the new node came to be, and the new node is gone again.
    pub(crate) async fn inherit(&self, old: &str, generation: u64) -> Result<Option<Grant>, Error> {
        Ok(self
            .take_place(old, generation)
            .await?
            .map(|(claim, node)| {
                claim.watch_own(&node.path, None);
                Grant::held(claim, node, &self.path)
            }))
    }

    /// Waits directly behind the contender whose node is `old`, of whatever session, until that one is gone: ahead of all
    /// who wait for it. `in_place` runs once nobody can get in between. `None`: the old node was gone before the new one
    /// came to be, or the new one is gone.
    pub(crate) async fn succeed<F>(&self, old: &str, in_place: F) -> Result<Option<Grant>, Error>
    where
        F: Future<Output = ()>,
    {
        let generation = self.client.generation();
        let Some((claim, node)) = self.take_place(old, generation).await? else {
            return Ok(None);
        };
        in_place.await;
        let children = self.list().await?;
        let first = self.queue(&claim, &node, children, None).await?;
        Ok(first.map(|_| Grant::held(claim, node, &self.path)))
    }

    /// A node with the digits of `old`, which was there when the new one came to be.
    async fn take_place(
        &self,
        old: &str,
        generation: u64,
    ) -> Result<Option<(Claim, Created)>, Error> {
        let Some(digits) = Name::parse(path::name(old)).and_then(|name| name.digits()) else {
            return Err(self.without_a_place(old));
        };
        loop {
            let mark = self.new_mark()?;
            let claim = self.client.claim(&self.path, &mark);
            if claim.generation() != generation {
                return Ok(None);
            }
            let node = path::join(&self.path, &(self.kind.prefix(&mark) + &digits));
            let create = claim.create(
                &node,
                self.data.clone(),
                self.acl.clone(),
                CreateMode::Ephemeral,
            );
            // Asked behind the create: if the old node is there now, it was there when the new one came to be.
            let witness = self.client.exists(old).submit();
            let (claim, node) = match create.await {
                Ok(node) => (claim, node),
                Err(error) => match error.kind() {
                    ErrorKind::NoNode => {
                        claim.absent();
                        return Ok(None);
                    }
                    ErrorKind::SessionExpired => return Ok(None),
                    ErrorKind::ConnectionLost if error.fate() == Fate::Unknown => {
                        match self.settle(claim, &mark).await {
                            Ok(Some((claim, node, _))) => (claim, node),
                            Ok(None) => continue,
                            Err(error) if error.kind() == ErrorKind::SessionExpired => {
                                return Ok(None);
                            }
                            Err(error) => return Err(error),
                        }
                    }
                    _ => return Err(error),
                },
            };
            return match witness.await {
                #[cfg(feature = "__seeded-bugs")]
                Ok(None) if zk_client::seeded::is_on("writer-goes-before-it-reads") => {
                    Ok(Some((claim, node)))
                }
                #[cfg(feature = "__seeded-bugs")]
                Ok(None) if zk_client::seeded::is_on("heir-of-a-leader-that-is-gone") => {
                    Ok(Some((claim, node)))
                }
                Ok(Some(_)) => Ok(Some((claim, node))),
                Ok(None) => Ok(None),
                Err(error) if error.kind() == ErrorKind::SessionExpired => Ok(None),
                Err(error) => Err(error),
            };
        }
    }
}
