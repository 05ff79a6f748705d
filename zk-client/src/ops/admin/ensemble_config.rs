//! The text in which an ensemble keeps its own configuration.

use std::fmt;
use std::str::FromStr;

use zk_wire::Stat;

use crate::error::{Error, ErrorKind};

/// Where every ensemble keeps its configuration, whatever the client's chroot.
pub(super) const CONFIG_NODE: &str = "/zookeeper/config";

/// An ensemble's configuration: its members and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnsembleConfig {
    /// The members, in the order of their numbers; none on a standalone server.
    pub members: Vec<Member>,
    /// The version, which grows with each reconfiguration; `None` on a standalone server.
    pub version: Option<u64>,
    /// The whole text, with what else it may hold.
    pub text: String,
    /// The metadata of the node that holds it.
    pub stat: Stat,
}

/// A server of an ensemble as its configuration knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its number, `N` of `server.N`.
    pub id: u64,
    /// What part it plays.
    pub role: Role,
    /// Where the other servers reach it: `host:port:port`, several joined by `|`.
    pub peers: String,
    /// Where clients reach it, `address:port`; `None` if the configuration does not say. The address may be `0.0.0.0`,
    /// which says no more than the port.
    pub client: Option<String>,
}

/// What part a server plays in its ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It votes.
    Participant,
    /// It follows without a vote.
    Observer,
}

impl EnsembleConfig {
    /// Reads the text of the configuration node; lines of other kinds are kept in `text` alone.
    pub(super) fn parse(text: String, stat: Stat) -> Result<Self, Error> {
        let mut members = Vec::new();
        let mut version = None;
        for line in text.lines().map(str::trim) {
            if line.starts_with("server.") {
                members.push(line.parse()?);
            } else if let Some(number) = line.strip_prefix("version=") {
                let number = u64::from_str_radix(number.trim(), 16);
                version = Some(number.map_err(|_| malformed(line))?);
            }
        }
        members.sort_by_key(|member: &Member| member.id);
        Ok(Self {
            members,
            version,
            text,
            stat,
        })
    }
}

impl FromStr for Member {
    type Err = Error;

    /// Reads `server.N=host:port:port[:role][|…][;[address:]port]`.
    fn from_str(line: &str) -> Result<Self, Error> {
        let parts = line
            .trim()
            .strip_prefix("server.")
            .and_then(|rest| rest.split_once('='));
        let (id, value) = parts.ok_or_else(|| malformed(line))?;
        let id = id.trim().parse().map_err(|_| malformed(line))?;
        let (servers, client) = match value.split_once(';') {
            Some((servers, client)) => (servers, Some(client.trim())),
            None => (value, None),
        };
        let servers = servers.trim();
        let (peers, role) = match servers.rsplit_once(':') {
            Some((peers, "participant")) => (peers, Role::Participant),
            Some((peers, "observer")) => (peers, Role::Observer),
            _ => (servers, Role::Participant),
        };
        if peers.matches(':').count() < 2 {
            return Err(malformed(line));
        }
        let client = client.filter(|client| !client.is_empty());
        Ok(Self {
            id,
            role,
            peers: peers.to_owned(),
            // A port alone is one on every address.
            client: client.map(|client| match client.contains(':') {
                true => client.to_owned(),
                false => format!("0.0.0.0:{client}"),
            }),
        })
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id, role, peers, ..
        } = self;
        write!(f, "server.{id}={peers}:{role}")?;
        match &self.client {
            Some(client) => write!(f, ";{client}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Participant => "participant",
            Self::Observer => "observer",
        })
    }
}

fn malformed(line: &str) -> Error {
    let text = format!("cannot read {line:?} as a line of an ensemble's configuration");
    Error::new(ErrorKind::InvalidConfig, text)
        .with_hint("a server is server.N=host:port:port:role;address:port")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat() -> Stat {
        Stat::default()
    }

    #[test]
    fn a_quorums_configuration_is_read_and_a_line_written_as_it_was() {
        let text = "server.2=zk2:2888:3888:observer;0.0.0.0:2181\n\
                    server.1=[::1]:2888:3888:participant;[::1]:2181\nversion=1000000a0";
        let config = EnsembleConfig::parse(text.to_owned(), stat()).unwrap();
        assert_eq!(config.version, Some(0x1_0000_00a0));
        let lines: Vec<String> = config.members.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "server.1=[::1]:2888:3888:participant;[::1]:2181",
                "server.2=zk2:2888:3888:observer;0.0.0.0:2181"
            ]
        );
        assert_eq!(config.members[0].peers, "[::1]:2888:3888");
        assert_eq!(config.members[1].role, Role::Observer);
    }

    #[test]
    fn a_standalone_servers_configuration_is_empty() {
        let config = EnsembleConfig::parse(String::new(), stat()).unwrap();
        assert_eq!((config.members.len(), config.version), (0, None));
    }

    #[test]
    fn a_short_line_is_completed_and_a_broken_one_refused() {
        let member: Member = "server.3=a:1:2;2181".parse().unwrap();
        assert_eq!(
            member.to_string(),
            "server.3=a:1:2:participant;0.0.0.0:2181"
        );
        let several: Member = "server.3=a:1:2|b:1:2;2181".parse().unwrap();
        assert_eq!(several.peers, "a:1:2|b:1:2");
        for broken in ["server.x=a:1:2", "server.1", "server.1=a:1", "a:1:2", ""] {
            let error = broken.parse::<Member>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{broken}");
        }
        let bad = EnsembleConfig::parse("version=xyz".to_owned(), stat());
        assert!(bad.unwrap_err().to_string().contains("version=xyz"));
    }
}
