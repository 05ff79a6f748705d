//! A cache that may not have read everything yet.

use zk_client::Error;

use super::handle::Handle;
use super::snapshot::CacheSnapshot;
use super::view::Cache;

/// A cache whose [driver](super::TreeCache::keep) was made. It becomes a [`Cache`], which can be read, when all was read once;
/// so nobody takes for missing what was not read yet. The last handle of a cache that is dropped ends its driver, and this is one.
#[derive(Debug, Clone)]
pub struct CacheLoading {
    handle: Handle,
}

impl CacheLoading {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// The path at its top.
    #[must_use]
    pub fn path(&self) -> &str {
        self.handle.scope.top()
    }

    /// Waits until all was read once. A missing node is no reason to wait: then the cache is empty. It takes this handle, so
    /// that nothing but the cache keeps the driver running afterwards.
    ///
    /// # Errors
    ///
    /// That with which the driver ended before; `Incomplete` if a limit was exceeded: [`partial`](Self::partial) of a copy has
    /// what was read until then. `Misuse` if the driver was dropped, or the cache closed.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the handle is dropped, and if it was the last the driver ends. Wait with a copy to keep it.
    ///
    /// # Ordering
    ///
    /// What is read was committed after the driver was first polled.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session.
    pub async fn loaded(self) -> Result<Cache, Error> {
        let mut picture = self.handle.picture.clone();
        let settled = picture.wait_for(|picture| picture.loaded || picture.ended.is_some());
        if let Ok(picture) = settled.await {
            if picture.loaded {
                drop(picture);
                return Ok(Cache::new(self.handle));
            }
            if let Some(Some(error)) = &picture.ended {
                return Err(error.clone());
            }
        }
        Err(self.handle.abandoned())
    }

    /// As [`Cache::close`].
    pub fn close(&self) {
        self.handle.close();
    }

    /// What was read so far. It may be without nodes that there are.
    #[must_use]
    pub fn partial(&self) -> CacheSnapshot {
        self.handle.snapshot()
    }
}
