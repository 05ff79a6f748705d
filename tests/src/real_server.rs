//! A real ZooKeeper server in a container of its own.

use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use testcontainers::core::IntoContainerPort;
use testcontainers::runners::SyncRunner;
use testcontainers::{Container, ContainerRequest, GenericImage, ImageExt};

use crate::{deadline, four_letter, note};

const IMAGE: &str = "zookeeper";
pub(crate) const TAG: &str = "3.9";
/// What Debian 12 has.
pub(crate) const OLDER_TAG: &str = "3.8";
/// What Debian 11 has.
const OLDEST_TAG: &str = "3.4";
const CLIENT_PORT: u16 = 2181;

/// How long a container may take to serve: the JVM alone needs two seconds, more with full cores.
const START: Duration = Duration::from_secs(60);

/// A standalone server in a container on a fixed port of 127.0.0.1, removed when dropped.
///
/// All methods block and may be called inside and outside of a runtime.
#[derive(Debug)]
pub struct RealServer {
    container: Option<Container<GenericImage>>,
    id: String,
    port: u16,
    second: u16,
    reaper: Option<Child>,
}

/// A container that is not started yet.
pub(crate) type Wanted = ContainerRequest<GenericImage>;

impl RealServer {
    /// Starts a server with the image's settings and waits until it serves.
    ///
    /// # Panics
    ///
    /// If the engine does not start it, or it does not serve in time.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with variables of the official image set, such as
    /// `("ZOO_TICK_TIME", "500")`, and waits until it serves.
    ///
    /// # Panics
    ///
    /// If the engine does not start it, or it does not serve in time.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_image(TAG, settings)
    }

    /// As [`start_with`](Self::start_with), a server of the release 3.8.0, as Debian 12 has it.
    ///
    /// # Panics
    ///
    /// As [`start_with`](Self::start_with), and if the engine does not have the image.
    #[must_use]
    pub fn start_older_with(settings: &[(&str, &str)]) -> Self {
        Self::start_image(OLDER_TAG, settings)
    }

    /// Starts a server of the release 3.4.13, as Debian 11 has it. It reads a configuration of its own kind.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start), and if the engine does not have the image.
    #[must_use]
    pub fn start_oldest() -> Self {
        let settings = [
            ("ZOO_SERVERS", " "),
            ("ZOO_CFG_EXTRA", "clientPort=2181"),
            ("ZOO_4LW_COMMANDS_WHITELIST", "*"),
        ];
        Self::start_image(OLDEST_TAG, &settings)
    }

    fn start_image(tag: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_request(tag, settings, |request, _| request)
    }

    /// As [`start_with`](Self::start_with), with more in the container, which `add` is given with a port that
    /// is free.
    pub(crate) fn start_request(
        tag: &str,
        settings: &[(&str, &str)],
        add: impl Fn(Wanted, u16) -> Wanted + Sync,
    ) -> Self {
        let (container, port, second) = apart(|| {
            // Another process may take the free port before the engine does: try a few.
            let attempts = (0..5).map(|_| {
                let (port, second) = free_ports()?;
                let request = add(request(tag, port, settings), second);
                let started = publish_here_alone(request)
                    .start()
                    .map_err(io::Error::other)?;
                Ok::<_, io::Error>((started, port, second))
            });
            let mut refusals = Vec::new();
            for attempt in attempts {
                match attempt {
                    Ok(started) => return started,
                    Err(error) => refusals.push(error.to_string()),
                }
            }
            panic!("no container of {IMAGE}:{tag}: {}", refusals.join("; "))
        });
        let id = container.id().to_owned();
        let reaper = reaper(&id).ok();
        let server = Self {
            container: Some(container),
            id,
            port,
            second,
            reaper,
        };
        let banner = deadline(START).wait_for("a server that serves", || {
            server
                .four_letter("srvr")
                .ok()
                .filter(|answer| answer.contains("Mode: "))
        });
        let version = banner.lines().next().unwrap_or_default();
        note(format_args!(
            "container {} on {}: {version}",
            server.id,
            server.connect_string()
        ));
        server
    }

    /// One server for all tests of this process that need nothing special, each in its own chroot.
    ///
    /// # Panics
    ///
    /// As [`RealServer::start`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RealServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The container's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The published port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The other port on 127.0.0.1 that was free when it was started.
    pub(crate) fn second_port(&self) -> u16 {
        self.second
    }

    /// What a client is given to connect.
    #[must_use]
    pub fn connect_string(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Sends a four-letter word and returns the whole answer.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached or does not answer.
    pub fn four_letter(&self, word: &str) -> io::Result<String> {
        four_letter::ask(self.port, word)
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        let container = self.container.take();
        apart(|| drop(container));
        if let Some(mut reaper) = self.reaper.take() {
            let _ = reaper.kill();
            let _ = reaper.wait();
        }
    }
}

fn request(tag: &str, port: u16, settings: &[(&str, &str)]) -> Wanted {
    let fixed = [
        ("ZOO_4LW_COMMANDS_WHITELIST", "*"),
        ("ZOO_MAX_CLIENT_CNXNS", "0"),
        ("ZOO_CFG_EXTRA", "extendedTypesEnabled=true"),
        ("JVMFLAGS", "-Xmx384m"),
    ];
    let request = GenericImage::new(IMAGE, tag).with_mapped_port(port, CLIENT_PORT.tcp());
    fixed
        .iter()
        .chain(settings)
        .fold(request, |request, (name, value)| {
            request.with_env_var(*name, *value)
        })
}

/// Left alone, the engine may publish on every interface of the machine.
fn publish_here_alone(request: Wanted) -> Wanted {
    request.with_host_config_modifier(|host| {
        let bindings = host.port_bindings.iter_mut().flatten();
        for binding in bindings.flat_map(|(_, list)| list).flatten() {
            binding.host_ip = Some("127.0.0.1".to_owned());
        }
    })
}

/// Two, which both stay free as long as they are looked for.
fn free_ports() -> io::Result<(u16, u16)> {
    let listen = || TcpListener::bind(("127.0.0.1", 0));
    let (one, other) = (listen()?, listen()?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}

/// Runs a closure on a thread of its own: testcontainers blocks on a runtime of its own, which
/// panics inside a test's runtime.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// A shell that removes the container when this process ends in whatever way (its end of the pipe
/// closes then): a shared server is never dropped, and a killed test drops nothing.
fn reaper(id: &str) -> io::Result<Child> {
    Command::new("sh")
        .args([
            "-c",
            "read -r _; exec docker rm --force --volumes \"$0\"",
            id,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Its own group, so that Ctrl-C on the test run does not end it too.
        .process_group(0)
        .spawn()
}
