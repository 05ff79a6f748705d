//! What the body of a transaction reads and writes through.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use zk_client::{Client, Error, ErrorKind, OpKind};

use super::sets::{Sets, Write};
use crate::transaction::guardable;

/// One attempt of a transaction, as its body sees it. Made by [`Stm::run`](crate::Stm::run).
///
/// Reads see what the transaction itself wrote, and each node as it was when it was first read. Nothing is sent for a write
/// before the body has ended.
pub struct Tx {
    client: Client,
    max_operations: usize,
    shared: Arc<Mutex<Attempt>>,
}

/// What an attempt comes to.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    pub(super) sets: Sets,
    /// Why a read failed, if one did.
    pub(super) failed: Option<Error>,
    /// The body has ended.
    over: bool,
}

impl Tx {
    pub(super) fn new(client: &Client, max_operations: usize) -> Self {
        Self {
            client: client.clone(),
            max_operations,
            shared: Arc::default(),
        }
    }

    /// The other end, to take the sets from when the body has ended.
    pub(super) fn attempt(&self) -> Arc<Mutex<Attempt>> {
        Arc::clone(&self.shared)
    }

    /// The data of a node; `None` if it does not exist. Either is a condition of the transaction.
    ///
    /// What two reads found need not have been there at one moment before the transaction commits: then it does not, and the
    /// body runs again. A body must not take harm from such a mixture.
    ///
    /// # Errors
    ///
    /// `NoAuth`; `InvalidPath`; `FrameTooLarge` with more operations than [`Stm::max_operations`](crate::Stm::max_operations)
    /// allows; `BadVersion` if the node's version is −1; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Queued at first poll, unless the transaction wrote or read the node before: then nothing is sent.
    ///
    /// # On session events
    ///
    /// Waits through a suspension. Fails at expiry; if the body then ends with that error it runs again in the next session.
    pub async fn get(&self, path: &str) -> Result<Option<Bytes>, Error> {
        if let Some(known) = self.open()?.sets.known(path) {
            return Ok(known);
        }
        let read = match self.client.get(path).await {
            Ok(node) => {
                guardable(path, node.stat.version).map(|version| Some((node.data, version)))
            }
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
            Err(error) => Err(error),
        };
        let mut attempt = self.open()?;
        let read = read.and_then(|read| {
            self.room(&attempt)?;
            Ok(read)
        });
        match read {
            Ok(found) => Ok(attempt.sets.note_read(path, found)),
            Err(error) => {
                attempt.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Replaces the data of a node that exists: one that was read, or whatever is there.
    ///
    /// # Errors
    ///
    /// `FrameTooLarge` with more operations than allowed. What the server refuses, [`Stm::run`](crate::Stm::run) tells.
    pub fn set(&self, path: &str, data: impl Into<Bytes>) -> Result<(), Error> {
        self.write(path, Write::Set(data.into()))
    }

    /// Creates a persistent node. It must not exist; its parent must, at the latest by what was created before it.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn create(&self, path: &str, data: impl Into<Bytes>) -> Result<(), Error> {
        self.write(path, Write::Create(data.into()))
    }

    /// Deletes a node that exists and has no children: one that was read, or whatever is there.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn delete(&self, path: &str) -> Result<(), Error> {
        self.write(path, Write::Delete)
    }

    /// Replaces the data of a node, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), which tells whether it exists.
    ///
    /// # Cancel safety
    ///
    /// Inert: nothing is written before the body has ended.
    ///
    /// # Ordering
    ///
    /// As [`get`](Self::get).
    ///
    /// # On session events
    ///
    /// As [`get`](Self::get).
    pub async fn put(&self, path: &str, data: impl Into<Bytes>) -> Result<(), Error> {
        match self.get(path).await? {
            Some(_) => self.set(path, data),
            None => self.create(path, data),
        }
    }

    fn write(&self, path: &str, write: Write) -> Result<(), Error> {
        let mut attempt = self.open()?;
        self.room(&attempt)?;
        attempt.sets.note_write(path, write);
        Ok(())
    }

    fn open(&self) -> Result<MutexGuard<'_, Attempt>, Error> {
        let attempt = lock(&self.shared);
        if !attempt.over {
            return Ok(attempt);
        }
        let text = "a transaction was used after its body had ended";
        Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Multi, "/"))
    }

    fn room(&self, attempt: &Attempt) -> Result<(), Error> {
        if attempt.sets.operations() < self.max_operations {
            return Ok(());
        }
        let text = format!(
            "a transaction may read and write {} nodes in all, and this one is to do more",
            self.max_operations
        );
        Err(Error::new(ErrorKind::FrameTooLarge, text)
            .with_op(OpKind::Multi, "/")
            .with_hint("make several, or raise .max_operations()"))
    }
}

/// Ends the attempt: whoever still has its [`Tx`] can do nothing with it any more.
pub(super) fn end(attempt: &Mutex<Attempt>) -> Attempt {
    let mut attempt = lock(attempt);
    let over = Attempt {
        over: true,
        ..Attempt::default()
    };
    std::mem::replace(&mut *attempt, over)
}

fn lock(attempt: &Mutex<Attempt>) -> MutexGuard<'_, Attempt> {
    attempt.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}
