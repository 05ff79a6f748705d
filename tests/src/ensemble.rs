//! Three real ZooKeeper servers that elect a leader, and what can happen to them.

mod cut;
mod docker;
mod owner;
mod settings;

use std::fs::{File, OpenOptions};
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use zk_recipes::SessionId;

use crate::txn_log::{self, Txn};
use crate::{Deadline, Protection, deadline, four_letter, note};
use cut::From;
use docker::{docker, try_docker};
use settings::Settings;

const IMAGE: &str = "zookeeper:3.9";
/// What Debian 12 has.
const OLDER_IMAGE: &str = "zookeeper:3.8";

/// Ports below those that the system gives to outgoing connections: nobody takes a member's while it is down.
const PORTS: std::ops::Range<u16> = 23_000..23_200;
/// From the first port of one process to that of the next: so that many processes after one another each have a place of their own.
const STRIDE: u32 = 37;

/// How long an election may take, or a start: the JVMs alone need seconds on a full machine.
const ELECTION: Duration = Duration::from_secs(60);

/// A member, by its place: 0, 1 or 2.
pub type Member = usize;

/// What a member that serves is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It orders the writes and expires the sessions.
    Leader,
    /// It answers reads, and passes writes on.
    Follower,
}

/// Three servers in containers on a network of their own, each published on a fixed port of 127.0.0.1; removed when
/// dropped. A tick is 500 ms: sessions last 1 to 10 s, and a follower that hears nothing from its leader serves for 5 s
/// ([`Ensemble::BLIND`]).
///
/// All methods block.
#[derive(Debug)]
pub struct Ensemble {
    name: String,
    members: Vec<Server>,
    settings: Settings,
    reaper: Option<Child>,
}

#[derive(Debug)]
struct Server {
    container: String,
    port: u16,
    /// For TLS, where it is spoken.
    secure_port: u16,
    address: String,
}

impl Ensemble {
    /// All members.
    pub const MEMBERS: std::ops::Range<Member> = 0..3;

    /// How long a follower that is cut off from its leader goes on to answer reads and pings.
    pub const BLIND: Duration = Duration::from_secs(5);

    /// Credentials, of the scheme `digest`, of the one who may change which servers there are, where that can be changed.
    pub const OPERATOR: &'static str = "super:secret";

