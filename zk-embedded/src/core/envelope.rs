//! What becomes of the creates in a multi on their way into the server: the envelope they come in is
//! read by a class that clients use, too, and it has its own view of flags and operations.

use zk_wire::{CreateMode, DecodeError, MultiOp};

use super::version::Version;

/// Brings the operations of a multi into the form in which a release carries them out.
///
/// # Errors
///
/// If the release cannot make anything of a create's flags: then the whole multi is undecodable.
pub(super) fn unpack(version: Version, ops: &mut [MultiOp]) -> Result<(), DecodeError> {
    for op in ops {
        if let MultiOp::Create(create) = op {
            let mode = create.mode();
            if create.ttl.is_none() {
                // Since the fix of ZOOKEEPER-4026 a mode is demanded, and one that needs a TTL does not fit. Before,
                // the multi failed when the create's turn came.
                let fits = mode.is_some_and(|mode| !mode.has_ttl());
                if !fits && version.multi_answers_with_stat() {
                    return Err(DecodeError::BadValue {
                        what: "create flags in a multi",
                        value: create.flags,
                    });
                }
            }
            if mode.is_some_and(CreateMode::has_ttl) {
                continue;
            }
            // A TTL that does not fit the mode is lost, and the mode decides on the operation.
            let had_ttl = create.ttl.take().is_some();
            if mode == Some(CreateMode::Container) {
                create.stat = true;
            } else if had_ttl || !version.multi_answers_with_stat() {
                create.stat = false;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use zk_wire::Create;

    use super::*;

    const OLD: Version = Version::V3_8;
    const NEW: Version = Version::V3_9;

    /// What becomes of a create that came in with these flags, as what the operation code makes of it.
    fn unpacked(version: Version, flags: i32, ttl: Option<i64>, stat: bool) -> Option<Create> {
        let create = Create {
            flags,
            ttl,
            stat,
            ..Create::new("/a", "", CreateMode::Persistent)
        };
        let mut ops = [MultiOp::Create(create)];
        unpack(version, &mut ops).ok()?;
        match ops {
            [MultiOp::Create(create)] => Some(create),
            _ => None,
        }
    }

    fn ttl_and_stat(
        version: Version,
        flags: i32,
        ttl: Option<i64>,
        stat: bool,
    ) -> Option<(Option<i64>, bool)> {
        unpacked(version, flags, ttl, stat).map(|create| (create.ttl, create.stat))
    }

    #[test]
    fn flags_that_no_create_takes_make_a_multi_undecodable_since_3_7_2_and_3_8_2() {
        for (version, reads) in [
            (Version::V3_5, true),
            (Version::new(3, 7, 1), true),
            (Version::new(3, 7, 2), false),
            (OLD, true),
            (Version::new(3, 8, 2), false),
            (NEW, false),
        ] {
            for flags in [5, 6, 7, -1, 12] {
                let read = unpacked(version, flags, None, true).is_some();
                assert_eq!(read, reads, "{version}: {flags}");
            }
        }
    }

    #[test]
    fn a_ttl_is_kept_where_the_mode_has_one_and_lost_elsewhere() {
        for version in [OLD, NEW] {
            for flags in [5, 6] {
                let kept = ttl_and_stat(version, flags, Some(7), false);
                assert_eq!(kept, Some((Some(7), false)), "{version}: {flags}");
            }
            for flags in [0, 1, 2, 3] {
                let lost = ttl_and_stat(version, flags, Some(7), true);
                assert_eq!(lost, Some((None, false)), "{version}: {flags}");
            }
            // Flags that are none, but a TTL to them: no mode is demanded.
            assert_eq!(
                ttl_and_stat(version, 12, Some(7), true),
                Some((None, false))
            );
        }
    }

    #[test]
    fn the_mode_decides_whether_a_create_is_answered_with_its_stat() {
        for (version, flags, asked, told) in [
            (OLD, 0, true, false),
            (OLD, 0, false, false),
            (OLD, 4, false, true),
            (NEW, 0, true, true),
            (NEW, 0, false, false),
            (NEW, 4, false, true),
        ] {
            let stat =
                unpacked(version, flags, None, asked).map(|create| create.answers_with_stat());
            assert_eq!(stat, Some(told), "{version}: {flags}, {asked}");
        }
    }

    #[test]
    fn one_create_too_strange_is_enough_and_other_operations_are_left_alone() {
        let strange = Create {
            flags: 5,
            ..Create::new("/b", "", CreateMode::Persistent)
        };
        let delete = MultiOp::Delete {
            path: "/a".to_owned(),
            version: 0,
        };
        let mut ops = [delete.clone(), MultiOp::Create(strange)];
        assert!(unpack(NEW, &mut ops).is_err());
        let mut ops = [delete.clone()];
        assert!(unpack(NEW, &mut ops).is_ok());
        assert_eq!(ops, [delete]);
    }
}
