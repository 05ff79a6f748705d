//! Other processes: whether they live.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::zkctl::Running;

/// The next line of output as the id of a process.
pub(crate) fn announced(running: &Running) -> Pid {
    Pid::from_raw(running.line().parse().unwrap()).unwrap()
}

/// Whether there is no such process any more, or only what is left for its parent to read.
pub(crate) fn is_gone(process: Pid) -> bool {
    if test_kill_process(process) == Err(Errno::SRCH) {
        return true;
    }
    let stat = format!("/proc/{}/stat", process.as_raw_nonzero());
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    // The state follows the name, which is in brackets.
    stat.rsplit(')')
        .next()
        .is_none_or(|rest| rest.trim_start().starts_with('Z'))
}

/// A process that does not outlive its test.
pub(crate) struct Bounded(pub(crate) std::process::Child);

impl Drop for Bounded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
