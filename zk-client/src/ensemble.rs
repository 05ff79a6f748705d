//! From a connect string to servers and a chroot.

use zk_wire::{Chroot, ConnectString};

use crate::error::{Error, ErrorKind, OpKind};
use crate::resolver::Resolver;
use crate::transport::ServerAddr;

/// Where an ensemble is.
#[derive(Debug)]
pub(crate) struct Ensemble {
    pub(crate) servers: Vec<ServerAddr>,
    pub(crate) chroot: Chroot,
    /// The service whose servers these are.
    pub(crate) service: Option<String>,
}

impl Ensemble {
    /// Reads a connect string, and looks the servers up if it names a service.
    pub(crate) async fn find(text: &str, resolver: &dyn Resolver) -> Result<Self, Error> {
        let Some(rest) = text.trim().strip_prefix(SERVICE) else {
            return Self::parse(text);
        };
        let at = rest.find('/').unwrap_or(rest.len());
        let (name, chroot) = rest.split_at(at);
        let chroot = if chroot.is_empty() { "/" } else { chroot };
        let chroot = Chroot::new(chroot)
            .map_err(|e| unusable(text, format_args!("the chroot is malformed: {e}")))?;
        if name.is_empty() {
            return Err(unusable(text, "it names no service"));
        }
        let found = resolver.service(name).await;
        let servers = found.map_err(|e| {
            let text = format!("cannot find the ensemble: service {name}: {e}");
            Error::new(ErrorKind::NoServerReachable, text).with_op(OpKind::Connect, "/")
        })?;
        let servers = distinct(servers);
        if servers.is_empty() {
            let text = format!("cannot find the ensemble: service {name} has no servers (DNS SRV)");
            return Err(
                Error::new(ErrorKind::NoServerReachable, text).with_op(OpKind::Connect, "/")
            );
        }
        Ok(Self {
            servers,
            chroot,
            service: Some(name.to_owned()),
        })
    }

    /// Reads a connect string that lists servers.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let parsed: ConnectString = text.parse().map_err(|e| unusable(text, e))?;
        Ok(Self {
            servers: distinct(parsed.hosts.iter().map(ServerAddr::from)),
            chroot: parsed.chroot,
            service: None,
        })
    }
}

/// What a connect string begins with that names a service.
const SERVICE: &str = "dns-srv://";

pub(crate) fn unusable(text: &str, why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!("cannot use {text:?}: {why}"),
    )
    .with_op(OpKind::Connect, text)
}

/// Each server once: twice in the list, it would be dialled twice a round.
pub(crate) fn distinct(servers: impl IntoIterator<Item = ServerAddr>) -> Vec<ServerAddr> {
    let mut distinct: Vec<ServerAddr> = Vec::new();
    for server in servers {
        if !distinct.contains(&server) {
            distinct.push(server);
        }
    }
    distinct
}
