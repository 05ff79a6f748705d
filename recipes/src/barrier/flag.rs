//! A flag that many wait for.

use zk_client::{Acl, Client, Error};

use crate::cell::validated;
use crate::wait::{Condition, Gate, Wait};

/// A flag that is set or clear; who waits for it passes as soon as it is set.
///
/// **Layout** (our own): the node is there while the flag is set, persistent and empty. It is a [`Barrier`](crate::Barrier)
/// with the meaning of the node turned round.
///
/// **Guarantee**: a wait ends with `Ok` only if the flag was seen set. A flag that is set and cleared again may be missed by who
/// was not connected in between.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, EventFlag};
/// # let zk = Client::dev().await?;
/// let ready = EventFlag::new(&zk, "/flags/schema-ready")?;
/// ready.set().await?;
/// ready.wait().await?;
/// assert!(ready.clear().await?);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct EventFlag {
    gate: Gate,
}

impl EventFlag {
    /// The flag at `path`. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root.
    pub fn new(client: &Client, path: &str) -> Result<Self, Error> {
        let path = validated(path, "an event flag")?;
        Ok(Self {
            gate: Gate::new(client, path),
        })
    }

    /// Sets the ACL of the node, if it is made here. Default: open to everybody.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.gate.acl = acl.into();
        self
    }

    /// The flag's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.gate.path
    }

    /// Sets the flag, unless it is set; missing parents are made as containers.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the flag may be set.
    ///
    /// # Ordering
    ///
    /// After `Ok` it was set at some moment of the call.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; a lost answer is settled; goes on in the next session after an expiry. The flag does not
    /// go with the session.
    pub async fn set(&self) -> Result<(), Error> {
        self.gate.make().await
    }

    /// Clears the flag; false if it was clear.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the flag may be cleared.
    ///
    /// # Ordering
    ///
    /// Clears what is set when the clearing reaches the servers. A flag that is set after that stays, also when the answer is
    /// lost. That it was clear is told after a quorum write, whatever the own server knows.
    ///
    /// # On session events
    ///
    /// As [`set`](Self::set).
    pub async fn clear(&self) -> Result<bool, Error> {
        self.gate.unmake().await
    }

    /// True while the flag is set.
    ///
    /// # Errors
    ///
    /// What every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// A plain read: it may miss what other clients were told is done.
    ///
    /// # On session events
    ///
    /// Waits through a suspension and is asked again in the next session after an expiry.
    pub async fn is_set(&self) -> Result<bool, Error> {
        Ok(self.gate.look().await?.is_some())
    }

    /// Waits until the flag is set; passes at once if it is. See [`Wait`] for the timeout.
    pub fn wait(&self) -> Wait {
        Wait::new(&self.gate.client, &self.gate.path, Condition::Present)
    }
}
