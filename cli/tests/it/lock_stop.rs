//! `lock`, when the command has to go: whoever it has become, and whatever happens to zkctl itself.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::{announced, is_gone};
use crate::pty::Pty;
use crate::server::Server;
use crate::zkctl::{Running, SESSION, Zkctl, until};

/// Ignores SIGTERM for ever, after it has told its process id.
const DEAF: &str = "trap '' TERM HUP; echo $$; while :; do sleep 0.01; done";

fn lock(server: &Server, options: &[&str], script: &str) -> Zkctl {
    let args = [&["lock", "/l"], options, &["--", "sh", "-c", script]].concat();
    server.zkctl(&args)
}

/// A command with a child in its process group, one in a session of its own, and a daemon; all deaf.
fn clan(server: &Server, options: &[&str]) -> (Running, Vec<Pid>) {
    let script = format!(
        "DEAF=\"{DEAF}\"; sh -c \"$DEAF\" & setsid sh -c \"$DEAF\" & (setsid sh -c \"$DEAF\" &); echo $$; wait; wait"
    )
    .replace("$$; while", "\\$\\$; while");
    let running = lock(server, options, &script).start();
    let mut ids: Vec<Pid> = (0..4).map(|_| announced(&running)).collect();
    ids.sort_by_key(|id| id.as_raw_nonzero());
    (running, ids)
}

#[track_caller]
fn all_gone(ids: &[Pid]) {
    let left: Vec<_> = ids.iter().filter(|id| !is_gone(**id)).collect();
    assert!(left.is_empty(), "still there: {left:?} of {ids:?}");
}

#[test]
fn grandchildren_that_left_the_process_group_are_stopped_with_a_lost_lock() {
    let server = Server::start();
    let (running, ids) = clan(&server, &[]);
    let node = server.below("/l").pop().unwrap();
    server.zkctl(&["rm", &node]).ok();
    let done = running.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
    all_gone(&ids);
}

#[test]
fn a_deaf_command_is_killed_before_the_server_gives_the_lock_to_others() {
    let server = Server::start();
    let (running, ids) = clan(&server, &SESSION);
    let node = server.below("/l").pop().unwrap();
    server.hooks().refuse_connections(true);
    server.hooks().cut_all();
    server.until("the session has expired", |core| core.node(&node).is_none());
    all_gone(&ids);
    let done = running.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
}

#[test]
fn a_deaf_command_is_killed_after_the_second_sigterm_and_the_lock_is_released() {
    let server = Server::start();
    let running = lock(&server, &SESSION, DEAF).start();
    let id = announced(&running);
    running.signal(Signal::TERM);
    // Signals of one kind merge while nobody has looked; a turn of the command shows that time has passed.
    until("the first signal was taken", || {
        let status = format!("/proc/{}/status", running.id().as_raw_nonzero());
        let status = std::fs::read_to_string(status).unwrap();
        !status
            .lines()
            .any(|line| line.starts_with("ShdPnd") && !line.ends_with("0000000000000000"))
    });
    assert!(!is_gone(id), "one SIGTERM is the command's own affair");
    // Sent until it is seen as another one.
    until("zkctl has ended", || {
        if is_gone(running.id()) {
            return true;
        }
        running.signal(Signal::TERM);
        std::thread::sleep(Duration::from_millis(20));
        false
    });
    let done = running.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(143), ""));
    all_gone(&[id]);
    assert_eq!(server.below("/l"), [""; 0]);
}

#[test]
fn the_command_does_not_outlive_a_zkctl_that_was_killed() {
    let server = Server::start();
    let script = format!("sh -c \"{}\" & echo $$; wait", DEAF.replace('$', "\\$"));
    let running = lock(&server, &SESSION, &script).start();
    let ids = [announced(&running), announced(&running)];
    let node = server.below("/l").pop().unwrap();
    let token = server.hooks().node(&node).unwrap().stat.czxid.as_raw();
    running.signal(Signal::KILL);
    let done = running.wait();
    // stderr ends with the watchdog, which has it, too.
    assert_eq!(
        done.stderr,
        format!("zkctl: killed while it held /l (token {token}); the command was stopped\n")
    );
    until("the command is gone", || ids.iter().all(|id| is_gone(*id)));
    assert!(server.hooks().node(&node).is_some(), "in good time");
}

/// What becomes the command, as `zkctl lock` starts it, and the pipe that it waits for.
fn starter() -> (std::process::Command, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    fcntl_setfd(&reader, FdFlags::empty()).unwrap();
    let mut starter = std::process::Command::new(env!("CARGO_BIN_EXE_zkctl"));
    let number = std::os::fd::IntoRawFd::into_raw_fd(reader).to_string();
    starter
        .arg0("lock-starter")
        .args([&number, "sh", "-c", "echo runs"]);
    (starter, writer)
}

