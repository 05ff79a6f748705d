//! What entering and leaving share.

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, Stat, path};

use super::decide::READY;
use crate::Layout;

/// Where members meet, and how many.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) members: usize,
    pub(super) layout: Layout,
    pub(super) acl: Vec<Acl>,
}

impl Site {
    /// The path of the node that says that all have entered.
    pub(super) fn ready(&self) -> String {
        path::join(&self.path, READY)
    }

    /// Waits until a node is gone, or something else happened to it.
    pub(super) async fn until_gone(&self, node: &str) -> Result<(), Error> {
        match self.client.get(node).watch().await {
            Ok((_, mut watch)) => {
                watch.next().await;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a `ready` away that nobody needs, and no other: a write of this version shows whether it is the same node.
    pub(super) async fn remove_ready(&self, stale: Stat) -> Result<(), Error> {
        let ready = self.ready();
        let condemned = self.client.set(&ready, Bytes::new()).version(stale.version);
        let removed = match condemned.await {
            Ok(stat) if stat.czxid == stale.czxid => {
                self.client.delete(&ready).version(stat.version).await
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match removed {
            // Somebody else is at it, or it is not known: whoever comes next looks again.
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::NoNode | ErrorKind::BadVersion | ErrorKind::ConnectionLost
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }
}