    /// Starts the servers and waits until all serve.
    ///
    /// # Panics
    ///
    /// If the engine does not start them, or they elect no leader in time.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(Settings::of(IMAGE))
    }

    /// As [`start`](Self::start), servers of which a follower that hears nothing from its leader serves for 10 s: it is cut off,
    /// asked and healed meanwhile, also on a machine that stands still for a while.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_patient() -> Self {
        Self::start_with(Settings {
            sync_limit: 20,
            ..Settings::of(IMAGE)
        })
    }

    /// As [`start`](Self::start), servers whose logs tell afterwards what was [committed](Self::committed).
    pub(crate) fn start_on_record() -> Self {
        Self::start_with(Settings {
            on_record: true,
            ..Settings::of(IMAGE)
        })
    }

    /// As [`start`](Self::start), servers of the release 3.8.0, as Debian 12 has it.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start), and if the engine does not have the image.
    #[must_use]
    pub fn start_older() -> Self {
        Self::start_with(Settings::of(OLDER_IMAGE))
    }

    /// As [`start`](Self::start), servers that also take connections by TLS and offer SASL.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_protected() -> Self {
        Self::start_with(Settings {
            protection: Some(Protection::new()),
            ..Settings::of(IMAGE)
        })
    }

    /// As [`start_protected`](Self::start_protected), servers of the release 3.8.0.
    ///
    /// # Panics
    ///
    /// As [`start_older`](Self::start_older).
    #[must_use]
    pub fn start_older_protected() -> Self {
        Self::start_with(Settings {
            protection: Some(Protection::new()),
            ..Settings::of(OLDER_IMAGE)
        })
    }

    /// As [`start`](Self::start), servers that let their [`OPERATOR`](Self::OPERATOR) change which of them there are.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_changeable() -> Self {
        Self::start_with(Settings {
            operator: Some(Self::OPERATOR),
            ..Settings::of(IMAGE)
        })
    }

    /// As [`start_changeable`](Self::start_changeable), servers of which one that has lost the others goes on to read.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_changeable_and_readable_alone() -> Self {
        Self::start_with(Settings {
            operator: Some(Self::OPERATOR),
            readable_alone: true,
            ..Settings::of(IMAGE)
        })
    }

    /// As [`start_changeable`](Self::start_changeable), servers of the release 3.8.0.
    ///
    /// # Panics
    ///
    /// As [`start_older`](Self::start_older).
    #[must_use]
    pub fn start_older_changeable() -> Self {
        Self::start_with(Settings {
            operator: Some(Self::OPERATOR),
            ..Settings::of(OLDER_IMAGE)
        })
    }

    fn start_with(settings: Settings) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        owner::sweep();
        let count = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("zk-faults-{}-{count}", std::process::id());
        let reaper = owner::reaper(&name).ok();
        let mut ensemble = Self {
            name,
            members: Vec::new(),
            settings,
            reaper,
        };
        // A port looks free until its container is started: another ensemble would take it, too.
        let choosing = choosing();
        let subnet = ensemble.create_network();
        let mut ports = free_ports();
        for member in Self::MEMBERS {
            let ports = [(); 2].map(|()| ports.next().expect("a free port"));
            ensemble.create(member, ports, &subnet);
        }
        let containers = ensemble.members.iter().map(|m| m.container.as_str());
        let start: Vec<&str> = ["start"].into_iter().chain(containers).collect();
        docker(&start);
        drop(choosing);
        ensemble.wait_until_all_serve(&deadline(ELECTION));
        if ensemble.settings.protection.is_some() {
            for server in &ensemble.members {
                Protection::wait_until_served(server.secure_port);
            }
        }
        note(format_args!(
            "ensemble {} on {}",
            ensemble.name,
            ensemble.connect_string()
        ));
        ensemble
    }

    /// What a client is given to connect to whichever member.
    #[must_use]
    pub fn connect_string(&self) -> String {
        let members: Vec<String> = Self::MEMBERS.map(|m| self.connect_string_of(m)).collect();
        members.join(",")
    }

    /// What a client is given to connect to this member and no other.
    #[must_use]
    pub fn connect_string_of(&self, member: Member) -> String {
        format!("127.0.0.1:{}", self.members[member].port)
    }

    /// What a client is given to connect by TLS to this member and no other.
    #[must_use]
    pub fn secure_connect_string_of(&self, member: Member) -> String {
        format!("127.0.0.1:{}", self.members[member].secure_port)
    }

    /// Whom to trust for that, and who may log in.
    ///
    /// # Panics
    ///
    /// If the servers speak plain text alone.
    #[must_use]
    pub fn protection(&self) -> &Protection {
        let protection = self.settings.protection.as_ref();
        protection.expect("servers that speak TLS")
    }

    /// Where the members know this one to be; clients reach it by [`connect_string_of`](Self::connect_string_of) alone.
    #[must_use]
    pub fn address_of(&self, member: Member) -> &str {
        &self.members[member].address
    }

    /// How a configuration names this member.
    #[must_use]
    pub fn line_of(&self, member: Member) -> String {
        line(member, self.address_of(member))
    }

    /// What this member is now; `None` while it serves nobody.
    #[must_use]
    pub fn role(&self, member: Member) -> Option<Role> {
        let answer = four_letter::ask(self.members[member].port, "srvr").ok()?;
        match answer.lines().find_map(|l| l.strip_prefix("Mode: "))? {
            "leader" => Some(Role::Leader),
            "follower" => Some(Role::Follower),
            _ => None,
        }
    }

    /// The leader, waited for. A leader that is cut off takes itself for one for a while: ask before, or after.
    #[track_caller]
    #[must_use]
    pub fn leader(&self) -> Member {
        self.member_that_is(Role::Leader)
    }

    /// Some follower, waited for.
    #[track_caller]
    #[must_use]
    pub fn follower(&self) -> Member {
        self.member_that_is(Role::Follower)
    }

    #[track_caller]
    fn member_that_is(&self, role: Role) -> Member {
        deadline(ELECTION).wait_for(format_args!("a {role:?}"), || {
            Self::MEMBERS.rev().find(|m| self.role(*m) == Some(role))
        })
    }

    /// Waits until one of `among` leads and returns it.
    #[track_caller]
    pub fn wait_for_leader_among(&self, among: &[Member], limit: &Deadline) -> Member {
        limit.wait_for(format_args!("a leader among {among:?}"), || {
            let mut among = among.iter().copied();
            among.find(|m| self.role(*m) == Some(Role::Leader))
        })
    }

    /// Waits until one leads and all others follow.
    #[track_caller]
    pub fn wait_until_all_serve(&self, limit: &Deadline) {
        limit.wait_for("all members to serve", || {
            let roles = Self::MEMBERS.map(|member| self.role(member));
            let roles: Option<Vec<Role>> = roles.collect();
            let leaders = roles?.iter().filter(|r| **r == Role::Leader).count();
            (leaders == 1).then_some(())
        });
    }

    /// Sends a member a four-letter word and returns the whole answer.
    ///
    /// # Errors
    ///
    /// If it cannot be reached or does not answer.
    pub fn four_letter(&self, member: Member, word: &str) -> io::Result<String> {
        four_letter::ask(self.members[member].port, word)
    }

    /// The member that a session is connected to now, if any.
    #[must_use]
    pub fn host_of(&self, session: SessionId) -> Option<Member> {
        let id = format!("sid={:#x},", session.as_raw());
        Self::MEMBERS.into_iter().find(|member| {
            let answer = four_letter::ask(self.members[*member].port, "cons");
            answer.is_ok_and(|connections| connections.contains(&id))
        })
    }

    /// All that was committed, as the members' own logs tell it, in its order. For a moment at which all serve and nothing
    /// is written.
    ///
    /// # Panics
    ///
    /// If a log cannot be read, or there are gaps.
    #[track_caller]
    pub(crate) fn committed(&self) -> Vec<Txn> {
        let logs: Vec<Vec<Txn>> = self.members.iter().map(Server::log).collect();
        txn_log::merge(&logs).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Ends a member's process at once, as a crash does.
    #[track_caller]
    pub fn kill(&self, member: Member) {
        docker(&["kill", "--signal", "KILL", &self.members[member].container]);
    }

    /// Starts a member again that was killed, with the data it had. It is on its way when this returns.
    #[track_caller]
    pub fn restart(&self, member: Member) {
        docker(&["start", &self.members[member].container]);
    }

    /// Stops a member's threads where they are; its connections stay open.
    #[track_caller]
    pub fn pause(&self, member: Member) {
        // On a full machine the engine does not always get a process to stand still at the first attempt.
        deadline(ELECTION).wait_for("the engine to pause a member", || {
            try_docker(&["pause", &self.members[member].container]).ok()
        });
    }

    /// Lets a paused member go on.
    #[track_caller]
    pub fn unpause(&self, member: Member) {
        docker(&["unpause", &self.members[member].container]);
    }

    /// Cuts a member off the other two, silently; clients still reach it.
    #[track_caller]
    pub fn cut_from_peers(&self, member: Member) {
        let others = Self::MEMBERS.filter(|other| *other != member);
        let peers: Vec<String> = others.map(|m| self.members[m].address.clone()).collect();
        cut::cut(&self.members[member].container, From::Peers(&peers));
    }

    /// Cuts a member off everybody, silently.
    #[track_caller]
    pub fn cut_from_all(&self, member: Member) {
        cut::cut(&self.members[member].container, From::All);
    }

    /// Undoes the cuts of a member.
    #[track_caller]
    pub fn heal(&self, member: Member) {
        cut::heal(&self.members[member].container);
    }

    /// Makes a network whose addresses can be chosen: names would go while a member is down, and automatic addresses
    /// change. Returns the first three numbers of its subnet.
    fn create_network(&self) -> String {
        let labels = owner::labels(&self.name);
        let mut refusals = Vec::new();
        for attempt in 0..20 {
            let third = (std::process::id() + attempt) % 250;
            let prefix = format!("10.213.{third}");
            let subnet = format!("{prefix}.0/28");
            let mut words = vec!["network", "create", "--subnet", &subnet];
            words.extend(labels.iter().map(String::as_str));
            words.push(&self.name);
            match try_docker(&words) {
                Ok(_) => return prefix,
                Err(refusal) => refusals.push(refusal),
            }
        }
        panic!("no network: {}", refusals.join("; "))
    }

    fn create(&mut self, member: Member, ports: [u16; 2], subnet: &str) {
        let address = |member: Member| format!("{subnet}.{}", 11 + member);
        let servers: Vec<String> = Self::MEMBERS.map(|m| line(m, &address(m))).collect();
        let settings = [
            format!("ZOO_MY_ID={}", member + 1),
            format!("ZOO_SERVERS={}", servers.join(" ")),
            "ZOO_TICK_TIME=500".to_owned(),
            format!("ZOO_SYNC_LIMIT={}", self.settings.sync_limit),
            "ZOO_INIT_LIMIT=20".to_owned(),
            "ZOO_4LW_COMMANDS_WHITELIST=*".to_owned(),
            "ZOO_MAX_CLIENT_CNXNS=0".to_owned(),
            "ZOO_ADMINSERVER_ENABLED=false".to_owned(),
            format!("ZOO_CFG_EXTRA={}", self.settings.extra()),
            format!("JVMFLAGS={}", self.settings.flags()),
        ];
        let container = format!("{}-{}", self.name, member + 1);
        let [port, secure_port] = ports;
        let publish = format!("127.0.0.1:{port}:2181");
        let publish_secure = format!("127.0.0.1:{secure_port}:{}", Protection::PORT);
        let (labels, own) = (owner::labels(&self.name), address(member));
        let mut words = vec!["create", "--name", &container, "--network", &self.name];
        words.extend(["--ip", &own, "--publish", &publish]);
        if self.settings.protection.is_some() {
            words.extend(["--publish", &publish_secure]);
        }
        words.extend(labels.iter().map(String::as_str));
        words.extend(settings.iter().flat_map(|s| ["--env", s.as_str()]));
        words.push(self.settings.image);
        docker(&words);
        if let Some(protection) = &self.settings.protection {
            docker::copy_to(&container, "/tls", &protection.files());
        }
        let address = own;
        self.members.push(Server {
            container,
            port,
            secure_port,
            address,
        });
    }
}

