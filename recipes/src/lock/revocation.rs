//! Asking a holder to let go.

use std::future::{Future, pending};

use zk_client::{Error, ErrorKind, OpKind};

use super::contenders::Contender;
use super::held::Held;
use super::mutex::Mutex;
use super::place::is_below;

/// What Curator's `Revoker` writes into the holder's node.
const REQUEST: &[u8] = b"__REVOKE__";

impl Mutex {
    /// Asks a contender to let go, by Curator's request in its node (`__REVOKE__`, in place of what it says about
    /// itself). Nothing forces it: a contender of ours hears it by [`Held::revoked`], one of Curator's if it was made
    /// revocable, kazoo's never. The one behind it in the queue reads once more.
    ///
    /// # Errors
    ///
    /// `NoNode` if it is gone already; `Misuse` if it is no contender of this lock; `NoAuth`, and what every operation can
    /// meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: it is asked or not.
    ///
    /// # Ordering
    ///
    /// As a write.
    ///
    /// # On session events
    ///
    /// As a write: what was under way when the connection broke is unknown. Asking twice does no harm.
    pub async fn revoke(&self, contender: &Contender) -> Result<(), Error> {
        is_below(&self.path, contender)?;
        match self.client.set(&contender.node, REQUEST).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NoNode => Err(gone(&self.path, contender)),
            Err(error) => Err(error),
        }
    }
}

impl Held {
    /// Resolves when somebody asks the holder to let go: [`Mutex::revoke`], or Curator's `Revoker`. Never after the
    /// hold ended. Owned: may be spawned or selected.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Inert: its watch goes with it.
    ///
    /// # Ordering
    ///
    /// Resolves at once, after a read, if the request is there already.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; a request that was made meanwhile is seen. An expiry ends the hold.
    pub fn revoked(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let client = self.client().patient();
        let node = self.node().to_owned();
        async move {
            loop {
                match client.get(&node).watch().await {
                    Ok((found, _)) if &found.data[..] == REQUEST => return,
                    Ok((_, mut watch)) => drop(watch.next().await),
                    Err(_) => break,
                }
            }
            // It is over: there is nothing to wait for, and nothing to keep the session open for.
            drop((client, node));
            pending().await
        }
    }
}

pub(super) fn gone(path: &str, contender: &Contender) -> Error {
    let node = &contender.node;
    Error::new(
        ErrorKind::NoNode,
        format!("cannot end the hold of {path}: {node} is gone already"),
    )
    .with_op(OpKind::Release, node)
    .with_hint(format!("`zkctl locks {path}` shows who is there now"))
}
