//! A second process that stops the command of `zkctl lock` when zkctl itself cannot: killed by SIGKILL, or not run for so
//! long (stopped, starved) that the lock is about to be lost unseen.
//!
//! It is this program under another name, with a pipe as its stdin. zkctl writes what to stop and until when the lock is
//! safe; the end of the pipe without a farewell is the death of zkctl. It takes part in nothing else: no session, no
//! terminal, a process group of its own. See docs/decisions/005.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, BufRead as _, Write as _};
use std::process::{ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, kill_process_group, test_kill_process, test_kill_process_group,
};
use rustix::time::{ClockId, clock_gettime};
use tokio::process::{Child, ChildStdin, Command};
use zk_recipes::Moment;

use crate::descendants;
use crate::exit::{Failure, code, say};

/// The name that the program has when it is a watchdog: another one, so that who kills every `zkctl` kills no watchdog.
pub(crate) const NAME: &str = "lock-watchdog";

/// The watchdog as zkctl sees it.
pub(crate) struct Watchdog {
    child: Child,
    /// Does not block: a watchdog that is stopped itself must not stop zkctl.
    pipe: Option<File>,
}

impl Watchdog {
    /// Starts one for a command that may take `grace` to end; `what` names the lock in its message.
    pub(crate) fn start(what: &str, grace: Duration) -> Result<Self, Failure> {
        let failed =
            |e: io::Error| Failure::new(code::INTERNAL, format!("cannot start the watchdog: {e}"));
        let mut child = Command::new(OURSELVES)
            .arg0(NAME)
            .arg(grace.as_millis().to_string())
            .arg(what)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Ctrl-C and the end of the terminal are for the command.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let pipe = child.stdin.take().map(ChildStdin::into_owned_fd);
        let pipe = pipe.transpose().map_err(failed)?.map(File::from);
        Ok(Self { child, pipe })
    }

    /// Its process id, while it runs.
    pub(crate) fn id(&self) -> Option<Pid> {
        self.child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?))
    }

    /// Names the process group that it watches over.
    pub(crate) fn guard(&mut self, group: Pid) {
        self.tell(&format!("group {}", group.as_raw_nonzero()));
    }

    /// The lock is safe until then.
    pub(crate) fn safe_until(&mut self, until: Moment) {
        self.tell(&format!("until {}", until.as_nanos()));
    }

    /// The command is zkctl's own affair from here on. True if the watchdog has stopped it before.
    pub(crate) async fn dismiss(mut self) -> bool {
        self.tell("done");
        self.pipe = None;
        let ended = self.child.wait().await;
        ended.is_ok_and(|status| status.code() == Some(FIRED.into()))
    }

    fn tell(&mut self, line: &str) {
        if let Some(pipe) = &mut self.pipe {
            // If it is gone or stopped there is nobody to tell, and zkctl does what it does without it. So short a line
            // is written as a whole or not at all.
            let _ = pipe.write_all(format!("{line}\n").as_bytes());
        }
    }
}

/// What zkctl tells.
enum Order {
    Group(Pid),
    Until(Moment),
    Done,
}

/// Is the watchdog, to its end; `arguments` are the grace in milliseconds and the name of the lock.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let grace = arguments.next().and_then(|millis| millis.parse().ok());
    let (Some(grace), Some(what)) = (grace.map(Duration::from_millis), arguments.next()) else {
        return ExitCode::from(code::USAGE);
    };
    let _ = rustix::thread::set_name(COMM);
    let orders = read();
    let mut group = None;
    let mut until: Option<Moment> = None;
    loop {
        // zkctl acts when `grace` is left; who acts in its place gives it half of that.
        let left = until.map(|until| until.saturating_since(now() + grace / 2));
        let is_due = left == Some(Duration::ZERO);
        // A watchdog that was stopped for a while finds the news of that time in the pipe: those count first. Timers stop
        // while the machine sleeps, so the clock is looked at every now and then.
        let pause = if is_due {
            LAST_CALL
        } else {
            left.unwrap_or(LOOK).min(LOOK)
        };
        match orders.recv_timeout(pause) {
            Ok(Order::Group(id)) => group = Some(id),
            Ok(Order::Until(moment)) => until = Some(moment),
            Ok(Order::Done) => return ExitCode::SUCCESS,
            Err(RecvTimeoutError::Timeout) if is_due => {
                stop(group, grace / 2);
                return ExitCode::from(FIRED);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                stop(group, grace);
                if group.is_some() {
                    say(format_args!(
                        "killed while it held {what}; the command was stopped"
                    ));
                }
                return ExitCode::from(FIRED);
            }
        }
    }
}

/// The orders that come in on stdin.
fn read() -> Receiver<Order> {
    let (sender, orders) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let order = match line.split_once(' ') {
                Some(("group", id)) => id.parse().ok().and_then(Pid::from_raw).map(Order::Group),
                Some(("until", nanos)) => {
                    nanos.parse().ok().map(Moment::from_nanos).map(Order::Until)
                }
                None if line == "done" => Some(Order::Done),
                _ => None,
            };
            if order.is_none_or(|order| sender.send(order).is_err()) {
                return;
            }
        }
    });
    orders
}

/// Asks the group and what descends from it to end, and kills what is left after `patience`.
fn stop(group: Option<Pid>, patience: Duration) {
    let Some(group) = group else { return };
    let deadline = Instant::now() + patience;
    let mut outside = descendants::of(group);
    let signal = |outside: &[Pid], signal| {
        let _ = kill_process_group(group, signal);
        descendants::signal(outside, signal);
    };
    signal(&outside, Signal::TERM);
    signal(&outside, Signal::CONT);
    while Instant::now() < deadline && !is_gone(group, &outside) {
        thread::sleep(POLL);
    }
    outside.extend(descendants::of(group));
    signal(&outside, Signal::KILL);
}

fn is_gone(group: Pid, outside: &[Pid]) -> bool {
    test_kill_process_group(group) == Err(Errno::SRCH)
        && outside
            .iter()
            .all(|process| test_kill_process(*process) == Err(Errno::SRCH))
}

/// The clock of the hold, which goes on while the machine sleeps.
fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    let nanos = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    Moment::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// This very program, even if its file was replaced.
pub(crate) const OURSELVES: &str = "/proc/self/exe";

const COMM: &CStr = c"lock-watchdog";

/// The exit code of a watchdog that stopped the command.
const FIRED: u8 = 3;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long a watchdog that is about to act listens once more.
const LAST_CALL: Duration = Duration::from_millis(50);

const POLL: Duration = Duration::from_millis(5);
