//! The command that `zkctl` runs.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group, waitpgid,
};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout_at};

use crate::exit::{Failure, code};

/// A command with whatever it starts, in a process group of its own: stopped together.
pub(crate) struct Group {
    child: Child,
    id: Pid,
}

impl Group {
    /// Starts `command`; its standard streams are ours.
    pub(crate) fn spawn(
        command: &[OsString],
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Result<Self, Failure> {
        let (child, id) = start(command, environment, |command| command.process_group(0))?;
        Ok(Self { child, id })
    }

    /// Waits for the command itself to end; what it left running in the background goes on.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        self.child.wait().await.map_err(lost_track)
    }

    /// Sends a signal to all of the group; nobody there to receive it is fine.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.id, signal);
    }

    /// Stops all of the group: asks with SIGTERM, and kills what is there when `patience` is over.
    pub(crate) async fn stop(&mut self, patience: Duration) {
        // What loses its parent now becomes our child, to be reaped here: in a container there may be nobody else who
        // does, and the dead would look alive.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        self.signal(Signal::TERM);
        // Whoever is stopped does not see that it should end.
        self.signal(Signal::CONT);
        self.gone_by(Instant::now() + patience).await;
        self.signal(Signal::KILL);
        // Death takes effect when the kernel gets to it. A process that it cannot interrupt is not waited for.
        self.gone_by(Instant::now() + KILLED).await;
    }

    async fn gone_by(&mut self, deadline: Instant) {
        // The command and its orphans must be reaped: as zombies they would count as members.
        if timeout_at(deadline, self.child.wait()).await.is_err() {
            return;
        }
        // There is no event for the end of a group.
        while Instant::now() < deadline {
            while let Ok(Some(_)) = waitpgid(self.id, WaitOptions::NOHANG) {}
            if test_kill_process_group(self.id) == Err(Errno::SRCH) {
                return;
            }
            sleep(POLL).await;
        }
    }
}

/// A command in our own process group, for as long as nobody needs to stop it.
pub(crate) struct Companion {
    child: Child,
    id: Pid,
}

impl Companion {
    /// Starts `command`; its standard streams are ours.
    pub(crate) fn spawn(
        command: &[OsString],
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Result<Self, Failure> {
        let (child, id) = start(command, environment, |command| command)?;
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

fn start(
    command: &[OsString],
    environment: impl IntoIterator<Item = (&'static str, OsString)>,
    prepare: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<(Child, Pid), Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::usage("there is no command to run"));
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(environment);
    let child = prepare(&mut command)
        .spawn()
        .map_err(|e| not_started(program, &e))?;
    let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    // Only a child that was reaped has no id, and nobody has waited yet.
    let id = id.ok_or_else(|| lost_track(io::ErrorKind::NotFound.into()))?;
    Ok((child, id))
}

fn not_started(program: &OsStr, error: &io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::NotFound => code::NOT_FOUND,
        _ => code::NOT_EXECUTABLE,
    };
    Failure::new(
        code,
        format!("cannot run {}: {error}", program.to_string_lossy()),
    )
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

/// How long the kernel may take to end what was killed.
const KILLED: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_that_of_a_shell() {
        assert_eq!(code_of(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code_of(ExitStatus::from_raw(15)), 143);
    }
}
