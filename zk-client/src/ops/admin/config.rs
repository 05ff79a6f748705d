//! Reading the ensemble's configuration.

use bytes::Bytes;
use zk_session::WatchKind;
use zk_wire::{Request, Response, Stat};

use super::ensemble_config::{CONFIG_NODE, EnsembleConfig};
use crate::error::OpKind;
use crate::ops::plan::operation;
use crate::pending::{Answer, Plan, Refusal, Registered, WatchTarget};
use crate::shared::scope::Scope;
use crate::watch::Watch;

/// Reads the ensemble's configuration. Made by [`Client::config`](crate::Client::config).
///
/// The node is `/zookeeper/config` whatever the client's chroot.
///
/// # Errors
///
/// `NoAuth` if somebody closed the node; `InvalidConfig` if its text cannot be read; what every operation can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll, or when submitted. The server answers what it knows, which may be behind the leader: await a
/// [`Barrier`](crate::Barrier) before to be sure.
///
/// # On session events
///
/// Waits through a suspension and is asked again if its answer was lost; fails at expiry.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Config {
    scope: Scope,
}

/// [`Config`] that also sets a one-shot watch, whose event comes with the next reconfiguration.
///
/// # Errors
///
/// As [`Config`]; on an error no watch is left.
///
/// # Cancel safety
///
/// Inert: the watch goes with the future.
///
/// # Ordering
///
/// The watch sees every change after the configuration that was read.
///
/// # On session events
///
/// As [`Config`]; the watch survives reconnects.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct ConfigWatched {
    config: Config,
}

impl Config {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope }
    }

    /// Also watches for one change of the configuration. The event's path is `/zookeeper/config`.
    pub fn watch(self) -> ConfigWatched {
        ConfigWatched { config: self }
    }

    fn plan(self) -> (Scope, Plan<EnsembleConfig>) {
        let (path, request) = asking(false);
        let plan = Plan::read(OpKind::Config, path, Ok(request), config);
        (self.scope, plan)
    }
}

impl ConfigWatched {
    fn plan(self) -> (Scope, Plan<(EnsembleConfig, Watch)>) {
        let (path, request) = asking(true);
        let mut plan = Plan::read(OpKind::Config, path, Ok(request), config_and_watch);
        plan.watch = Some((WatchKind::Data, WatchTarget::OwnOfServers));
        (self.config.scope, plan)
    }
}

operation!(Config => EnsembleConfig);
operation!(ConfigWatched => (EnsembleConfig, Watch));

fn asking(watch: bool) -> (String, Request) {
    let path = CONFIG_NODE.to_owned();
    (path.clone(), Request::GetData { path, watch })
}

/// The configuration in the answer to a read of its node, or to a reconfiguration.
pub(super) fn config(mut answer: Answer<'_>) -> Result<EnsembleConfig, Refusal> {
    match answer.response()? {
        Response::Data { data, stat } => read(&data.unwrap_or_default(), stat),
        _ => Err(Refusal::unexpected()),
    }
}

fn read(data: &Bytes, stat: Stat) -> Result<EnsembleConfig, Refusal> {
    let text = String::from_utf8_lossy(data).into_owned();
    EnsembleConfig::parse(text, stat).map_err(Refusal::Error)
}

fn config_and_watch(mut answer: Answer<'_>) -> Result<(EnsembleConfig, Watch), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Watch(watch) => Ok((config(answer)?, watch)),
        _ => Err(Refusal::unexpected()),
    }
}
