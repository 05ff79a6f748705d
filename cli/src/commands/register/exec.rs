//! A health check that runs a command.

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use zk_recipes::discovery::Heartbeat;

use crate::child::KILLED;

/// A command for the shell, which is run again and again: exit status 0 is healthy.
pub(super) struct Exec {
    pub(super) command: String,
    pub(super) environment: Vec<(&'static str, OsString)>,
    pub(super) interval: Duration,
    /// When it is killed.
    pub(super) limit: Duration,
}

impl Exec {
    /// How long it may take from one result to the next.
    pub(super) fn ttl(&self) -> Duration {
        let busy = self.limit.saturating_add(KILLED).saturating_add(SLACK);
        self.interval.saturating_add(busy)
    }

    /// Runs the command until nobody has the other end of `stop`. It does not outlive this.
    pub(super) async fn run(self, heart: Heartbeat, mut stop: watch::Receiver<()>) {
        loop {
            let Some(result) = self.attempt(&mut stop).await else {
                return;
            };
            match result {
                Ok(()) => heart.pass(),
                Err(why) => heart.fail(why),
            }
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                () = sleep(self.interval) => {}
            }
        }
    }

    /// Runs it once; `None` if it was stopped.
    async fn attempt(&self, stop: &mut watch::Receiver<()>) -> Option<Result<(), String>> {
        let mut running = match Running::spawn(&self.command, &self.environment) {
            Ok(running) => running,
            Err(error) => return Some(Err(format!("cannot run sh: {error}"))),
        };
        let limit = self.limit;
        let ended = tokio::select! {
            biased;
            () = stopped(stop) => None,
            ended = timeout(limit, running.ended()) => Some(ended),
        };
        let said = running.end().await;
        Some(match ended? {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(told(&how(status), &said)),
            Ok(Err(error)) => Err(format!("cannot wait for it: {error}")),
            Err(_) => Err(told(&format!("it did not end within {limit:?}"), &said)),
        })
    }
}

/// A command with its process group, which ends with it.
struct Running {
    child: Child,
    group: Option<Pid>,
    output: pipe::Receiver,
    /// The beginning of what it said.
    said: Vec<u8>,
}

impl Running {
    fn spawn(command: &str, environment: &[(&'static str, OsString)]) -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let mut starting = Command::new("sh");
        starting
            .args(["-c", command])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        let child = starting.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let mut running = Self {
            group: id.and_then(Pid::from_raw),
            child,
            output: pipe::Receiver::from_owned_fd(reader)?,
            said: Vec::new(),
        };
        // It has the other end alone, so that there is an end to what it says.
        drop(starting);
        running.said.reserve(LONGEST);
        Ok(running)
    }

    /// How the command itself ends; what it says meanwhile is read, so that it does not wait for a reader.
    async fn ended(&mut self) -> io::Result<ExitStatus> {
        let Self {
            child,
            output,
            said,
            ..
        } = self;
        tokio::select! {
            ended = child.wait() => ended,
            () = async {
                drain(output, said).await;
                pending::<()>().await;
            } => pending().await,
        }
    }

    /// Kills whoever is left of the group, and buries the command; what it said.
    async fn end(mut self) -> Vec<u8> {
        self.kill();
        // A process that the kernel cannot interrupt is not waited for.
        let _ = timeout(KILLED, self.child.wait()).await;
        // Whoever has left the group may have the pipe still.
        let _ = timeout(REST, drain(&mut self.output, &mut self.said)).await;
        std::mem::take(&mut self.said)
    }

    /// Ids are given in turn, so nobody else has this one yet if all are gone.
    fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads to the end, and keeps the beginning.
async fn drain(output: &mut pipe::Receiver, said: &mut Vec<u8>) {
    let mut some = [0; 1024];
    while let Ok(count @ 1..) = output.read(&mut some).await {
        let room = LONGEST.saturating_sub(said.len()).min(count);
        said.extend_from_slice(some.get(..room).unwrap_or_default());
    }
}

/// Returns when the other end is gone.
async fn stopped(stop: &mut watch::Receiver<()>) {
    while stop.changed().await.is_ok() {}
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => "it did not end well".to_owned(),
    }
}

/// How it ended, and the first line that it said, as far as that is not too long.
fn told(how: &str, said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let line = said.lines().map(str::trim).find(|line| !line.is_empty());
    match line {
        None => how.to_owned(),
        Some(line) if line.chars().count() > SHOWN => {
            let beginning: String = line.chars().take(SHOWN).collect();
            format!("{how}: {beginning}…")
        }
        Some(line) => format!("{how}: {line}"),
    }
}

/// How much of what a command says is kept, in bytes.
const LONGEST: usize = 4096;

/// How much of its first line is told, in characters.
const SHOWN: usize = 200;

/// How long the end of a pipe may be awaited whose writers are dead.
const REST: Duration = Duration::from_millis(100);

/// By how much a result may be late before the check has failed for want of one.
const SLACK: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_with_the_first_line_that_was_said() {
        assert_eq!(told("exit status 2", b""), "exit status 2");
        assert_eq!(
            told("exit status 2", b"\n  disk full\nmore\n"),
            "exit status 2: disk full"
        );
        let long = told("x", "ä".repeat(SHOWN + 1).as_bytes());
        assert_eq!(long, format!("x: {}…", "ä".repeat(SHOWN)));
        assert_eq!(how(ExitStatus::from_raw(9)), "it was killed by signal 9");
    }
}
