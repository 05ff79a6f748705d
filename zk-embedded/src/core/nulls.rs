//! Null where a path or a list should be: ZooKeeper reads it, and stumbles when it comes to use it.

use zk_wire::OpCode;
use zk_wire::jute::Reader;

use super::version::Version;

/// Whether a request with this body ends in the server's own exception. Other operations take null for the empty path,
/// or refuse it as one that is malformed.
pub(super) fn stumbles(version: Version, op: OpCode, body: &Reader) -> bool {
    match op {
        OpCode::Exists
        | OpCode::GetData
        | OpCode::GetChildren
        | OpCode::GetChildren2
        | OpCode::GetAcl
        | OpCode::GetAllChildrenNumber
        | OpCode::Delete => is_null(&mut body.clone()),
        OpCode::CheckWatches => version.walks_up_from_watches() && is_null(&mut body.clone()),
        op if op.is_create() => is_null(&mut body.clone()),
        OpCode::SetWatches => has_null_list(body.clone(), 3),
        OpCode::SetWatches2 => has_null_list(body.clone(), 5),
        _ => false,
    }
}

fn is_null(body: &mut Reader) -> bool {
    body.read_i32("length").is_ok_and(|length| length == -1)
}

/// Of the lists behind a zxid.
fn has_null_list(mut body: Reader, lists: usize) -> bool {
    if body.read_i64("zxid").is_err() {
        return false;
    }
    (0..lists).any(|_| {
        let is_null = is_null(&mut body.clone());
        is_null || body.read_strings("paths").is_err()
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use zk_wire::jute::{put_i32, put_i64, put_opt_str, put_strings};

    use super::*;

    fn of_path(op: OpCode, path: Option<&str>) -> bool {
        let mut body = Vec::new();
        put_opt_str(&mut body, path);
        stumbles(Version::V3_9, op, &Reader::new(Bytes::from(body)))
    }

    #[test]
    fn a_null_path_is_not_an_empty_one() {
        for op in [OpCode::GetData, OpCode::Delete, OpCode::Create2] {
            assert!(of_path(op, None), "{op:?}");
            assert!(!of_path(op, Some("")) && !of_path(op, Some("/a")), "{op:?}");
        }
        for op in [
            OpCode::Sync,
            OpCode::GetEphemerals,
            OpCode::RemoveWatches,
            OpCode::CheckWatches,
            OpCode::SetData,
        ] {
            assert!(!of_path(op, None), "{op:?}");
        }
    }

    #[test]
    fn each_of_the_lists_of_watches_may_be_empty_and_none_null() {
        for null_at in 0..6 {
            let mut body = Vec::new();
            put_i64(&mut body, 7);
            for at in 0..5 {
                if at == null_at {
                    put_i32(&mut body, -1);
                } else {
                    put_strings(&mut body, &["/a".to_owned()]);
                }
            }
            let body = Reader::new(Bytes::from(body));
            assert_eq!(
                stumbles(Version::V3_9, OpCode::SetWatches, &body),
                null_at < 3,
                "{null_at}"
            );
            assert_eq!(
                stumbles(Version::V3_9, OpCode::SetWatches2, &body),
                null_at < 5,
                "{null_at}"
            );
        }
    }
}
