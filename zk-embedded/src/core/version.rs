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
            OpCode::Check => !self.has(3, 9, 3),
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

    #[test]
    fn a_fix_that_went_to_two_lines_is_missing_between_them() {
        for (version, guards) in [
            (Version::V3_7, false),
            (Version::new(3, 8, 3), false),
            (Version::new(3, 8, 4), true),
            (Version::new(3, 9, 1), false),
            (Version::new(3, 9, 2), true),
        ] {
            assert_eq!(version.guards_existence(), guards, "{version}");
        }
    }
}
