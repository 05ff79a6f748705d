//! A third process, for a moment: it becomes the command of `zkctl lock` when the watchdog knows whom to stop.
//!
//! A command that ran from the start would be nobody's if zkctl was killed before it could tell the watchdog. It is this
//! program under another name, with a pipe at a number that it is told: one byte lets it go on, the end of the pipe is
//! the death of zkctl. See docs/decisions/005.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::exit::{self, Failure, code};
use crate::watchdog;

/// The name that the program has when it is a starter.
pub(crate) const NAME: &str = "lock-starter";

/// What holds a command back.
pub(crate) struct Gate(File);

impl Gate {
    /// Has `spawn` start what stands in for `command`, with the gate closed.
    pub(crate) fn before<T>(
        command: &[OsString],
        spawn: impl FnOnce(tokio::process::Command) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        // Open for the starter; nobody else is started while it is.
        fcntl_setfd(&reader, FdFlags::empty())?;
        let mut starter = tokio::process::Command::new(watchdog::OURSELVES);
        starter
            .arg0(NAME)
            .arg(reader.as_raw_fd().to_string())
            .args(command);
        Ok((spawn(starter)?, Self(writer.into())))
    }

    /// Lets the command run.
    pub(crate) fn open(mut self) {
        // A starter that was killed meanwhile is found by whoever waits for it.
        let _ = self.0.write_all(b"!");
    }
}

/// Is the starter, to its end; `arguments` are the number of the pipe and the command.
pub(crate) fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let number = arguments
        .next()
        .and_then(|number| number.into_string().ok());
    let number: Option<RawFd> = number.and_then(|number| number.parse().ok());
    let (Some(number), Some(program)) = (number.filter(|number| *number > 2), arguments.next())
    else {
        return ExitCode::from(code::USAGE);
    };
    if !is_opened(number) {
        return ExitCode::from(code::INTERNAL);
    }
    let error = Command::new(&program).args(arguments).exec();
    ExitCode::from(exit::report(&Failure::not_started(&program, &error)))
}

/// Waits for the byte.
#[expect(
    unsafe_code,
    reason = "an inherited descriptor has no owner but its number"
)]
fn is_opened(number: RawFd) -> bool {
    // SAFETY: whoever starts a starter hands it this descriptor, and nothing else here knows its number. It is closed
    // before the command begins.
    let mut gate = File::from(unsafe { OwnedFd::from_raw_fd(number) });
    gate.read_exact(&mut [0]).is_ok()
}
