//! Shared values of a type.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind, Zxid};

use super::changes::Changes;
use super::shared::SharedValue;
use super::versioned::Versioned;
use crate::CompareAndSet;

/// A type whose values are stored in nodes, and how: with whatever format its programs agree on.
pub trait Stored: Sized {
    /// Why something stored is none of its values, or why a value cannot be stored.
    type Error: fmt::Display;

    /// What is stored for a value.
    ///
    /// # Errors
    ///
    /// If this value cannot be stored. Whoever writes it is told so, and nothing is written.
    fn to_data(&self) -> Result<Bytes, Self::Error>;

    /// The value that is stored.
    ///
    /// # Errors
    ///
    /// If it is none. Whoever reads the node is told so, with the node's path.
    fn from_data(data: &[u8]) -> Result<Self, Self::Error>;
}

/// A [`SharedValue`] whose values are of one type. What is stored and is no such value is an error of the kind
/// `Undecodable`, which names the path and the reason; the guarantee is that of [`SharedValue`].
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::num::ParseIntError;
/// # use zk_recipes::{Bytes, Client, Stored, TypedValue};
/// # let zk = Client::dev().await?;
/// struct Limit(u32);
///
/// impl Stored for Limit {
///     type Error = ParseIntError;
///     fn to_data(&self) -> Result<Bytes, ParseIntError> { Ok(self.0.to_string().into()) }
///     fn from_data(data: &[u8]) -> Result<Self, ParseIntError> {
///         String::from_utf8_lossy(data).parse().map(Self)
///     }
/// }
///
/// let limit = TypedValue::new(&zk, "/config/limit", &Limit(10))?;
/// let mut changes = limit.changes();
/// // Whoever reads it first makes it, with the seed.
/// let current = limit.get().await?;
/// assert_eq!(changes.next().await?.value.0, 10);
/// assert!(limit.try_set(&current, &Limit(current.value.0 + 1)).await?.is_done());
/// assert_eq!(changes.next().await?.value.0, 11);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
pub struct TypedValue<T> {
    value: SharedValue,
    of: PhantomData<fn() -> T>,
}

/// The values of a [`TypedValue`], in the order in which they were written.
#[must_use = "nothing is watched until the next value is asked for"]
pub struct TypedChanges<T> {
    changes: Changes,
    of: PhantomData<fn() -> T>,
}

impl<T: Stored> TypedValue<T> {
    /// The value at `path`, which is `seed` if there is no node. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root; `Misuse` if the seed cannot be stored.
    pub fn new(client: &Client, path: &str, seed: &T) -> Result<Self, Error> {
        Ok(Self {
            value: SharedValue::new(client, path, encode(path, seed)?)?,
            of: PhantomData,
        })
    }

    /// As [`AtomicNumber::acl`](crate::AtomicNumber::acl).
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.value = self.value.acl(acl);
        self
    }

    /// As [`AtomicNumber::unmarked`](crate::AtomicNumber::unmarked).
    #[must_use]
    pub fn unmarked(mut self) -> Self {
        self.value = self.value.unmarked();
        self
    }

    /// The node's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.value.path()
    }

    /// As [`SharedValue::get`].
    ///
    /// # Errors
    ///
    /// As [`SharedValue::get`]; `Undecodable`.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: the node may be made.
    ///
    /// # Ordering
    ///
    /// As [`SharedValue::get`].
    ///
    /// # On session events
    ///
    /// As [`SharedValue::get`].
    pub async fn get(&self) -> Result<Versioned<T>, Error> {
        let found = self.value.get().await?;
        decoded(self.path(), found)
    }

    /// As [`SharedValue::set`].
    ///
    /// # Errors
    ///
    /// As [`SharedValue::set`]; `Misuse` if the value cannot be stored.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`SharedValue::set`].
    ///
    /// # Ordering
    ///
    /// As [`SharedValue::set`].
    ///
    /// # On session events
    ///
    /// As [`SharedValue::set`].
    pub async fn set(&self, value: &T) -> Result<(), Error> {
        self.value.set(encode(self.path(), value)?).await
    }

    /// As [`SharedValue::try_set`].
    ///
    /// # Errors
    ///
    /// As [`SharedValue::try_set`]; `Undecodable` if it was not set and something else is stored; `Misuse` if the value
    /// cannot be stored.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: as [`SharedValue::set`].
    ///
    /// # Ordering
    ///
    /// As [`SharedValue::try_set`].
    ///
    /// # On session events
    ///
    /// As [`SharedValue::set`].
    pub async fn try_set(
        &self,
        previous: &Versioned<T>,
        value: &T,
    ) -> Result<CompareAndSet<Versioned<T>>, Error> {
        let data = encode(self.path(), value)?;
        match self.value.try_set(previous, data).await? {
            CompareAndSet::Done => Ok(CompareAndSet::Done),
            CompareAndSet::Found(found) => decoded(self.path(), found).map(CompareAndSet::Found),
        }
    }

    /// As [`SharedValue::changes`].
    pub fn changes(&self) -> TypedChanges<T> {
        TypedChanges {
            changes: self.value.changes(),
            of: PhantomData,
        }
    }
}

impl<T: Stored> TypedChanges<T> {
    /// As [`Changes::next`].
    ///
    /// # Errors
    ///
    /// As [`Changes::next`]; `Undecodable`. The next call waits for the next value.
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
    pub async fn next(&mut self) -> Result<Versioned<T>, Error> {
        let found = self.changes.next().await?;
        decoded(self.changes.path(), found)
    }
}

fn decoded<T: Stored>(path: &str, found: Versioned<Bytes>) -> Result<Versioned<T>, Error> {
    let value = decode(path, &found.value, found.mzxid)?;
    Ok(found.map(value))
}

/// What is stored at `path` for a value.
fn encode<T: Stored>(path: &str, value: &T) -> Result<Bytes, Error> {
    value.to_data().map_err(|why| {
        let text = format!("cannot write to {path}: {}", unstorable::<T>(&why));
        Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Set, path)
            .with_hint("nothing was written; write a value that can be stored")
    })
}

/// What to say of a value that cannot be stored.
pub(crate) fn unstorable<T: Stored>(why: &T::Error) -> String {
    format!("a {} that cannot be stored: {why}", type_name::<T>())
}

/// The value in the data of the node at `path`, which were written in a transaction.
pub(crate) fn decode<T: Stored>(path: &str, data: &[u8], mzxid: Zxid) -> Result<T, Error> {
    T::from_data(data).map_err(|why| {
        let text = format!(
            "cannot read the {} bytes at {path} as {}: {why}",
            data.len(),
            type_name::<T>()
        );
        let hint = format!("whatever wrote them did so at zxid {mzxid}");
        Error::new(ErrorKind::Undecodable, text)
            .with_op(OpKind::Get, path)
            .with_hint(hint)
    })
}

impl<T> Clone for TypedValue<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for TypedValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedValue").field(&self.value).finish()
    }
}

impl<T> fmt::Debug for TypedChanges<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedChanges").field(&self.changes).finish()
    }
}
