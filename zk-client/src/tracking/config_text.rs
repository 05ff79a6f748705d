//! The text of `/zookeeper/config`: the servers of an ensemble as they know themselves.

use zk_wire::ConnectString;

use crate::ensemble::distinct;
use crate::ops::Member;
use crate::transport::ServerAddr;

/// The addresses for clients, in the order of the text. `None` if one of the servers does not tell its own: a list
/// without it would lose a server.
///
/// The part for clients is missing in a line where it is configured on each server alone.
pub(crate) fn servers(text: &str) -> Option<Vec<ServerAddr>> {
    let lines = text.lines().filter(|line| line.starts_with("server."));
    let servers: Option<Vec<_>> = lines.map(|line| server(&line.parse().ok()?)).collect();
    servers.map(distinct).filter(|servers| !servers.is_empty())
}

fn server(member: &Member) -> Option<ServerAddr> {
    let (host, port) = member.client.as_deref()?.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // Listening everywhere is no address.
    let host = match host {
        "" | "0.0.0.0" | "::" | "0:0:0:0:0:0:0:0" => host_of(member.peers.split('|').next()?)?,
        host => host,
    };
    Some(ServerAddr::new(host, port.parse().ok()?)).filter(is_possible)
}

/// The host of `host:port:port`, which may be an IPv6 address in brackets.
fn host_of(peer: &str) -> Option<&str> {
    match peer.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, _)| host),
        None => peer.split_once(':').map(|(host, _)| host),
    }
}

/// Whether it could stand in a connect string.
fn is_possible(server: &ServerAddr) -> bool {
    server.to_string().parse::<ConnectString>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<String>> {
        servers(text).map(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn servers_are_read_in_every_form_that_they_are_written_in() {
        let text = "server.1=zk1:2888:3888:participant;0.0.0.0:2181\n\
                    server.2=zk2:2888:3888:observer;2182\n\
                    server.3=zk3:2888:3888;public3:2183\n\
                    server.4=[fd00::4]:2888:3888:participant;[::]:2184\n\
                    server.5=zk5a:2888:3888|zk5b:2888:3888;2185\n\
                    version=100000002\n";
        let found = read(text).unwrap();
        let expected = [
            "zk1:2181",
            "zk2:2182",
            "public3:2183",
            "[fd00::4]:2184",
            "zk5a:2185",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_server_that_keeps_its_address_to_itself_spoils_the_list() {
        for text in [
            "",
            "version=0",
            "server.1=zk1:2888:3888:participant",
            "server.1=zk1:2888:3888;2181\nserver.2=zk2:2888:3888:participant\n",
            "server.1=zk1:2888:3888;port",
            "server.1=zk1:2888:3888;0",
            "server.1=;2181",
            "server.1",
            "server.1=a b:1:1;2181",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
