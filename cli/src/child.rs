//! The command that `zkctl` runs.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpgid, getpid, kill_process,
    kill_process_group, test_kill_process_group, waitid, waitpid,
};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout_at};

use crate::descendants;
use crate::exit::{Failure, code};
use crate::starter::Gate;

/// A command with whatever it starts: stopped together.
///
/// It has a process group of its own. What leaves the group is still found: it descends from this process, which also
/// becomes the parent of every orphan.
pub(crate) struct Group {
    child: Child,
    /// Closed until the command may run.
    gate: Option<Gate>,
    id: Pid,
    /// Our other child, which is none of the command's.
    watchdog: Option<Pid>,
}

impl Group {
    /// Prepares `command`, which begins with [`Group::go`]; its standard streams are ours, but for its stdin if there is
    /// `input`.
    pub(crate) fn spawn(
        command: &[OsString],
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
        input: Option<Vec<u8>>,
        watchdog: Option<Pid>,
    ) -> Result<Self, Failure> {
        // A daemon's parent ends at once; without this its next parent would be a stranger.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(getpid()));
        let failed =
            |e: io::Error| Failure::new(code::INTERNAL, format!("cannot start the command: {e}"));
        let (mut child, gate) = Gate::before(command, |mut starter| {
            if input.is_some() {
                starter.stdin(Stdio::piped());
            }
            starter.envs(environment).process_group(0).spawn()
        })
        .map_err(failed)?;
        let id = id_of(&child)?;
        if let Some(input) = input {
            feed(&mut child, input);
        }
        Ok(Self {
            child,
            gate: Some(gate),
            id,
            watchdog,
        })
    }

    /// Lets the command run, if it does not yet.
    pub(crate) fn go(&mut self) {
        if let Some(gate) = self.gate.take() {
            gate.open();
        }
    }

    /// The id of the process group.
    pub(crate) fn id(&self) -> Pid {
        self.id
    }

    /// Waits for the command itself to end; what it left running in the background goes on.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        self.child.wait().await.map_err(lost_track)
    }

    /// Sends a signal to all of the group; nobody there to receive it is fine.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.id, signal);
    }

    /// Lets the command go on if the terminal has suspended it: suspended, it would keep the lock for nothing, and nobody
    /// would have the terminal.
    pub(crate) fn resume(&self) {
        let stopped = waitid(
            WaitId::Pid(self.id),
            WaitIdOptions::STOPPED | WaitIdOptions::NOHANG,
        );
        let signal = match stopped {
            Ok(Some(status)) => status.stopping_signal(),
            _ => None,
        };
        let by_terminal = [Signal::TSTP, Signal::TTIN, Signal::TTOU].map(Signal::as_raw);
        if signal.is_some_and(|signal| by_terminal.contains(&signal)) {
            self.signal(Signal::CONT);
        }
    }

    /// What else there is to do for the orphans: nobody but their parent can bury them.
    pub(crate) fn undertaker(&self) -> Undertaker {
        Undertaker {
            spared: [Some(self.id), self.watchdog],
        }
    }

    /// Stops the command and all that descends from it: asks with SIGTERM, and kills what is there when `patience` is
    /// over.
    pub(crate) async fn stop(&mut self, patience: Duration) {
        self.signal_all(Signal::TERM);
        // Whoever is stopped does not see that it should end.
        self.signal_all(Signal::CONT);
        if self.gone_by(Instant::now() + patience, None).await {
            return;
        }
        // Death takes effect when the kernel gets to it. A process that it cannot interrupt is not waited for.
        self.gone_by(Instant::now() + KILLED, Some(Signal::KILL))
            .await;
    }

    /// Waits until nobody is left, or the deadline; sends a signal to those who are, time and again.
    async fn gone_by(&mut self, deadline: Instant, signal: Option<Signal>) -> bool {
        let undertaker = self.undertaker();
        let mut looks_gone = 0;
        // There is no event for the end of a group.
        while Instant::now() < deadline {
            if let Some(signal) = signal {
                self.signal_all(signal);
            }
            let has_ended = timeout_at(Instant::now() + POLL, self.child.wait())
                .await
                .is_ok();
            undertaker.bury();
            // A list of children that change may miss some: one look at it proves nothing.
            looks_gone = if has_ended && self.is_gone() {
                looks_gone + 1
            } else {
                0
            };
            if looks_gone == LOOKS {
                return true;
            }
            if has_ended {
                sleep(POLL).await;
            }
        }
        false
    }

    fn is_gone(&self) -> bool {
        test_kill_process_group(self.id) == Err(Errno::SRCH) && self.outside().is_empty()
    }

    fn signal_all(&self, signal: Signal) {
        let outside = self.outside();
        self.signal(signal);
        descendants::signal(&outside, signal);
    }

    /// What descends from the command and has left its group.
    fn outside(&self) -> Vec<Pid> {
        let mut all = descendants::of(getpid());
        all.retain(|process| {
            Some(*process) != self.watchdog && getpgid(Some(*process)) != Ok(self.id)
        });
        all
    }
}

