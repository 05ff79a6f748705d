//! Following the ensemble's own list of its servers.

use std::sync::Arc;

use super::{adopt, config_text};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::shared::handle::Shared;
use crate::shared::scope::Scope;

/// The node that holds it (servers from 3.5).
const CONFIG: &str = "/zookeeper/config";

/// Reads the list, waits for it to change, and so on until the client ends.
pub(crate) async fn follow_config(shared: Arc<Shared>) {
    let zk = Client::new(Scope::observer(Arc::clone(&shared)))
        .terse()
        .patient();
    let mut states = zk.watch_state();
    loop {
        let failed = follow_until_it_fails(&zk, &shared).await;
        match failed.kind() {
            ErrorKind::Closed | ErrorKind::AuthFailed => return,
            ErrorKind::SessionExpired => {}
            kind => {
                tracing::warn!(?kind, error = %failed, "cannot follow the ensemble's list of servers");
                return;
            }
        }
        // With the next session.
        loop {
            let state = states.current();
            if shared.is_last(state) {
                return;
            }
            if state.is_connected() {
                break;
            }
            if states.changed().await.is_none() {
                return;
            }
        }
    }
}

async fn follow_until_it_fails(zk: &Client, shared: &Arc<Shared>) -> Error {
    loop {
        let (node, mut watch) = match zk.get(CONFIG).watch().await {
            Ok(read) => read,
            Err(error) => return error,
        };
        match config_text::servers(&String::from_utf8_lossy(&node.data)) {
            Some(servers) => adopt(shared, servers, CONFIG),
            None => tracing::debug!(
                "the ensemble does not tell where all its servers answer clients: the list stays"
            ),
        }
        // Whatever it says, reading again tells more.
        let _ = watch.next().await;
    }
}
