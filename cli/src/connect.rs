//! Which ensemble, as whom, and the client for it.

use std::ffi::OsString;
use std::future::Future;
use std::time::Duration;

use clap::Args;
use zk_recipes::Client;

use crate::exit::{Failure, code};

/// The variable that names the ensemble.
pub(crate) const ZK_CONNECT: &str = "ZK_CONNECT";

/// How long a server that does not even refuse is waited for, if it is the only one.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the options stand in the help.
const HEADING: &str = "Connection";

const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Options of every command that talks to an ensemble.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// Servers and chroot: zk1:2181,zk2:2181/chroot; the port may be left out
    #[arg(long, global = true, env = ZK_CONNECT, value_name = "SERVERS", help_heading = HEADING)]
    connect: Option<String>,

    /// Authenticate, e.g. digest:USER:PASSWORD; may be repeated
    #[arg(
        long,
        global = true,
        env = "ZK_AUTH",
        hide_env_values = true,
        value_name = "SCHEME:DATA",
        help_heading = HEADING,
        value_parser = credential
    )]
    auth: Vec<Credential>,
}

/// An identity, such as `digest:user:password`.
#[derive(Clone)]
pub(crate) struct Credential {
    scheme: String,
    data: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}:<redacted>)", self.scheme)
    }
}

// The text must not appear in the error: it may be a password.
fn credential(text: &str) -> Result<Credential, &'static str> {
    match text.split_once(':') {
        Some((scheme, data)) if !scheme.is_empty() && !data.is_empty() => Ok(Credential {
            scheme: scheme.to_owned(),
            data: data.to_owned(),
        }),
        _ => Err("write SCHEME:DATA, for example digest:user:password"),
    }
}

impl Connection {
    /// The connect string.
    pub(crate) fn servers(&self) -> Result<&str, Failure> {
        match self.connect.as_deref().map(str::trim) {
            Some(servers) if !servers.is_empty() => Ok(servers),
            _ => Err(Failure::new(
                code::CONFIG,
                "which ZooKeeper? Set ZK_CONNECT (or --connect) to its servers, for example \
                 ZK_CONNECT=zk1:2181,zk2:2181/app; `zkctl dev` starts a server for development",
            )),
        }
    }

    /// The variables by which the `zkctl` commands of a child find the same ensemble.
    pub(crate) fn for_child(&self) -> Option<(&'static str, OsString)> {
        self.connect
            .as_ref()
            .map(|servers| (ZK_CONNECT, servers.into()))
    }

    /// Connects with a session timeout; fails as soon as each server was tried once.
    pub(crate) async fn connect(&self, session_timeout: Duration) -> Result<Client, Failure> {
        let servers = self.servers()?;
        let patience = if servers.contains(',') {
            session_timeout
        } else {
            PATIENCE
        };
        let mut builder = Client::builder(servers)
            .session_timeout(session_timeout)
            .connect_timeout(patience)
            .fail_fast();
        for Credential { scheme, data } in &self.auth {
            builder = builder.auth(scheme, data.clone());
        }
        Ok(builder.connect().await?)
    }

    /// Connects, runs `work`, and closes the session whatever came of it.
    pub(crate) async fn run<T, F>(&self, work: impl FnOnce(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let client = self.connect(SESSION_TIMEOUT).await?;
        let result = work(client.clone()).await;
        client.close().await?;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_a_scheme_and_the_rest() {
        let found = credential("digest:user:pass:word").unwrap();
        assert_eq!(
            (found.scheme.as_str(), found.data.as_str()),
            ("digest", "user:pass:word")
        );
        assert_eq!(format!("{found:?}"), "Credential(digest:<redacted>)");
        for text in ["", "digest", ":x", "digest:"] {
            assert!(credential(text).is_err(), "{text:?}");
        }
    }
}
