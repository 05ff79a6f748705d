//! Caches of values of a type.

use std::fmt;
use std::marker::PhantomData;

use zk_client::Error;

use super::node::CachedNode;
use super::view::Cache;
use crate::value::{Stored, Versioned, decode_stored};

/// A [`Cache`] whose nodes are read as values of one type. What is stored and is no such value is an error of the kind
/// `Undecodable`, which names the path and the reason, when it is read: the cache itself holds what is there, and a deletion
/// needs no value. The guarantee is that of the cache.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Bytes, ChildrenCache, Client, Stored, TypedCache};
/// # let zk = Client::dev().await?;
/// struct Limit(u32);
///
/// impl Stored for Limit {
///     type Error = std::num::ParseIntError;
///     fn to_data(&self) -> Result<Bytes, Self::Error> { Ok(self.0.to_string().into()) }
///     fn from_data(data: &[u8]) -> Result<Self, Self::Error> {
///         String::from_utf8_lossy(data).parse().map(Self)
///     }
/// }
///
/// zk.create("/limits/rate", "10").parents().await?;
/// let (cache, driver) = ChildrenCache::new(&zk, "/limits")?.keep();
/// tokio::spawn(driver);
/// let limits = TypedCache::<Limit>::new(cache.loaded().await?);
/// assert_eq!(limits.get("/limits/rate")?.unwrap().value.0, 10);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
pub struct TypedCache<T> {
    cache: Cache,
    of: PhantomData<fn() -> T>,
}

impl<T: Stored> TypedCache<T> {
    /// The same cache, read as values.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        let of = PhantomData;
        Self { cache, of }
    }

    /// The cache as it is: for what is followed and waited for.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The value that a node has which stands at a path, such as one that [`changes`](Cache::changes) of the cache tells of.
    ///
    /// # Errors
    ///
    /// `Undecodable`.
    pub fn read(&self, path: &str, node: &CachedNode) -> Result<Versioned<T>, Error> {
        value(path, node)
    }

    /// The value at a path; `None` if there is no node.
    ///
    /// # Errors
    ///
    /// `Undecodable`.
    pub fn get(&self, path: &str) -> Result<Option<Versioned<T>>, Error> {
        let node = self.cache.get(path);
        node.map(|node| value(path, &node)).transpose()
    }

    /// The values of the children of the node at a path, in the order of their names. What cannot be read keeps nobody from
    /// reading the others.
    #[must_use]
    pub fn children(&self, path: &str) -> Vec<(String, Result<Versioned<T>, Error>)> {
        let children = self.cache.children(path).into_iter();
        children
            .map(|(name, node)| {
                let value = value(&zk_client::path::join(path, &name), &node);
                (name, value)
            })
            .collect()
    }
}

fn value<T: Stored>(path: &str, node: &CachedNode) -> Result<Versioned<T>, Error> {
    let value = decode_stored(path, node.data(), node.stat().mzxid)?;
    Ok(Versioned::new(value, node.stat()))
}

impl<T> Clone for TypedCache<T> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for TypedCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedCache").field(&self.cache).finish()
    }
}
