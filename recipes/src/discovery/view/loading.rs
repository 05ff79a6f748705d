//! A view that may not have read everything yet.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use zk_client::{Client, Error, ErrorKind, OpKind};

use super::down::Down;
use super::service_view::ServiceView;
use super::shown::Shown;
use crate::CacheLoading;

/// A view whose [driver](super::ServiceViewBuilder::keep) was made. It becomes a [`ServiceView`] when all was read once, so
/// nobody takes for missing what was not read yet.
#[derive(Debug, Clone)]
pub struct ServiceLoading {
    loading: CacheLoading,
    told: watch::Receiver<Shown>,
    ask: Arc<watch::Sender<u64>>,
    synced: watch::Receiver<u64>,
    down: Arc<Mutex<Down>>,
    client: Client,
}

impl ServiceLoading {
    pub(super) fn new(
        loading: CacheLoading,
        told: watch::Receiver<Shown>,
        (ask, synced): (watch::Sender<u64>, watch::Receiver<u64>),
        down: Down,
        client: Client,
    ) -> Self {
        Self {
            loading,
            told,
            ask: Arc::new(ask),
            synced,
            down: Arc::new(Mutex::new(down)),
            client,
        }
    }

    /// Waits until all was read once. A service that does not exist is no reason to wait: it has no instances. It takes this
    /// handle, so that nothing but the view keeps the driver running afterwards.
    ///
    /// # Errors
    ///
    /// That with which the driver ended before; `Misuse` if it was dropped.
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
    pub async fn loaded(self) -> Result<ServiceView, Error> {
        let cache = self.loading.loaded().await?;
        let mut told = self.told;
        if told.wait_for(|shown| shown.loaded).await.is_err() {
            let service = cache.path();
            let text = format!("nobody keeps the view of {service}: its driver was dropped");
            return Err(Error::new(ErrorKind::Misuse, text)
                .with_op(OpKind::Children, service)
                .with_hint("spawn the driver; it has to run for as long as the view is read"));
        }
        told.mark_unchanged();
        Ok(ServiceView {
            cache,
            told,
            ask: self.ask,
            synced: self.synced,
            down: self.down,
            client: self.client,
        })
    }
}
