//! The values of a node, one after the other.

use std::fmt;

use bytes::Bytes;
use zk_client::{Client, Error, ErrorKind, Watch, Zxid};

use super::versioned::Versioned;
use crate::Layout;
use crate::counter::decode;
use crate::renewal::renewed;

/// The values of a [`SharedValue`](crate::SharedValue), in the order in which they were written.
#[must_use = "nothing is watched until the next value is asked for"]
pub struct Changes {
    client: Client,
    path: String,
    last: Option<Zxid>,
    watch: Option<Watch>,
}

/// The values of a [`SharedCount`](crate::SharedCount), in the order in which they were written.
#[derive(Debug)]
#[must_use = "nothing is watched until the next value is asked for"]
pub struct CountChanges {
    changes: Changes,
    default: Option<i32>,
}

impl Changes {
    pub(super) fn new(client: &Client, path: &str) -> Self {
        Self {
            client: client.patient(),
            path: path.to_owned(),
            last: None,
            watch: None,
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Waits for the next value: the first call yields what is there, later ones what was written since. Values that were
    /// replaced meanwhile are skipped. A removal is not told; what is made after it is.
    ///
    /// # Errors
    ///
    /// `NoAuth`; `SessionExpired` only with `OnExpiry::Stop`; `Closed`. The next call tries again.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no value.
    ///
    /// # Ordering
    ///
    /// Each value was written after the one before it.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; what was written meanwhile is told once, and nothing is told if nothing was. After an
    /// expiry it goes on in the next session.
    pub async fn next(&mut self) -> Result<Versioned<Bytes>, Error> {
        loop {
            if let Some(watch) = &mut self.watch {
                // Whatever it says, a read tells what is there.
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("value-stale-after-a-gap") {
                    crate::wait::sleep_through_gaps(watch).await;
                    self.watch = None;
                    continue;
                }
                watch.next().await;
                self.watch = None;
            }
            let generation = self.client.generation();
            match self.client.get(&self.path).watch().await {
                Ok((node, watch)) => {
                    self.watch = Some(watch);
                    // By transaction: versions overflow, and begin anew with a new node.
                    if self.last.is_none_or(|last| node.stat.mzxid > last) {
                        self.last = Some(node.stat.mzxid);
                        return Ok(Versioned::new(node.data, &node.stat));
                    }
                }
                Err(error) if error.kind() == ErrorKind::NoNode => {
                    match self.client.exists(&self.path).watch().await {
                        Ok((None, watch)) => self.watch = Some(watch),
                        Ok((Some(_), _)) => {}
                        Err(error) => self.failed(generation, error).await?,
                    }
                }
                Err(error) => self.failed(generation, error).await?,
            }
        }
    }

    async fn failed(&self, generation: u64, error: Error) -> Result<(), Error> {
        match renewed(&self.client, generation, error) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.client.explain(error).await),
        }
    }
}

impl CountChanges {
    pub(super) fn new(changes: Changes, default: Option<i32>) -> Self {
        Self { changes, default }
    }

    /// As [`Changes::next`].
    ///
    /// # Errors
    ///
    /// As [`Changes::next`]; `Undecodable` if less than 4 bytes are stored, unless there is a
    /// [default](crate::SharedCount::or). The next call waits for the next value.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no value.
    ///
    /// # Ordering
    ///
    /// As [`Changes::next`].
    ///
    /// # On session events
    ///
    /// As [`Changes::next`].
    pub async fn next(&mut self) -> Result<Versioned<i32>, Error> {
        let found = self.changes.next().await?;
        count(&self.changes.path, found, self.default)
    }
}

/// The count in what is stored.
pub(super) fn count(
    path: &str,
    found: Versioned<Bytes>,
    default: Option<i32>,
) -> Result<Versioned<i32>, Error> {
    // Empty data is no count to Curator, and is what kazoo's counters begin with.
    let stored = if found.value.is_empty() {
        Bytes::from_static(&[0])
    } else {
        found.value.clone()
    };
    let number = match (decode(Layout::Curator, path, Some(&stored)), default) {
        (Err(_), Some(default)) => default,
        (number, _) => number?,
    };
    Ok(found.map(number))
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("path", &self.path)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
