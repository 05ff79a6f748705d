//! Which ensemble, as whom, and the client for it.

use std::ffi::OsString;
use std::future::Future;
use std::time::Duration;

use clap::Args;
use zk_recipes::{Client, ClientBuilder};
use zk_wire::{ConnectString, HostPort};

use crate::exit::{Failure, code};
use crate::security::Security;

/// The variable that names the ensemble.
pub(crate) const ZK_CONNECT: &str = "ZK_CONNECT";

/// How long a server that does not even refuse is waited for, if it is the only one.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// Where the options stand in the help.
const HEADING: &str = "Connection";

/// The session timeout of commands that hold nothing.
pub(crate) const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

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

    /// The largest request and reply, in bytes, where the servers' jute.maxbuffer is not the usual one
    #[arg(long, global = true, value_name = "BYTES", help_heading = HEADING, value_parser = clap::value_parser!(u32).range(1_024..=1 << 30))]
    max_buffer: Option<u32>,

    #[command(flatten)]
    security: Security,
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
        let builder = self.builder(servers).session_timeout(session_timeout);
        Ok(builder.connect_timeout(patience).connect().await?)
    }

    /// Describes a client of these servers, with the credentials and the limits of the command line.
    pub(crate) fn builder(&self, servers: &str) -> ClientBuilder {
        let mut builder = self.security.protect(Client::builder(servers).fail_fast());
        for Credential { scheme, data } in &self.auth {
            builder = builder.auth(scheme, data.clone());
        }
        if let Some(bytes) = self.max_buffer.and_then(|bytes| bytes.try_into().ok()) {
            builder = builder.max_request(bytes).max_reply(bytes);
        }
        builder
    }

    /// Whether four-letter words can be asked: they are in plain text, which is never sent where encryption is wanted.
    pub(crate) fn asks_words(&self) -> bool {
        !self.security.encrypts()
    }

    /// The servers to ask one by one: those named, or those of the connect string.
    pub(crate) fn each(&self, named: &[String]) -> Result<Vec<HostPort>, Failure> {
        let named = match named {
            [] => vec![self.servers()?],
            named => named.iter().map(String::as_str).collect(),
        };
        let mut servers = Vec::new();
        for text in named {
            let parsed: ConnectString = text
                .parse()
                .map_err(|e| Failure::new(code::CONFIG, format!("cannot use {text:?}: {e}")))?;
            servers.extend(parsed.hosts);
        }
        Ok(servers)
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
