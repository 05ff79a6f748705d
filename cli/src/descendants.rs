//! The processes below a process, also those that have left its process group.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// The children of `parent`, theirs, and so on; empty where `/proc` does not tell. What starts or ends meanwhile may be
/// missing.
pub(crate) fn of(parent: Pid) -> Vec<Pid> {
    let mut found = children(parent);
    let mut looked_at = 0;
    while let Some(next) = found.get(looked_at).copied() {
        found.extend(children(next));
        looked_at += 1;
    }
    found
}

/// The children that a process has now.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let threads = format!("/proc/{}/task", parent.as_raw_nonzero());
    let Ok(threads) = fs::read_dir(threads) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|ids| parse(&ids))
        .collect()
}

fn parse(ids: &str) -> Vec<Pid> {
    let ids = ids.split_whitespace().filter_map(|id| id.parse().ok());
    ids.filter_map(Pid::from_raw).collect()
}

/// Sends a signal to each; who is gone or not ours to signal does not get it.
pub(crate) fn signal(processes: &[Pid], signal: Signal) {
    for process in processes {
        let _ = kill_process(*process, signal);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::process::getpid;

    use super::*;

    #[test]
    fn children_and_grandchildren_are_found() {
        let mut child = Command::new("sh")
            .args(["-c", "sleep 600 & wait"])
            .spawn()
            .unwrap();
        let id = Pid::from_child(&child);
        // The shell needs a moment to start its own child.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while children(id).is_empty() {
            assert!(std::time::Instant::now() < deadline, "no child in time");
        }
        let below = of(getpid());
        assert!(below.contains(&id) && below.contains(&children(id)[0]));
        signal(&children(id), Signal::KILL);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(of(id), []);
    }
}
