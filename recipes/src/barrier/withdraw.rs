//! What becomes of the node of somebody who gives up.

use zk_client::{Claim, Client};

/// Deletes the node of a claim and waits for that, while there is a connection that can be expected to answer.
pub(super) async fn withdraw(client: &Client, claim: Claim) {
    if client.state().is_connected() {
        let limit = client.session_timeout() / 3;
        // If the answer does not come, the session goes on trying.
        let _ = tokio::time::timeout(limit, claim.release()).await;
    }
}

/// The node of a claim does not exist and will not.
pub(super) fn discard(waiting: &mut Option<Claim>) {
    if let Some(claim) = waiting.take() {
        claim.absent();
    }
}
