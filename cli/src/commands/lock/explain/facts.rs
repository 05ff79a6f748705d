//! What the tree tells of a lock.

use zk_recipes::{Client, Contender, ErrorKind, Family, Mutex, path};

use super::sessions::Sessions;
use crate::exit::Failure;

/// What is known of a lock.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) path: String,
    /// In the order in which they get it.
    pub(super) contenders: Vec<Contender>,
    /// Children that take part in no recipe, by name.
    pub(super) strangers: Vec<String>,
    /// It has the children of Curator's semaphore, or the door of kazoo's.
    pub(super) semaphore: Option<Semaphore>,
    /// The holds that were ended by force: how many, and what the last record says.
    pub(super) broken: Option<(usize, String)>,
    pub(super) sessions: Sessions,
    /// What else the holders' sessions own.
    pub(super) others: Vec<String>,
}

/// Whose semaphore it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Semaphore {
    Curator,
    Kazoo,
}

impl Facts {
    /// Looks at the tree.
    pub(super) async fn gather(client: &Client, at: &str) -> Result<Self, Failure> {
        let contenders = Mutex::new(client, at)?.contenders().await?;
        let children = children(client, at).await?;
        let known = |name: &String| {
            let node = path::join(at, name);
            contenders.iter().any(|contender| contender.node == node)
        };
        let strangers: Vec<String> = children.into_iter().filter(|name| !known(name)).collect();
        let has = |name: &str| strangers.iter().any(|stranger| stranger == name);
        let semaphore = if has("leases") && has("locks") {
            Some(Semaphore::Curator)
        } else if contenders.is_empty() && client.exists(&format!("{at}-__lock__")).await?.is_some()
        {
            Some(Semaphore::Kazoo)
        } else {
            None
        };
        Ok(Self {
            path: at.to_owned(),
            broken: broken(client, at).await?,
            contenders,
            strangers,
            semaphore,
            ..Self::default()
        })
    }

    /// The number of the contender that this one waits for; `None` if it holds.
    pub(super) fn behind(&self, at: usize) -> Option<usize> {
        let me = self.contenders.get(at).filter(|me| !me.holds)?;
        let ahead = self.contenders.iter().enumerate().take(at);
        ahead
            .filter(|(_, other)| queue(other.family) == queue(me.family))
            .filter(|(_, other)| !shares(me.family) || !shares(other.family))
            .map(|(at, _)| at)
            .next_back()
    }

    /// The queues that there are: contenders of one do not see those of another.
    pub(super) fn queues(&self) -> Vec<Family> {
        let mut queues: Vec<Family> = self.contenders.iter().map(|c| queue(c.family)).collect();
        queues.sort_unstable();
        queues.dedup();
        queues
    }

    /// Notes what else the holders own, by the absolute paths that servers tell.
    pub(super) fn note_others(&mut self, client: &Client) {
        let mine: Vec<String> = self
            .contenders
            .iter()
            .map(|contender| client.absolute(&contender.node))
            .collect();
        let holders = self.contenders.iter().filter(|contender| contender.holds);
        self.others = holders
            .flat_map(|holder| self.sessions.owned(holder.session))
            .filter(|node| !mine.contains(node))
            .cloned()
            .collect();
    }
}

/// Contenders with the same answer wait in one queue.
fn queue(family: Family) -> Family {
    match family {
        Family::Reader => Family::Writer,
        Family::OtherKazoo => Family::Kazoo,
        other => other,
    }
}

/// Whether several hold at a time.
fn shares(family: Family) -> bool {
    matches!(
        family,
        Family::Reader | Family::OtherKazoo | Family::OtherCurator
    )
}

async fn children(client: &Client, at: &str) -> Result<Vec<String>, Failure> {
    match client.children(at).await {
        Ok(mut children) => {
            children.sort_unstable();
            Ok(children)
        }
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

async fn broken(client: &Client, at: &str) -> Result<Option<(usize, String)>, Failure> {
    let records = format!("{at}-__broken__");
    let names = children(client, &records).await?;
    let Some(last) = names.last() else {
        return Ok(None);
    };
    let node = path::join(&records, last);
    match client.get(&node).await {
        Ok(found) => {
            let text = String::from_utf8_lossy(&found.data).into_owned();
            Ok(Some((names.len(), text)))
        }
        // Somebody tidies up.
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
        Err(error) => Err(error.into()),
    }
}
