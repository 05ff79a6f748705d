//! What becomes of the node of somebody who gives up.

use std::future::Future;
use std::pin::Pin;

use zk_client::{Claim, ClaimStatus, Client, Error};

/// The node of somebody who may give up at any point: a claim, or a claim that is being given back. Whoever gives up finds it
/// here either way, and waits until it is gone.
#[derive(Default)]
pub(super) struct Place {
    pub(super) claim: Option<Claim>,
    going: Option<Going>,
}

type Going = Pin<Box<dyn Future<Output = Result<ClaimStatus, Error>> + Send>>;

impl Place {
    pub(super) fn of(claim: Claim) -> Self {
        Self {
            claim: Some(claim),
            going: None,
        }
    }

    /// Deletes the node and waits until it is gone; `None` if there is none.
    pub(super) async fn release(&mut self) -> Result<Option<ClaimStatus>, Error> {
        if let Some(claim) = self.claim.take() {
            self.going = Some(Box::pin(claim.release()));
        }
        let Some(going) = &mut self.going else {
            return Ok(None);
        };
        let status = going.as_mut().await;
        self.going = None;
        status.map(Some)
    }

    /// Deletes the node and waits for that, while there is a connection that can be expected to answer.
    pub(super) async fn withdraw(mut self, client: &Client) {
        if client.state().is_connected() {
            let limit = client.session_timeout() / 3;
            // If the answer does not come, the session goes on trying.
            let _ = tokio::time::timeout(limit, self.release()).await;
        }
    }

    /// The node does not exist and will not.
    pub(super) fn discard(&mut self) {
        if let Some(claim) = self.claim.take() {
            claim.absent();
        }
    }

    /// The node is no more than a promise to the session to delete it, if it is there.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
