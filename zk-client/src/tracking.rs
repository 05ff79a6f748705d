//! Tasks that keep a client's list of servers up to date by themselves.

mod config_node;
mod config_text;
mod service;

use std::sync::Arc;

pub(crate) use config_node::follow_config;
pub(crate) use service::follow_service;

use crate::shared::handle::Shared;
use crate::transport::ServerAddr;

/// Takes the list if it is another one than the client has.
fn adopt(shared: &Arc<Shared>, servers: Vec<ServerAddr>, source: &str) {
    let same = |inner: &[ServerAddr]| {
        inner.len() == servers.len() && servers.iter().all(|server| inner.contains(server))
    };
    if servers.is_empty() || same(&shared.lock().servers) {
        return;
    }
    tracing::info!(?servers, source, "the list of zookeeper servers changed");
    shared.with(|inner, now| inner.update_servers(now, servers));
}
