//! Which release of ZooKeeper a server behaves like, and what that changes for its clients.

use std::fmt;

use zk_wire::{OpCode, WatcherKind};

/// A release of ZooKeeper, from 3.5 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
    /// Whether a distribution has put the filter of events (CVE-2024-23944) into a release without it.
    guarded: bool,
}

impl Version {
    /// The last release of the 3.5 line.
    pub const V3_5: Self = Self::new(3, 5, 10);
    /// The last release of the 3.6 line.
    pub const V3_6: Self = Self::new(3, 6, 4);
    /// The last release of the 3.7 line.
    pub const V3_7: Self = Self::new(3, 7, 2);
    /// The first release of the 3.8 line, which is in Debian 12.
    pub const V3_8: Self = Self::new(3, 8, 0);
    /// The same as Debian 12 has it, with half the fix of CVE-2024-23944: events are filtered, exists is not.
    pub const V3_8_DEBIAN: Self = Self {
        guarded: true,
        ..Self::V3_8
    };
    /// The release that is modelled unless another is asked for.
    pub const V3_9: Self = Self::new(3, 9, 3);

    /// The release with these numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
            guarded: false,
        }
    }

    /// Whether it has something that came with this release, and all later ones have.
    fn has(self, major: u16, minor: u16, patch: u16) -> bool {
        self >= Self::new(major, minor, patch)
    }

    /// Whether it has something that came to an old line with this patch, and to the next with that.
    fn has_since(self, (minor, patch): (u16, u16), next: (u16, u16)) -> bool {
        let in_old_line = (self.major, self.minor) == (3, minor) && self.patch >= patch;
        in_old_line || self.has(3, next.0, next.1)
    }

    /// Others are answered with −6, and the connection is closed.
    pub(super) fn has_op(self, op: OpCode) -> bool {
        match op {
            OpCode::MultiRead
            | OpCode::GetEphemerals
            | OpCode::GetAllChildrenNumber
            | OpCode::SetWatches2
            | OpCode::AddWatch => self.has(3, 6, 0),
            OpCode::WhoAmI => self.has(3, 7, 0),
            // Alone, not in a multi.
            OpCode::Check => !self.has_since((8, 5), (9, 3)),
            OpCode::CreateContainer | OpCode::DeleteContainer => self.has(3, 5, 1),
            OpCode::CreateTtl => self.has(3, 5, 3),
            OpCode::Create2 | OpCode::CheckWatches | OpCode::RemoveWatches | OpCode::Reconfig => {
                self.has(3, 5, 0)
            }
            _ => true,
        }
    }

    /// Others are a record that cannot be decoded.
    pub(super) fn has_watcher_kind(self, kind: WatcherKind) -> bool {
        match kind {
            WatcherKind::Persistent | WatcherKind::PersistentRecursive => self.has(3, 9, 0),
            _ => true,
        }
    }

    /// Before, getACL asked for no permission, and showed everybody the hashes in it.
    pub(super) fn guards_acls(self) -> bool {
        self.has(3, 5, 5)
    }

    /// Before, a stand-alone server did not have the operation; since then it is switched off.
    pub(super) fn switches_reconfig_off(self) -> bool {
        self.has(3, 5, 3)
    }

    /// Before CVE-2024-23944 exists asked no ACL, and events were sent to everybody who watched.
    pub(super) fn guards_existence(self) -> bool {
        self.has_since((8, 4), (9, 2))
    }

    /// The other half of the same fix.
    pub(super) fn filters_events(self) -> bool {
        self.guarded || self.guards_existence()
    }

    /// Before, the header of every event had −1.
    pub(super) fn tells_zxids_of_events(self) -> bool {
        self.has(3, 9, 0)
    }

    /// Before, a connection had one mode for a path, and the newest one replaced it.
    pub(super) fn watch_modes_coexist(self) -> bool {
        self.has(3, 9, 0)
    }

    /// ZOOKEEPER-4026: before, a create2 in a multi was answered like a create.
    pub(super) fn multi_answers_with_stat(self) -> bool {
        let in_3_7 = (self.major, self.minor) == (3, 7) && self.patch >= 2;
        in_3_7 || self.has_since((8, 2), (9, 0))
    }

    /// Before, a client could not delete a container, whatever it sent.
    pub(super) fn reads_container_paths(self) -> bool {
        self.has(3, 9, 0)
    }

    /// Before, a write took its zxid before anybody looked at what was to be written.
    pub(super) fn decodes_before_it_counts(self) -> bool {
        self.has(3, 9, 0)
    }

    /// For three lines a watch of anybody was as good as one's own.
    pub(super) fn confuses_watchers(self) -> bool {
        self.has(3, 6, 0) && !self.has(3, 9, 0)
    }

    /// The same lines looked for a watch as they looked for those of the nodes above.
    pub(super) fn walks_up_from_watches(self) -> bool {
        self.confuses_watchers()
    }

    /// ZOOKEEPER-4814: three releases answered every handshake with the flag.
    pub(super) fn always_tells_read_only(self) -> bool {
        self.has(3, 9, 0) && !self.has(3, 9, 3)
    }

    /// Before, a read-only server made sessions that it alone knew.
    pub(super) fn refuses_sessions_when_read_only(self) -> bool {
        self.has(3, 7, 0)
    }

    /// Before, limits were watched, and nothing more.
    pub(super) fn can_enforce_quotas(self) -> bool {
        self.has(3, 7, 0)
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::V3_9
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it is about, how it is asked, and the minor releases and patches that brought it.
    type Row = (&'static str, fn(Version) -> bool, &'static [(u16, u16)]);

    /// protocol.md A.1, and what real servers showed.
    #[test]
    fn each_switch_turns_with_the_release_that_brought_the_change() {
        let table: [Row; 19] = [
            (
                "containers",
                |v| v.has_op(OpCode::CreateContainer),
                &[(5, 1)],
            ),
            (
                "reaping by clients",
                |v| v.has_op(OpCode::DeleteContainer),
                &[(5, 1)],
            ),
            ("TTL", |v| v.has_op(OpCode::CreateTtl), &[(5, 3)]),
            ("reconfig off", Version::switches_reconfig_off, &[(5, 3)]),
            ("getACL", Version::guards_acls, &[(5, 5)]),
            ("addWatch", |v| v.has_op(OpCode::AddWatch), &[(6, 0)]),
            ("setWatches2", |v| v.has_op(OpCode::SetWatches2), &[(6, 0)]),
            ("multiRead", |v| v.has_op(OpCode::MultiRead), &[(6, 0)]),
            ("whoAmI", |v| v.has_op(OpCode::WhoAmI), &[(7, 0)]),
            ("quotas", Version::can_enforce_quotas, &[(7, 0)]),
            (
                "local sessions",
                Version::refuses_sessions_when_read_only,
                &[(7, 0)],
            ),
            (
                "stat in a multi",
                Version::multi_answers_with_stat,
                &[(7, 2), (8, 2), (9, 0)],
            ),
            ("zxids of events", Version::tells_zxids_of_events, &[(9, 0)]),
            ("modes", Version::watch_modes_coexist, &[(9, 0)]),
            (
                "kinds",
                |v| v.has_watcher_kind(WatcherKind::Persistent),
                &[(9, 0)],
            ),
            ("container paths", Version::reads_container_paths, &[(9, 0)]),
            ("decoding", Version::decodes_before_it_counts, &[(9, 0)]),
            ("exists", Version::guards_existence, &[(8, 4), (9, 2)]),
            (
                "check alone",
                |v| !v.has_op(OpCode::Check),
                &[(8, 5), (9, 3)],
            ),
        ];
        for (what, switch, since) in table {
            for &(minor, patch) in since {
                let version = Version::new(3, minor, patch);
                assert!(switch(version), "{what}: {version}");
                // The one before is of the same line, or the last of a line that did not get it.
                let before = match patch.checked_sub(1) {
                    Some(patch) => Version::new(3, minor, patch),
                    None => Version::new(3, minor - 1, 1),
                };
                assert!(!switch(before), "{what}: {before}");
                assert!(switch(Version::new(3, minor, patch + 1)), "{what}");
            }
            assert!(
                switch(Version::new(3, 10, 0)),
                "{what}: all later ones have it"
            );
        }
    }

    #[test]
    fn some_changes_were_taken_back() {
        for (version, confuses, tells) in [
            (Version::V3_5, false, false),
            (Version::V3_6, true, false),
            (Version::V3_8, true, false),
            (Version::new(3, 9, 0), false, true),
            (Version::new(3, 9, 2), false, true),
            (Version::V3_9, false, false),
        ] {
            assert_eq!(version.confuses_watchers(), confuses, "{version}");
            assert_eq!(version.walks_up_from_watches(), confuses, "{version}");
            assert_eq!(version.always_tells_read_only(), tells, "{version}");
        }
        assert!(Version::V3_8_DEBIAN.filters_events() && !Version::V3_8_DEBIAN.guards_existence());
    }
}
