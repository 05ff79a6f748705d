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
                // Since the fix of ZOOKEEPER-4026 a mode is demanded; one that needs a TTL never fits.
                let fits = match mode {
                    Some(mode) => !mode.has_ttl(),
                    None => !version.multi_answers_with_stat(),
                };
                if !fits {
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
