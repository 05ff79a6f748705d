//! Following who leads.

use zk_client::{Client, Error, ErrorKind, SetEvent, Watch, WatchEvent, WatchSet, path};

use super::leader::{self, Leader};
use crate::contend::Kind;
use crate::renewal::renewed;

/// Follows who leads an election. Made by [`Election::observe`](crate::Election::observe).
///
/// It watches the leader's node and the election's, and lists candidates only when the leader changes; while there is
/// none it waits for the first. Dropping it removes its watches.
#[derive(Debug)]
pub struct Leaders {
    client: Client,
    path: String,
    kind: Kind,
    armed: Armed,
    told: Option<Option<Leader>>,
}

/// What tells that another look is due.
#[derive(Debug)]
enum Armed {
    /// Nothing: look now.
    Due,
    /// The leader's node or the election's changes.
    Leader(WatchSet),
    /// Somebody stands, or the election's node comes to be.
    Vacant(Watch),
}

impl Leaders {
    pub(super) fn new(client: Client, path: &str, kind: Kind) -> Self {
        Self {
            client,
            path: path.to_owned(),
            kind,
            armed: Armed::Due,
            told: None,
        }
    }

    /// The leader: at the first call at once, then whenever somebody else leads or the leader announces something else.
    /// `None` while nobody leads. Leaders that came and went between two calls are left out; epochs never go back.
    ///
    /// # Errors
    ///
    /// `NoAuth`; `SessionExpired` only with `OnExpiry::Stop`; `Closed`. After an error the next call looks again.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// As the connected server sees it: leaders follow each other in the order of their epochs, perhaps late.
    ///
    /// # On session events
    ///
    /// Waits through a suspension, and goes on in the client's next session.
    pub async fn next(&mut self) -> Result<Option<Leader>, Error> {
        loop {
            self.due().await;
            let generation = self.client.generation();
            match self.look().await {
                Ok(leader) if self.told.as_ref() == Some(&leader) => {}
                Ok(leader) => {
                    self.told = Some(leader.clone());
                    return Ok(leader);
                }
                Err(error) if error.kind() == ErrorKind::ConnectionLost => self.armed = Armed::Due,
                Err(error) => {
                    self.armed = Armed::Due;
                    if let Err(error) = renewed(&self.client, generation, error) {
                        return Err(self.client.explain(error).await);
                    }
                }
            }
        }
    }

    /// Waits until another look is due.
    async fn due(&mut self) {
        match &mut self.armed {
            Armed::Due => {}
            Armed::Leader(set) => loop {
                let told = set.next().await;
                if matches!(told, SetEvent::Watch { event, .. } if event != WatchEvent::Gap) {
                    break;
                }
            },
            Armed::Vacant(watch) => loop {
                match watch.next().await {
                    Some(WatchEvent::Fired { .. } | WatchEvent::Ended(_)) | None => break,
                    Some(_) => {}
                }
            },
        }
        self.armed = Armed::Due;
    }

    /// Looks, and sets the watches for the next time.
    async fn look(&mut self) -> Result<Option<Leader>, Error> {
        let Self {
            client,
            path: at,
            kind,
            ..
        } = self;
        let client = client.patient();
        loop {
            let set = client.watch_set();
            let children = client.children(at).submit();
            let election = async {
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("observer-watches-the-leader-alone") {
                    return client.get(at).await;
                }
                client.get_in(at, &set).await.map(|(found, _)| found)
            };
            let listed = match children.await {
                Ok(children) => Some(children),
                Err(error) if error.kind() == ErrorKind::NoNode => None,
                Err(error) => return Err(error),
            };
            let record = match election.await {
                Ok(found) => leader::record(&found),
                Err(error) if error.kind() == ErrorKind::NoNode => None,
                Err(error) => return Err(error),
            };
            let first = match &listed {
                Some(children) => leader::first_name(&client, at, *kind, children).await?,
                None => None,
            };
            let Some(name) = first else {
                match vacant(&client, at, *kind, listed.is_some()).await? {
                    Some(watch) => {
                        self.armed = Armed::Vacant(watch);
                        return Ok(None);
                    }
                    None => continue,
                }
            };
            let node = path::join(at, &name);
            match client.get_in(&node, &set).await {
                Ok((found, _)) => {
                    self.armed = Armed::Leader(set);
                    return Ok(Some(Leader::new(node, &found, record.as_ref())));
                }
                // It went since the list: look again.
                Err(error) if error.kind() == ErrorKind::NoNode => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A watch for the first candidate, or for the election's node. `None` if there is something by now.
async fn vacant(
    client: &Client,
    at: &str,
    kind: Kind,
    exists: bool,
) -> Result<Option<Watch>, Error> {
    if !exists {
        let (stat, watch) = client.exists(at).watch().await?;
        return Ok(stat.is_none().then_some(watch));
    }
    match client.children(at).watch().await {
        Ok((children, watch)) => {
            let first = leader::first_name(client, at, kind, &children).await?;
            Ok(first.is_none().then_some(watch))
        }
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
        Err(error) => Err(error),
    }
}
