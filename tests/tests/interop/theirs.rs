//! The programs of the others.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use zk_tests::{Room, deadline, java, note, python};

/// How often each side holds and waits at least, in each role, and follows the other.
pub(crate) const TIMES: usize = 50;

/// Holds and waits per role.
pub(crate) type Counts = BTreeMap<String, (usize, usize)>;

/// Checks that somebody took part in earnest.
pub(crate) fn check(who: &str, counts: &Counts) {
    note(format_args!("{who}: {counts:?}"));
    assert!(!counts.is_empty());
    for (role, (holds, waits)) in counts {
        assert!(
            *holds >= TIMES && *waits >= TIMES,
            "{who} held as {role} {holds} times and waited {waits} times"
        );
    }
}

/// A running program of theirs. Killed when dropped.
pub(crate) struct Theirs {
    child: Child,
}

impl Theirs {
    pub(crate) fn curator(recipe: &[&str], room: &Room) -> Self {
        Self::start(java("LockRecipes"), recipe, room)
    }

    pub(crate) fn kazoo(recipe: &[&str], room: &Room) -> Self {
        Self::start(python("kazoo_locks.py"), recipe, room)
    }

    /// `recipe`: CONNECT RECIPE PATH PERMITS TIMES.
    fn start(mut program: Command, recipe: &[&str], room: &Room) -> Self {
        let [connect, recipe, path, permits, times] = recipe else {
            panic!("{recipe:?}");
        };
        program.args([connect, recipe, path, room.folder(), permits, times]);
        let child = program.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        Self {
            child: child.unwrap(),
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it says it did.
    pub(crate) fn finish(mut self) -> Counts {
        let limit = deadline(Duration::from_secs(60));
        limit.wait_for("their program to end", || self.has_ended().then_some(()));
        let status = self.child.wait().unwrap();
        let output = self.child.stdout.take().unwrap();
        let text = std::io::read_to_string(output).unwrap();
        assert!(status.success(), "{status}: {text}");
        let roles = text.lines().filter(|line| line.starts_with("role "));
        roles
            .map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [_, role, _, holds, _, waits] = words[..] else {
                    panic!("{line}");
                };
                (
                    role.to_owned(),
                    (holds.parse().unwrap(), waits.parse().unwrap()),
                )
            })
            .collect()
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
