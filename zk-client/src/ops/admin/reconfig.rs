//! Changing the ensemble's configuration.

use zk_wire::Request;

use super::config::config;
use super::ensemble_config::{CONFIG_NODE, EnsembleConfig, Member};
use crate::error::{Error, ErrorKind, OpKind};
use crate::ops::plan::operation;
use crate::pending::Plan;
use crate::shared::scope::Scope;

/// Changes which servers make up the ensemble; yields the new configuration. Made by
/// [`Client::reconfig`](crate::Client::reconfig).
///
/// Either incremental, with [`join`](Self::join) and [`leave`](Self::leave), or whole, with
/// [`members`](Self::members). The servers need `reconfigEnabled=true`, and the client WRITE on `/zookeeper/config`,
/// which nobody but a super user has unless it was given.
///
/// # Errors
///
/// `ServerError` if the servers have reconfiguration off, if another one is under way, or if no quorum of the new
/// members is connected; `Unimplemented` on a standalone server; `BadVersion` for another version than
/// [`version`](Self::version); `BadArguments` for members that cannot be; `NoAuth`; `Misuse` for both ways at once or
/// none; what every operation can meet.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the ensemble may change. Read its [`Config`](super::Config) to see.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Reconfig {
    scope: Scope,
    joining: Vec<String>,
    leaving: Vec<String>,
    members: Vec<String>,
    version: Option<u64>,
    invalid: Option<Error>,
}

impl Reconfig {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            joining: Vec::new(),
            leaving: Vec::new(),
            members: Vec::new(),
            version: None,
            invalid: None,
        }
    }

    /// Adds a server, or gives the one of that number new addresses: `server.4=zk4:2888:3888:participant;2181`.
    pub fn join(mut self, server: &str) -> Self {
        match member(server) {
            Ok(server) => self.joining.push(server),
            Err(error) => self.invalid = self.invalid.or(Some(error)),
        }
        self
    }

    /// Removes the server with this number.
    pub fn leave(mut self, id: u64) -> Self {
        self.leaving.push(id.to_string());
        self
    }

    /// Adds one of the servers that are to be all of the ensemble, each as for [`join`](Self::join).
    pub fn members<'a>(mut self, servers: impl IntoIterator<Item = &'a str>) -> Self {
        for server in servers {
            match member(server) {
                Ok(server) => self.members.push(server),
                Err(error) => self.invalid = self.invalid.or(Some(error)),
            }
        }
        self
    }

    /// Changes only a configuration of this [version](EnsembleConfig::version). Default: any.
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    fn request(&self) -> Result<Request, Error> {
        if let Some(error) = &self.invalid {
            return Err(error.clone());
        }
        let incremental = !self.joining.is_empty() || !self.leaving.is_empty();
        if incremental != self.members.is_empty() {
            let text = "a reconfiguration needs either .join() and .leave(), or .members()";
            return Err(Error::new(ErrorKind::Misuse, text));
        }
        let config_id = match self.version.map(i64::try_from) {
            None => -1,
            Some(Ok(version)) => version,
            Some(Err(_)) => {
                let text = "no configuration has a version that large";
                return Err(Error::new(ErrorKind::Misuse, text));
            }
        };
        let joined = |servers: &[String]| (!servers.is_empty()).then(|| servers.join(","));
        Ok(Request::Reconfig {
            joining: joined(&self.joining),
            leaving: joined(&self.leaving),
            members: joined(&self.members),
            config_id,
        })
    }

    fn plan(self) -> (Scope, Plan<EnsembleConfig>) {
        let request = self.request();
        let path = CONFIG_NODE.to_owned();
        (
            self.scope,
            Plan::write(OpKind::Reconfig, path, request, config),
        )
    }
}

operation!(Reconfig => EnsembleConfig);

/// The line as the servers take it, checked for its shape.
fn member(line: &str) -> Result<String, Error> {
    line.parse::<Member>()?;
    Ok(line.trim().to_owned())
}