#[test]
fn a_command_does_not_begin_if_zkctl_is_killed_before_it_is_guarded() {
    let (mut starter, writer) = starter();
    drop(writer);
    let done = starter.output().unwrap();
    assert_eq!(
        (done.stdout.as_slice(), done.status.code()),
        (&b""[..], Some(70))
    );
}

#[test]
fn a_command_that_is_guarded_begins() {
    let (mut starter, mut writer) = starter();
    std::io::Write::write_all(&mut writer, b"!").unwrap();
    let done = starter.output().unwrap();
    assert_eq!(
        (done.stdout.as_slice(), done.status.code()),
        (&b"runs\n"[..], Some(0))
    );
}

#[test]
fn the_command_does_not_outlive_its_lock_while_zkctl_is_stopped() {
    let server = Server::start();
    let running = lock(&server, &SESSION, DEAF).start();
    let id = announced(&running);
    let node = server.below("/l").pop().unwrap();
    server.until("the hold was confirmed", |core| {
        core.counts()
            .iter()
            .any(|(op, count)| op.name() == "multi" && *count >= 3)
    });
    let session = server.hooks().sessions().pop().unwrap();
    let token = server.hooks().node(&node).unwrap().stat.czxid.as_raw();
    running.signal(Signal::STOP);
    until("the command is gone", || is_gone(id));
    assert!(
        server.hooks().node(&node).is_some(),
        "before the lock is anybody else's"
    );
    server.until("the session has expired", |core| core.node(&node).is_none());
    running.signal(Signal::CONT);
    let done = running.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
    // All numbers but those are the machine's.
    let words: Vec<&str> = done.stderr.split([' ', '\n']).collect();
    let session = format!("{}", session.id);
    let expected = format!(
        "zkctl: lost the lock /l (token {token}): session {session} expired after S s without contact (timeout 8.0 s): \
         this process did not run for S s (paused, or its runtime was blocked); the command was stopped"
    );
    let shown: Vec<&str> = words
        .iter()
        .zip(expected.split(' '))
        .map(|(word, wanted)| if wanted == "S" { "S" } else { word })
        .collect();
    assert_eq!(shown.join(" "), expected, "{}", done.stderr);
}

#[test]
fn a_zkctl_that_stops_for_a_moment_stops_nothing() {
    let server = Server::start();
    let zkctl = lock(&server, &[], "echo held; read line; exit 4");
    let (stdin, writer) = std::io::pipe().unwrap();
    let running = zkctl.start_with(stdin);
    assert_eq!(running.line(), "held");
    running.signal(Signal::STOP);
    until("it is stopped", || {
        let stat = format!("/proc/{}/stat", running.id().as_raw_nonzero());
        std::fs::read_to_string(stat).unwrap().contains(") T ")
    });
    running.signal(Signal::CONT);
    drop(writer);
    let done = running.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(4), ""));
}

#[test]
fn no_watchdog_is_left_behind() {
    let server = Server::start();
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)] {
        // The watchdog would keep stderr open.
        assert_eq!(lock(&server, &[], script).run().code, Some(code));
    }
    let done = server.zkctl(&["lock", "/l", "--", "no-such-program"]).run();
    assert_eq!(done.code, Some(127));
}

#[test]
fn what_runs_on_in_the_background_is_left_alone() {
    let server = Server::start();
    let script = "sleep 600 >/dev/null 2>&1 & echo $!";
    let done = lock(&server, &[], script).run();
    let id = Pid::from_raw(done.text().trim().parse().unwrap()).unwrap();
    assert!(!is_gone(id), "it was not part of what ended");
    kill_process(id, Signal::KILL).unwrap();
}

#[test]
fn the_end_of_the_terminal_ends_the_command_and_releases_the_lock() {
    let server = Server::start();
    let pty = Pty::open();
    let script =
        "trap 'echo hung up >&2; exit 5' HUP; echo ready >&2; while :; do sleep 0.01; done";
    // Leads a session on that terminal, as a login shell or ssh does.
    let zkctl = env!("CARGO_BIN_EXE_zkctl");
    let mut child = std::process::Command::new("setsid")
        .args([
            "--ctty", "--wait", zkctl, "lock", "/l", "--", "sh", "-c", script,
        ])
        .env("ZK_CONNECT", server.connect_string())
        .stdin(pty.slave())
        .stdout(pty.slave())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("ready"));
    drop(pty);
    // The shell may tell that its sleep was hung up on, too.
    assert!(lines.any(|line| line == "hung up"));
    child.wait().unwrap();
    server.until("the lock is released", |core| {
        !core.paths().iter().any(|path| path.starts_with("/l/"))
    });
}
