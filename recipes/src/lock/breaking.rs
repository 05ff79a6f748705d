//! Ending a hold by force, on record.

use zk_client::{CreateMode, Error, ErrorKind, MultiResult, OpKind};

use super::acquire::default_contender;
use super::contenders::Contender;
use super::mutex::Mutex;
use super::place::is_below;
use super::revocation::gone;

/// A hold that was ended by force.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// The node that tells of it, for good: beside the lock, as everything below takes part in it.
    pub record: String,
}

impl Mutex {
    /// Ends the hold, or the wait, of a contender by force: deletes its node if it is still the one that was listed, and
    /// leaves a record. Both happen or neither.
    ///
    /// The record is a persistent node `PATH-__broken__/break-<10 digits>` with one line each for the node, what it said
    /// about itself, its session and token, who broke it, and why; its time is when it was created.
    ///
    /// The holder, if it is alive, hears of the loss ([`Held::lost`](crate::Held::lost)) as soon as it can, and may
    /// write until then: break only what is known to be dead, or what checks tokens.
    ///
    /// # Errors
    ///
    /// `NoNode` if it is gone already; `Misuse` if it is no contender of this lock; `NoAuth`, and what every operation can
    /// meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: it is broken, on record, or not.
    ///
    /// # Ordering
    ///
    /// A read, then one transaction.
    ///
    /// # On session events
    ///
    /// As a write: what was under way when the connection broke is unknown; list the contenders.
    pub async fn break_hold(&self, contender: &Contender, reason: &str) -> Result<Broken, Error> {
        is_below(&self.path, contender)?;
        let Contender { node, token, .. } = contender;
        let stat = self.client.exists(node).await?;
        if stat.is_none_or(|stat| stat.czxid.as_raw() as u64 != *token) {
            return Err(gone(&self.path, contender));
        }
        let record = format!("{}-__broken__/break-", self.path);
        self.client
            .create_parents(&record, CreateMode::Persistent, &self.acl)
            .await?;
        let broken = self
            .client
            .multi()
            .create_with_acl(
                &record,
                self.record(contender, reason),
                CreateMode::PersistentSequential,
                self.acl.clone(),
            )
            .delete(node, None);
        match broken.await {
            Ok(results) => match results.into_iter().next() {
                Some(MultiResult::Created { path, .. }) => Ok(Broken { record: path }),
                _ => Err(Error::new(
                    ErrorKind::Bug,
                    "a transaction without its first result",
                )),
            },
            Err(error) if error.kind() == ErrorKind::NoNode => Err(gone(&self.path, contender)),
            Err(error) => Err(error.with_op(OpKind::Release, node)),
        }
    }

    fn record(&self, contender: &Contender, reason: &str) -> String {
        // One line each, whatever it says.
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        format!(
            "node: {}\ncontender: {}\nsession: {}\ntoken: {}\nby: {}\nreason: {}\n",
            contender.node,
            line(&contender.text),
            contender.session,
            contender.token,
            default_contender(),
            line(reason)
        )
    }
}
