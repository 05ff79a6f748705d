//! Three real servers on this machine, for trying things by hand and for the README.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::image;
use crate::shell::{self, Outcome, command};

const NETWORK: &str = "zk-recipes-ensemble";
const LABEL: &str = "zk-recipes.ensemble";
const SERVERS: [u16; 3] = [1, 2, 3];
const FIRST_PORT: u16 = 21_811;

const BRIEF: Duration = Duration::from_secs(60);
const ELECTION: Duration = Duration::from_secs(90);

/// `ensemble up`: starts the servers, waits until each serves, prints the connect string.
///
/// # Errors
///
/// Without an engine or image, if a port is taken, or if the servers elect no leader in time.
pub(crate) fn up() -> Outcome<()> {
    image::require_engine()?;
    if !image::exists(image::DEFAULT_TAG) {
        let tag = image::DEFAULT_TAG;
        return Err(format!("no image {tag}; make it with `cargo xtask ensemble image`").into());
    }
    if modes().is_none() {
        remove()?;
        let label = format!("{LABEL}=1");
        docker(&["network", "create", "--label", &label, NETWORK])?;
        for server in SERVERS {
            create(server, &label)?;
        }
        // Started together: a server that finds its peers' names missing waits long to look again.
        let names: Vec<String> = SERVERS.map(container).into();
        let mut start = command("docker", &["start"]);
        shell::output(start.args(&names), BRIEF)?;
    }
    let modes = wait_until_all_serve()?;
    for (server, mode) in SERVERS.into_iter().zip(modes) {
        eprintln!(
            "{} on 127.0.0.1:{}: {mode}",
            container(server),
            port(server)
        );
    }
    println!("{}", connect_string());
    Ok(())
}

/// `ensemble down`: removes the servers and the network that `up` made, and nothing else.
///
/// # Errors
///
/// Without an engine, or if it refuses.
pub(crate) fn down() -> Outcome<()> {
    image::require_engine()?;
    let removed = remove()?;
    eprintln!("removed {removed} servers");
    Ok(())
}

fn container(server: u16) -> String {
    format!("zk-recipes-{server}")
}

fn port(server: u16) -> u16 {
    FIRST_PORT + server - 1
}

fn connect_string() -> String {
    SERVERS
        .map(|server| format!("127.0.0.1:{}", port(server)))
        .join(",")
}

fn members() -> String {
    SERVERS
        .map(|server| format!("server.{server}=zk{server}:2888:3888;2181"))
        .join(" ")
}

fn create(server: u16, label: &str) -> Outcome<()> {
    let name = container(server);
    let alias = format!("zk{server}");
    let publish = format!("127.0.0.1:{}:2181", port(server));
    let my_id = format!("ZOO_MY_ID={server}");
    let servers = format!("ZOO_SERVERS={}", members());
    docker(&[
        "create",
        "--name",
        &name,
        "--label",
        label,
        "--network",
        NETWORK,
        "--network-alias",
        &alias,
        "--publish",
        &publish,
        "--env",
        &my_id,
        "--env",
        &servers,
        "--env",
        "ZOO_4LW_COMMANDS_WHITELIST=*",
        "--env",
        "ZOO_MAX_CLIENT_CNXNS=0",
        "--env",
        "ZOO_CFG_EXTRA=extendedTypesEnabled=true",
        "--env",
        "JVMFLAGS=-Xmx384m",
        image::DEFAULT_TAG,
    ])
    .map(drop)
}

/// The mode of each server, if all of them serve.
fn modes() -> Option<Vec<String>> {
    SERVERS
        .into_iter()
        .map(|server| mode(port(server)))
        .collect()
}

/// What a server answers `srvr` with: leader, follower or standalone once it serves.
fn mode(port: u16) -> Option<String> {
    let patience = Duration::from_secs(2);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut link = TcpStream::connect_timeout(&address, patience).ok()?;
    link.set_read_timeout(Some(patience)).ok()?;
    link.write_all(b"srvr").ok()?;
    let mut answer = String::new();
    link.read_to_string(&mut answer).ok()?;
    mode_line(&answer)
}

fn mode_line(answer: &str) -> Option<String> {
    answer
        .lines()
        .find_map(|line| line.strip_prefix("Mode: "))
        .map(str::to_owned)
}

fn wait_until_all_serve() -> Outcome<Vec<String>> {
    let begun = Instant::now();
    loop {
        if let Some(modes) = modes() {
            return Ok(modes);
        }
        if begun.elapsed() > ELECTION {
            let mut text = format!("no working ensemble after {} s", ELECTION.as_secs());
            for name in SERVERS.map(container) {
                let mut logs = command("docker", &["logs", "--tail", "5", &name]);
                let tail = shell::capture(&mut logs, BRIEF)?.tail(5);
                text.push_str(&format!("\n--- {name}\n{tail}"));
            }
            return Err(text.into());
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn remove() -> Outcome<usize> {
    let filter = format!("label={LABEL}");
    let listed = docker(&["ps", "--all", "--quiet", "--filter", &filter])?;
    let ids: Vec<&str> = listed.split_whitespace().collect();
    if !ids.is_empty() {
        let mut remove = command("docker", &["rm", "--force", "--volumes"]);
        shell::output(remove.args(&ids), BRIEF)?;
    }
    for network in docker(&["network", "ls", "--quiet", "--filter", &filter])?.split_whitespace() {
        docker(&["network", "rm", network])?;
    }
    Ok(ids.len())
}

fn docker(args: &[&str]) -> Outcome<String> {
    shell::output(&mut command("docker", args), BRIEF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connect_string_names_the_three_fixed_ports() {
        assert_eq!(
            connect_string(),
            "127.0.0.1:21811,127.0.0.1:21812,127.0.0.1:21813"
        );
    }

    #[test]
    fn the_mode_is_read_from_a_serving_servers_answer_only() {
        let serving = "Zookeeper version: 3.9.3\nMode: follower\nNode count: 5\n";
        assert_eq!(mode_line(serving).as_deref(), Some("follower"));
        let starting = "This ZooKeeper instance is not currently serving requests\n";
        assert_eq!(mode_line(starting), None);
    }
}
