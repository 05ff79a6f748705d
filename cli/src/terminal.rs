//! The terminal, which only one process group may read from.
#![allow(
    unsafe_code,
    reason = "the one signal disposition that has to change, see `Loan::drop`"
)]

use std::fs::File;
use std::io::{self, IsTerminal as _};

use rustix::process::{Pid, getpgrp};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

/// The terminal in the hands of another process group; dropped, it is ours again.
pub(crate) struct Loan {
    terminal: File,
}

impl Loan {
    /// Lends the terminal to `group`; `None` if there is none, it is not ours to lend, or others of our own group
    /// want it: in a pipeline, somebody may page our output.
    pub(crate) fn to(group: Pid) -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let terminal = File::open("/dev/tty").ok()?;
        let is_ours = tcgetpgrp(&terminal).is_ok_and(|foreground| foreground == getpgrp());
        (is_ours && tcsetpgrp(&terminal, group).is_ok()).then_some(Self { terminal })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Whoever takes the terminal from the background is stopped for it, unless SIGTTOU is ignored. Not earlier than
        // here: the command would inherit that.
        //
        // SAFETY: `signal` is given a valid signal and SIG_IGN, which runs no code of ours; nothing else in the process
        // sets or relies on a disposition of SIGTTOU.
        unsafe {
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
        }
        let _ = tcsetpgrp(&self.terminal, getpgrp());
    }
}
