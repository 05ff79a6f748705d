//! From writer to reader with no writer in between.

use zk_client::{Error, ErrorKind, OpKind};

use super::holding::{ReadGuard, Reading, Writing};
use crate::contend::{Contention, Kind};
use crate::lock::{LockGuard, guard};

impl LockGuard<Writing> {
    /// The fencing token; see [`Held::token`](crate::Held::token).
    #[must_use]
    pub fn token(&self) -> u64 {
        self.view().token()
    }

    /// Becomes a reader with no writer in between; waiting readers with no writer ahead come in. There is no way back:
    /// a reader that wants to write releases and queues again.
    ///
    /// In the tree a reader's node is made in the writer's place before the writer's is deleted, as Curator does since
    /// 5.5.0; older Curator programs on the same path do not keep a writer out of their own downgrade.
    ///
    /// # Errors
    ///
    /// `LockLost` if the write lock was lost before; `Misuse` if the path's counter is near its end (2³¹ contenders);
    /// `Closed`, `NoAuth`. After an error nothing is held any more.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: dropped at any point, neither lock is held any more.
    ///
    /// # Ordering
    ///
    /// One round trip. The delete of the writer's node is queued before this returns.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; an expiry is a loss.
    pub async fn downgrade(self) -> Result<ReadGuard, Error> {
        let (claim, held, kind) = self.into_parts();
        let contention = Contention {
            client: held.client().patient(),
            path: held.path().to_owned(),
            kind: Kind::Read(kind.layout),
            data: kind.contender,
            acl: kind.acl,
            tag: String::new(),
            waits: false,
        };
        #[cfg(feature = "__seeded-bugs")]
        let claim = claim.filter(|_| !zk_client::seeded::is_on("writer-goes-before-it-reads"));
        let grant = contention.inherit(held.node(), held.generation()).await?;
        // Not before: until here this is what keeps writers out.
        drop(claim);
        match grant {
            Some(grant) => Ok(guard(&contention.client, &contention.path, grant, Reading)),
            None => {
                let path = held.path();
                let mut text =
                    format!("cannot go on reading under {path}: the write lock was lost");
                if let Some(lost) = held.loss() {
                    text = format!("{text} ({})", lost.why);
                }
                Err(Error::new(ErrorKind::LockLost, text)
                    .with_op(OpKind::Acquire, path)
                    .with_hint("acquire it again; others may have written since"))
            }
        }
    }
}
