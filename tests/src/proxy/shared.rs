//! What a proxy and its connections share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::table::Table;

/// What connections share with the proxy.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) upstream: String,
    rules: Mutex<Table>,
    refused: Mutex<Refused>,
    /// Connections of earlier rounds are over.
    pub(super) round: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Refused {
    pub(super) wanted: u64,
    pub(super) count: u64,
}

impl Shared {
    pub(super) fn new(upstream: String) -> Self {
        Self {
            upstream,
            rules: Mutex::default(),
            refused: Mutex::default(),
            round: watch::Sender::new(0),
        }
    }

    pub(super) fn rules(&self) -> MutexGuard<'_, Table> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
