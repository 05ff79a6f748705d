//! Following the servers behind the name of a service.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::adopt;
use crate::ensemble::distinct;
use crate::resolver::Resolver;
use crate::shared::handle::Shared;
use crate::state::{State, StateStream};

/// How old the list may get.
const REFRESH: Duration = Duration::from_secs(60);

/// Looks the service up every minute, and when the connection is lost, until the client ends.
pub(crate) async fn follow_service(shared: Arc<Shared>, resolver: Arc<dyn Resolver>, name: String) {
    let mut states = StateStream::new(shared.state.subscribe(), shared.stops_at_expiry);
    loop {
        tokio::select! {
            biased;
            state = states.changed() => match state {
                None => return,
                Some(state) if shared.is_last(state) => return,
                Some(State::Suspended { .. } | State::Expired { .. }) => {}
                Some(_) => continue,
            },
            () = sleep(REFRESH) => {}
        }
        match resolver.service(&name).await {
            Ok(servers) => adopt(&shared, distinct(servers), &name),
            // The servers there were may well be those there are.
            Err(error) => tracing::debug!(%error, name, "cannot look up the zookeeper service"),
        }
    }
}
