//! The server to measure against: a container of our own, or one that somebody names.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use zk_wire::{ConnectString, path};

use crate::outcome::Outcome;

const IMAGE: &str = "zookeeper:3.9";

/// The variable that names another server.
const CONNECT: &str = "ZK_BENCH_CONNECT";

/// A JVM takes two seconds to start, more on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running server. A container goes with this value, or with this process.
pub(crate) struct Server {
    address: String,
    base: String,
    description: String,
    _container: Option<Container>,
}

impl Server {
    /// The server of `ZK_BENCH_CONNECT`, else a new container.
    pub(crate) fn find_or_start() -> Outcome<Self> {
        match std::env::var(CONNECT) {
            Ok(connect) => Self::at(&connect),
            Err(_) => Self::start(),
        }
    }

    fn at(connect: &str) -> Outcome<Self> {
        let parsed: ConnectString = connect
            .parse()
            .map_err(|e| format!("{CONNECT}={connect}: {e}"))?;
        let [server] = parsed.hosts.as_slice() else {
            return Err(
                format!("{CONNECT}={connect}: name one server; this is no test of many").into(),
            );
        };
        let address = server.to_string();
        let banner = wait_for_service(&address)?;
        let name = format!("zk-bench-{}", std::process::id());
        Ok(Self {
            base: path::join(parsed.chroot.path(), &name),
            description: format!("ZooKeeper {} at {address}", version(&banner)),
            address,
            _container: None,
        })
    }

    fn start() -> Outcome<Self> {
        let (container, address) = Container::start()?;
        let banner = wait_for_service(&address)?;
        Ok(Self {
            address,
            base: "/zk-bench".to_owned(),
            description: format!(
                "ZooKeeper {} in a container, its transaction log in memory",
                version(&banner)
            ),
            _container: Some(container),
        })
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The node under which everything happens; not there yet.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What it is, for the report.
    pub(crate) fn description(&self) -> String {
        self.description.clone()
    }
}

/// A container, removed by a shell that waits for the end of its standard input: it ends when this
/// value is dropped, and also when this process is killed.
struct Container {
    reaper: Child,
}

impl Container {
    fn start() -> Outcome<(Self, String)> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let output = Command::new("docker")
            .args(["run", "--detach", "--publish", &format!("{address}:2181")])
            // The disk's share of a write is no business of a client, and wavers most.
            .args(["--tmpfs", "/datalog"])
            .args([
                "--env",
                "ZOO_MAX_CLIENT_CNXNS=0",
                "--env",
                "JVMFLAGS=-Xmx512m",
            ])
            .args(["--pull", "never", IMAGE])
            .output()
            .map_err(|e| format!("cannot start docker: {e}; or set {CONNECT}=host:port"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "cannot start a container of {IMAGE}: {}; `cargo xtask ensemble image` makes the \
                 image, or set {CONNECT}=host:port",
                why.trim()
            )
            .into());
        }
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let reaper = Command::new("sh")
            .args([
                "-c",
                "read -r _; exec docker rm --force --volumes \"$0\"",
                &id,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in the group that Ctrl-C ends.
            .process_group(0)
            .spawn()?;
        Ok((Self { reaper }, address))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        drop(self.reaper.stdin.take());
        let _ = self.reaper.wait();
    }
}

/// Waits until the server answers `srvr` as one that serves, and returns the answer.
fn wait_for_service(address: &str) -> Outcome<String> {
    let deadline = Instant::now() + START;
    loop {
        let error = match status(address) {
            Ok(answer) if answer.contains("Mode: ") => return Ok(answer),
            Ok(answer) => answer.trim().to_owned(),
            Err(error) => error.to_string(),
        };
        if Instant::now() > deadline {
            let limit = START.as_secs();
            return Err(format!("{address} does not serve after {limit} s: {error}").into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn status(address: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"srvr")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// "3.9.3" of "Zookeeper version: 3.9.3-unknown-0000, built on …".
fn version(banner: &str) -> &str {
    let line = banner.lines().next().unwrap_or_default();
    let text = line.rsplit_once("version: ").map_or(line, |(_, text)| text);
    text.split(['-', ',']).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_cut_from_the_banner() {
        let banner = "Zookeeper version: 3.9.3-c26634f3, built on 2024-10-17\nMode: standalone";
        assert_eq!(version(banner), "3.9.3");
        assert_eq!(version("Zookeeper version: 3.9.3, built on"), "3.9.3");
    }
}