impl Server {
    /// What it has logged, read in its own file system.
    fn log(&self) -> Vec<Txn> {
        let process = docker(&["inspect", "--format", "{{.State.Pid}}", &self.container]);
        let folder = format!("/proc/{process}/root/datalog/version-2");
        txn_log::read_folder(Path::new(&folder)).unwrap_or_else(|why| panic!("{folder}: {why}"))
    }
}

impl Drop for Ensemble {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for server in &self.members {
                let logs = format!("docker logs --tail 15 {} 2>&1", server.container);
                let tail = docker::run("sh", &["-c", &logs]).unwrap_or_else(|why| why);
                note(format_args!("--- {}\n{tail}", server.container));
            }
        }
        owner::remove(&self.name);
        if let Some(mut reaper) = self.reaper.take() {
            let _ = reaper.kill();
            let _ = reaper.wait();
        }
    }
}

/// How a configuration names a member.
fn line(member: Member, address: &str) -> String {
    format!("server.{}={address}:2888:3888;2181", member + 1)
}

/// Waits until no other ensemble of this machine chooses its ports, and keeps them from it while this is there.
fn choosing() -> File {
    let path = std::env::temp_dir().join("zk-tests-ensemble-ports.lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path);
    let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let locked = flock(&file, FlockOperation::LockExclusive);
    locked.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file
}

/// Free ports, begun at a place that differs between processes: far apart between those that begin at the same time, for a
/// server that is down for a while seems to leave its ports to others.
fn free_ports() -> impl Iterator<Item = u16> {
    let (first, count) = (PORTS.start, PORTS.end - PORTS.start);
    let place = std::process::id().wrapping_mul(STRIDE) % u32::from(count);
    let skipped = u16::try_from(place).unwrap_or(0);
    (0..count)
        .map(move |step| first + (skipped + step) % count)
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ensemble_at_a_time_chooses_its_ports() {
        let first = choosing();
        let path = std::env::temp_dir().join("zk-tests-ensemble-ports.lock");
        let other = File::open(path).unwrap();
        flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap_err();
        drop(first);
        let (sender, chosen) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(choosing()));
        chosen.recv_timeout(Duration::from_secs(60)).unwrap();
    }
}