/// Buries the orphans of a [`Group`]: as zombies they would count as living, and pile up.
pub(crate) struct Undertaker {
    /// Children that others wait for.
    spared: [Option<Pid>; 2],
}

impl Undertaker {
    /// Buries those who are dead now.
    pub(crate) fn bury(&self) {
        for orphan in descendants::children(getpid()) {
            if !self.spared.contains(&Some(orphan)) {
                let _ = waitpid(Some(orphan), WaitOptions::NOHANG);
            }
        }
    }
}

/// A command in our own process group, for as long as nobody needs to stop it.
pub(crate) struct Companion {
    child: Child,
    id: Pid,
}

impl Companion {
    /// Starts `command`, without these variables of our environment; its standard streams are ours.
    pub(crate) fn spawn(
        command: &[OsString],
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
        without: &[&str],
    ) -> Result<Self, Failure> {
        Self::start(command, |starting| {
            starting.envs(environment);
            for name in without {
                starting.env_remove(name);
            }
        })
    }

    /// Starts `command`, which finds `input` on its stdin.
    pub(crate) fn with_input(
        command: &[OsString],
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
        input: Vec<u8>,
    ) -> Result<Self, Failure> {
        let mut started = Self::start(command, |starting| {
            starting.envs(environment).stdin(Stdio::piped());
        })?;
        feed(&mut started.child, input);
        Ok(started)
    }

    fn start(command: &[OsString], prepare: impl FnOnce(&mut Command)) -> Result<Self, Failure> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(Failure::usage("there is no command to run"));
        };
        let mut starting = Command::new(program);
        starting.args(arguments);
        prepare(&mut starting);
        let child = starting
            .spawn()
            .map_err(|e| Failure::not_started(program, &e))?;
        let id = id_of(&child)?;
        Ok(Self { child, id })
    }

    /// Waits for it to end.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        self.child.wait().await.map_err(lost_track)
    }

    /// Sends it a signal; fine if it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process(self.id, signal);
    }
}

/// Writes to its stdin, and ends that.
fn feed(child: &mut Child, input: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        tokio::spawn(async move {
            // Whoever does not want to read it need not.
            let _ = stdin.write_all(&input).await;
        });
    }
}

fn id_of(child: &Child) -> Result<Pid, Failure> {
    let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    // Only a child that was reaped has no id, and nobody has waited yet.
    id.ok_or_else(|| lost_track(io::ErrorKind::NotFound.into()))
}

fn lost_track(error: io::Error) -> Failure {
    Failure::new(
        code::INTERNAL,
        format!("cannot wait for the command: {error}"),
    )
}

/// The exit code by which a shell tells how a command ended.
pub(crate) fn code_of(status: ExitStatus) -> u8 {
    let signal = status.signal().map(code::of_signal);
    let own = status.code().and_then(|code| u8::try_from(code).ok());
    own.or(signal).unwrap_or(code::INTERNAL)
}

/// How often a group is looked at.
const POLL: Duration = Duration::from_millis(5);

/// How often in a row nobody must be left.
const LOOKS: u32 = 3;

/// How long the kernel may take to end what was killed.
pub(crate) const KILLED: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_that_of_a_shell() {
        assert_eq!(code_of(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code_of(ExitStatus::from_raw(15)), 143);
    }
}
