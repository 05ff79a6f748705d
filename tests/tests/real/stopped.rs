//! A holder that is stopped (SIGSTOP) past its session timeout and then goes on.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use zk_recipes::{Client, Mutex};
use zk_tests::{Deadline, RealServer, deadline};

use crate::zkctl::zkctl;

const LIMIT: Duration = Duration::from_secs(60);
const SESSION: Duration = Duration::from_secs(2);

/// One server for these tests, with ticks that allow short sessions.
fn server() -> &'static RealServer {
    static SERVER: OnceLock<RealServer> = OnceLock::new();
    SERVER.get_or_init(|| RealServer::start_with(&[("ZOO_TICK_TIME", "500")]))
}

/// A process that is killed when dropped, and its lines.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn json(&mut self, event: &str) -> Value {
        let line: Value = serde_json::from_str(&self.line()).unwrap();
        assert_eq!(line["event"], event, "{line}");
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn wait_until_stopped(&self, limit: &Deadline) {
        let stat = format!("/proc/{}/stat", self.child.id());
        limit.wait_for("the process to be stopped", || {
            let stat = fs::read_to_string(&stat).unwrap();
            let (_, behind_name) = stat.rsplit_once(") ").unwrap();
            behind_name.starts_with('T').then_some(())
        });
    }

    fn end(&mut self, limit: &Deadline) -> Option<i32> {
        let ended = || self.child.try_wait().unwrap();
        limit.wait_for("the process to end", ended).code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a stopped holder said, and what the next one did meanwhile.
struct Story {
    safe: Value,
    wrote: Value,
    lost: Value,
    next_granted: u64,
    next_token: u64,
    resource: String,
}

/// Stops a holder between its look and its write until the next holder has written, and lets it go on.
async fn stopped_holder(name: &str, fenced: bool) -> Story {
    let limit = deadline(LIMIT);
    let connect = server().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let (lock, resource) = (format!("/{name}/lock"), format!("/{name}/resource"));
    zk.create(&format!("/{name}"), "").await.unwrap();
    zk.create(&resource, "").await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stopped_holder"));
    command
        .env("ZK_CONNECT", &connect)
        .env("ZK_LOCK", &lock)
        .env("ZK_RESOURCE", &resource)
        .env("ZK_SESSION_MS", SESSION.as_millis().to_string())
        .env("ZK_FENCED", if fenced { "yes" } else { "no" });
    let mut holder = Program::start(command);
    let safe = holder.json("safe");
    holder.wait_until_stopped(&limit);
    let next = Mutex::new(&zk, &lock).unwrap();
    let guard = next.acquire().timeout(LIMIT).await.unwrap();
    let next_granted = zk.now().as_nanos();
    zk.set(&resource, "new").fenced_by(&guard).await.unwrap();
    holder.signal(Signal::CONT);
    let (wrote, lost) = (holder.json("wrote"), holder.json("lost"));
    assert_eq!(holder.end(&limit), Some(0));
    let found = zk.get(&resource).await.unwrap();
    let next_token = guard.token();
    guard.release().await.unwrap();
    assert_eq!(next.contenders().await.unwrap(), [], "nothing is left");
    zk.close().await.unwrap();
    Story {
        safe,
        wrote,
        lost,
        next_granted,
        next_token,
        resource: String::from_utf8_lossy(&found.data).into_owned(),
    }
}

#[tokio::test]
async fn a_holder_stopped_past_its_session_cannot_write_when_it_goes_on() {
    let story = stopped_holder("stopped-fenced", true).await;
    assert_eq!(story.wrote["outcome"], "not_applied");
    assert_eq!(story.wrote["kind"], "LockLost");
    assert_eq!(story.resource, "new");
    assert_eq!(story.wrote["safe"], false);
    assert_eq!(story.lost["held"], false);
    assert!(story.next_token > story.safe["token"].as_u64().unwrap());
}

#[tokio::test]
async fn the_next_holder_is_not_granted_the_lock_inside_the_safe_window_of_a_stopped_one() {
    let story = stopped_holder("stopped-window", true).await;
    // CLOCK_BOOTTIME is one clock for all processes of a machine.
    let moment = |line: &Value, key: &str| line[key].as_u64().unwrap();
    let (granted, safe_until) = (
        moment(&story.safe, "granted"),
        moment(&story.safe, "safe_until"),
    );
    println!(
        "held at {granted}, safe until {safe_until}, next held at {}, {} ms later",
        story.next_granted,
        story.next_granted.saturating_sub(safe_until) / 1_000_000
    );
    assert!(granted < safe_until);
    assert!(safe_until <= story.next_granted);
    assert!(story.next_granted <= moment(&story.wrote, "continued"));
}

/// The control: without a fence the same pause does harm.
#[tokio::test]
async fn without_a_fence_a_stopped_holder_writes_over_the_next_ones_work() {
    let story = stopped_holder("stopped-unfenced", false).await;
    assert_eq!(story.wrote["outcome"], "done");
    assert_eq!(story.resource, "stale", "the next holder's work is gone");
    assert_eq!(story.lost["held"], false, "it learns of its loss, too late");
}

#[tokio::test]
async fn zkctl_lock_stopped_past_its_session_stops_its_command_when_it_goes_on() {
    let limit = deadline(LIMIT);
    let connect = server().connect_string();
    let mut command = Command::new(zkctl());
    let session = format!("{}ms", SESSION.as_millis());
    command
        .env("ZK_CONNECT", &connect)
        .args([
            "lock",
            "/stopped-zkctl",
            "--session-timeout",
            &session,
            "--",
        ])
        .args(["sh", "-c", "echo $$; exec sleep 600"]);
    let mut running = Program::start(command);
    let child = Pid::from_raw(running.line().parse().unwrap()).unwrap();
    running.signal(Signal::STOP);
    running.wait_until_stopped(&limit);
    let zk = Client::builder(&connect).connect().await.unwrap();
    let next = Mutex::new(&zk, "/stopped-zkctl").unwrap();
    let guard = next.acquire().timeout(LIMIT).await.unwrap();
    assert!(
        test_kill_process(child).is_ok(),
        "the command runs on alone"
    );
    running.signal(Signal::CONT);
    assert_eq!(running.end(&limit), Some(76));
    assert!(test_kill_process(child).is_err(), "the command is stopped");
    guard.release().await.unwrap();
    assert_eq!(next.contenders().await.unwrap(), [], "nothing is left");
    zk.close().await.unwrap();
}
