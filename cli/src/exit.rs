//! How `zkctl` ends: its exit codes, and the one line it says when it fails.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write as _};

use zk_recipes::{Error, ErrorKind};

use crate::output;

/// The exit codes that are `zkctl`'s own; 64 and up are those of `sysexits.h`. All others are the child's.
pub(crate) mod code {
    /// Success.
    pub(crate) const OK: u8 = 0;
    /// A server answered with another error: no such node, bad version, not empty …
    pub(crate) const REFUSED: u8 = 1;
    /// The command line is wrong.
    pub(crate) const USAGE: u8 = 64;
    /// A file that is missing or is not what it should be.
    pub(crate) const DATA: u8 = 65;
    /// No server, or none that answers.
    pub(crate) const UNAVAILABLE: u8 = 69;
    /// A fault of the system, of a server or of `zkctl`.
    pub(crate) const INTERNAL: u8 = 70;
    /// The lock was not acquired in time.
    pub(crate) const NOT_ACQUIRED: u8 = 75;
    /// The lock was lost or in doubt; the child was stopped.
    pub(crate) const LOCK_LOST: u8 = 76;
    /// Credentials or an ACL forbid it.
    pub(crate) const NO_PERMISSION: u8 = 77;
    /// `ZK_CONNECT` or `--connect` is missing or malformed.
    pub(crate) const CONFIG: u8 = 78;
    /// The child's program cannot be executed, as in a shell.
    pub(crate) const NOT_EXECUTABLE: u8 = 126;
    /// There is no such program, as in a shell.
    pub(crate) const NOT_FOUND: u8 = 127;

    /// The code of something that ended by a signal, as in a shell.
    pub(crate) fn of_signal(signal: i32) -> u8 {
        u8::try_from(signal).map_or(u8::MAX, |signal| signal.saturating_add(128))
    }
}

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// A failure that ends with `code` and says `message`.
    pub(crate) fn new(code: u8, message: impl fmt::Display) -> Self {
        // One line, whatever a path or a server's text contains.
        let message = message.to_string().replace(['\n', '\r'], " ");
        Self { code, message }
    }

    /// A command line that is wrong in a way that clap cannot see.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(code::USAGE, message)
    }

    /// A program that cannot be executed.
    pub(crate) fn not_started(program: &OsStr, error: &io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::NotFound => code::NOT_FOUND,
            _ => code::NOT_EXECUTABLE,
        };
        Self::new(
            code,
            format!("cannot run {}: {error}", program.to_string_lossy()),
        )
    }

    /// An end that needs no word.
    pub(crate) fn silent(code: u8) -> Self {
        Self {
            code,
            message: String::new(),
        }
    }

    /// The end of whoever wrote to a pipe that nobody reads, with the code of SIGPIPE.
    fn broken_pipe() -> Self {
        Self::silent(code::of_signal(rustix::process::Signal::PIPE.as_raw()))
    }

    /// The same failure that also says `hint`.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.message = format!("{}; {hint}", self.message);
        self
    }

    /// The same failure where the code `refused` means something else: it ends with `code` then.
    pub(crate) fn refused_as(mut self, code: u8) -> Self {
        if self.code == code::REFUSED {
            self.code = code;
        }
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = code_of(error.kind());
        match error.kind() {
            // One line per server.
            ErrorKind::NoServerReachable | ErrorKind::Tls => {
                let lines: Vec<String> = error.to_string().lines().map(output::printable).collect();
                Self {
                    code,
                    message: lines.join("\n"),
                }
            }
            _ => Self::new(code, error),
        }
    }
}

/// Failing to write results.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::broken_pipe()
        } else {
            Self::new(code::INTERNAL, format!("cannot write the result: {error}"))
        }
    }
}

fn code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidPath => code::USAGE,
        ErrorKind::NoServerReachable
        | ErrorKind::Tls
        | ErrorKind::ConnectionLost
        | ErrorKind::TimedOut
        | ErrorKind::SessionExpired
        | ErrorKind::Throttled => code::UNAVAILABLE,
        ErrorKind::AcquireTimedOut | ErrorKind::WaitTimedOut | ErrorKind::Contended => {
            code::NOT_ACQUIRED
        }
        ErrorKind::LockLost | ErrorKind::LockDoubt => code::LOCK_LOST,
        ErrorKind::NoAuth | ErrorKind::AuthFailed => code::NO_PERMISSION,
        ErrorKind::InvalidConfig => code::CONFIG,
        ErrorKind::Bug | ErrorKind::Protocol | ErrorKind::QueueFull | ErrorKind::Closed => {
            code::INTERNAL
        }
        _ => code::REFUSED,
    }
}

/// Says `message` on stderr.
pub(crate) fn say(message: impl fmt::Display) {
    // In one write, lest what other processes say there comes in between. Nobody is left to hear that stderr is closed.
    let line = format!("zkctl: {message}\n");
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Says why a command failed and returns the exit code.
pub(crate) fn report(failure: &Failure) -> u8 {
    if !failure.message.is_empty() {
        say(&failure.message);
    }
    failure.code
}

/// Shows what clap has to say (help, version, a usage error) and returns the exit code.
pub(crate) fn report_usage(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        let text = text
            .strip_prefix("error: ")
            .map_or_else(|| text.clone(), |text| format!("zkctl: {text}"));
        let _ = io::stderr().lock().write_all(text.as_bytes());
        code::USAGE
    } else {
        let _ = io::stdout().lock().write_all(text.as_bytes());
        code::OK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_documented_code() {
        for (kind, code) in [
            (ErrorKind::NoNode, 1),
            (ErrorKind::NodeExists, 1),
            (ErrorKind::MixedContenders, 1),
            // What is asked for cannot be had: more permits than there are, a number too large to store.
            (ErrorKind::Misuse, 1),
            (ErrorKind::InvalidPath, 64),
            (ErrorKind::NoServerReachable, 69),
            (ErrorKind::Tls, 69),
            (ErrorKind::SessionExpired, 69),
            (ErrorKind::Bug, 70),
            (ErrorKind::AcquireTimedOut, 75),
            (ErrorKind::WaitTimedOut, 75),
            (ErrorKind::Contended, 75),
            (ErrorKind::Undecodable, 1),
            (ErrorKind::Incomplete, 1),
            (ErrorKind::LockLost, 76),
            (ErrorKind::LockDoubt, 76),
            (ErrorKind::NoAuth, 77),
            (ErrorKind::AuthFailed, 77),
            (ErrorKind::InvalidConfig, 78),
        ] {
            assert_eq!(code_of(kind), code, "{kind:?}");
        }
        assert_eq!(code::of_signal(15), 143);
    }

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::new(code::REFUSED, "no\nsuch\rnode");
        assert_eq!(failure.message, "no such node");
    }
}
