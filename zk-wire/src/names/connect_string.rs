//! Where an ensemble is: hosts, ports, and a chroot.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::names::chroot::Chroot;
use crate::path::PathError;

/// The port of a host that names none.
pub const DEFAULT_PORT: u16 = 2181;

/// A list of servers and the chroot behind it: `zk1:2181,zk2,[fd00::1]:2182/app`.
///
/// ```
/// let ensemble: zk_wire::ConnectString = "zk1, [fd00::1]:2182/app".parse()?;
/// assert_eq!(ensemble.hosts[0].to_string(), "zk1:2181");
/// assert_eq!(ensemble.hosts[1].host, "fd00::1");
/// assert_eq!(ensemble.chroot.path(), "/app");
/// # Ok::<(), zk_wire::ConnectStringError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConnectString {
    /// The servers, in the order written; at least one.
    pub hosts: Vec<HostPort>,
    /// The chroot, shared by all.
    pub chroot: Chroot,
}

/// A server's host name or address, and its port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "there is no more to an address")]
pub struct HostPort {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A text is no connect string.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectStringError {
    /// There is nothing before the chroot.
    #[error("the connect string {text:?} names no server; write host:port,host:port/chroot")]
    NoServer {
        /// The whole text.
        text: String,
    },
    /// There is nothing between two commas, or before a port.
    #[error("server {number} of the connect string {text:?} has no host name")]
    EmptyHost {
        /// Which server, counted from one.
        number: usize,
        /// The whole text.
        text: String,
    },
    /// A port is no number between 1 and 65535.
    #[error("the port {port:?} of server {host:?} is no number between 1 and 65535")]
    BadPort {
        /// The server's host.
        host: String,
        /// The port.
        port: String,
    },
    /// A bracket without its counterpart, or text behind the closing one that is no port.
    #[error("the brackets of server {server:?} do not match; write [address]:port")]
    BadBrackets {
        /// The server as written.
        server: String,
    },
    /// An IPv6 address without brackets.
    #[error(
        "server {server:?} has several colons; write an IPv6 address in brackets: [address]:port"
    )]
    BareIpv6 {
        /// The server as written.
        server: String,
    },
    /// A host name with a blank or another character no host name has.
    #[error("server {server:?} contains {character:?}, which no host name does")]
    BadHost {
        /// The server as written.
        server: String,
        /// The first such character.
        character: char,
    },
    /// A URL scheme before the servers.
    #[error("{scheme}:// is not supported; write host:port,host:port/chroot")]
    Scheme {
        /// What comes before `://`.
        scheme: String,
    },
    /// The chroot is malformed.
    #[error("the chroot is malformed: {0}")]
    Chroot(#[from] PathError),
}

impl FromStr for ConnectString {
    type Err = ConnectStringError;

    fn from_str(text: &str) -> Result<Self, ConnectStringError> {
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(ConnectStringError::Scheme {
                scheme: scheme.trim().to_owned(),
            });
        }
        let (servers, chroot) = match text.find('/') {
            Some(slash) => text.split_at(slash),
            None => (text, "/"),
        };
        if servers.trim().is_empty() {
            return Err(ConnectStringError::NoServer {
                text: text.to_owned(),
            });
        }
        let mut hosts = Vec::new();
        for (number, server) in (1..).zip(servers.split(',')) {
            match host_port(server.trim())? {
                Some(host) => hosts.push(host),
                None => {
                    return Err(ConnectStringError::EmptyHost {
                        number,
                        text: text.to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            hosts,
            chroot: Chroot::new(chroot.trim_end())?,
        })
    }
}

/// Reads one server; `None` if the host is empty.
fn host_port(server: &str) -> Result<Option<HostPort>, ConnectStringError> {
    let brackets = || ConnectStringError::BadBrackets {
        server: server.to_owned(),
    };
    let (host, port) = if let Some(inner) = server.strip_prefix('[') {
        let (host, rest) = inner.split_once(']').ok_or_else(brackets)?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return Err(brackets()),
        }
    } else if server.contains(['[', ']']) {
        return Err(brackets());
    } else {
        match server.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err(ConnectStringError::BareIpv6 {
                    server: server.to_owned(),
                });
            }
            Some((host, port)) => (host.trim_end(), Some(port.trim_start())),
            None => (server, None),
        }
    };
    if let Some(character) = host.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(ConnectStringError::BadHost {
            server: server.to_owned(),
            character,
        });
    }
    if host.is_empty() {
        return Ok(None);
    }
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => match port.parse() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => number,
            _ => {
                return Err(ConnectStringError::BadPort {
                    host: host.to_owned(),
                    port: port.to_owned(),
                });
            }
        },
    };
    Ok(Some(HostPort {
        host: host.to_owned(),
        port,
    }))
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for ConnectString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.hosts.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            fmt::Display::fmt(host, f)?;
        }
        if !self.chroot.is_root() {
            f.write_str(self.chroot.path())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<ConnectString>().unwrap().to_string()
    }

    fn refused(text: &str) -> String {
        text.parse::<ConnectString>().unwrap_err().to_string()
    }

    #[test]
    fn zk455_b78_hosts_ports_and_chroot_are_read() {
        assert_eq!(parsed("zk1"), "zk1:2181");
        assert_eq!(parsed("zk1:2182,zk2"), "zk1:2182,zk2:2181");
        assert_eq!(
            parsed(" zk1 , 10.0.0.1:2183/app/a "),
            "zk1:2181,10.0.0.1:2183/app/a"
        );
        assert_eq!(parsed("[::1],[fd00::1]:2182"), "[::1]:2181,[fd00::1]:2182");
    }

    #[test]
    fn a_lone_slash_is_no_chroot() {
        let ensemble: ConnectString = "zk1:2181/".parse().unwrap();
        assert!(ensemble.chroot.is_root());
        assert_eq!(ensemble.to_string(), "zk1:2181");
    }

    #[test]
    fn b78_a_mistake_is_named() {
        for (text, complaint) in [
            ("", "names no server"),
            ("/app", "names no server"),
            ("zk1,,zk2", "server 2 of the connect string"),
            ("zk1,", "server 2 of the connect string"),
            (":2181", "server 1 of the connect string"),
            ("[]:2181", "server 1 of the connect string"),
            ("zk1:", "the port \"\" of server \"zk1\""),
            ("zk1:0", "the port \"0\""),
            ("zk1:+1", "the port \"+1\""),
            ("zk1:65536", "the port \"65536\""),
            ("zk1:http", "the port \"http\""),
            ("[::1", "the brackets of server \"[::1\""),
            ("::1]", "the brackets of server \"::1]\""),
            ("[::1]2181", "the brackets of server \"[::1]2181\""),
            ("::1", "write an IPv6 address in brackets"),
            ("zk1 zk2", "server \"zk1 zk2\" contains ' '"),
            ("dns-srv://zk.example", "dns-srv:// is not supported"),
            ("zk1/app/", "the chroot is malformed"),
            ("zk1//app", "the chroot is malformed"),
        ] {
            let message = refused(text);
            assert!(message.contains(complaint), "{text:?}: {message}");
        }
    }
}
