//! Running other programs: with a time limit, and with errors that show the command line.

use std::error::Error;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What every command of this program returns.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long a program may run before it is taken for hung.
pub(crate) const LONG: Duration = Duration::from_secs(40 * 60);

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or_else(|| own.clone(), PathBuf::from)
}

/// The cargo that started this program, so that a toolchain chosen for xtask is used throughout.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command from its words.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// The command line as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let name = PathBuf::from(command.get_program());
    let name = name.file_name().unwrap_or_else(|| command.get_program());
    let mut text = name.to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

/// What a finished program left behind.
pub(crate) struct Finished {
    /// Whether it exited with 0.
    pub(crate) ok: bool,
    /// Its exit code, or what happened instead.
    pub(crate) end: String,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

impl Finished {
    /// The last `count` lines of both outputs, for an error message.
    pub(crate) fn tail(&self, count: usize) -> String {
        let lines: Vec<&str> = self.stdout.lines().chain(self.stderr.lines()).collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

/// Runs a program to its end or to the limit and keeps what it printed.
///
/// # Errors
///
/// If it cannot be started; a program that fails or is stopped at the limit is not an error here.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> Outcome<Finished> {
    let shown = line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let (ok, end) = finish(&mut child, limit, &shown)?;
    Ok(Finished {
        ok,
        end,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    })
}

/// Runs a program and keeps its standard output; its standard error, and so its progress, goes to ours.
///
/// # Errors
///
/// If it cannot be started; a program that fails or is stopped at the limit is not an error here.
pub(crate) fn capture_output(command: &mut Command, limit: Duration) -> Outcome<Finished> {
    let shown = line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let stdout = drain(child.stdout.take());
    let (ok, end) = finish(&mut child, limit, &shown)?;
    Ok(Finished {
        ok,
        end,
        stdout: stdout.join().unwrap_or_default(),
        stderr: String::new(),
    })
}

/// Runs a program that must succeed and returns its standard output.
///
/// # Errors
///
/// If it cannot be started, fails, or is still running at the limit.
pub(crate) fn output(command: &mut Command, limit: Duration) -> Outcome<String> {
    let shown = line(command);
    let finished = capture(command, limit)?;
    if finished.ok {
        Ok(finished.stdout)
    } else {
        Err(format!("`{shown}`: {}\n{}", finished.end, finished.tail(30)).into())
    }
}

/// Runs a program that must succeed; what it prints goes to our standard error.
///
/// # Errors
///
/// If it cannot be started, fails, or is still running at the limit.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Outcome<()> {
    let shown = line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    match finish(&mut child, limit, &shown)? {
        (true, _) => Ok(()),
        (false, end) => Err(format!("`{shown}`: {end}").into()),
    }
}

/// Whether a program runs and succeeds within the limit; for finding out what a machine has.
pub(crate) fn answers(program: &str, args: &[&str], limit: Duration) -> bool {
    capture(&mut command(program, args), limit).is_ok_and(|finished| finished.ok)
}

fn finish(child: &mut Child, limit: Duration, shown: &str) -> Outcome<(bool, String)> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status.success(), status.to_string()));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            let end = format!("stopped after {} s without an end", limit.as_secs());
            eprintln!("xtask: `{shown}` {end}");
            return Ok((false, end));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A broken pipe only shortens what we can show.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn output_returns_what_the_program_printed() {
        let text = output(&mut command("sh", &["-c", "echo out; echo err >&2"]), SOON).unwrap();
        assert_eq!(text, "out\n");
    }

    #[test]
    fn a_failing_program_is_an_error_that_shows_its_command_line_and_output() {
        let error = output(&mut command("sh", &["-c", "echo why >&2; exit 3"]), SOON)
            .unwrap_err()
            .to_string();
        assert!(error.contains("sh -c"), "{error}");
        assert!(error.contains("why") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_program_past_its_limit_is_stopped() {
        let begun = Instant::now();
        let finished = capture(&mut command("sleep", &["60"]), Duration::from_millis(50)).unwrap();
        assert!(!finished.ok);
        assert!(begun.elapsed() < SOON);
    }
}
