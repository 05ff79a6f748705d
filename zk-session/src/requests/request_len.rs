//! The size of a request before it is encoded.

use zk_wire::{Acl, Create, Request};

const HEADER: usize = 8;

/// How many bytes the request takes in its frame, length prefix not counted.
///
/// Requests are encoded when they leave, straight into the caller's buffer; what is needed before is only
/// their size. The frequent ones are summed up, the others encoded on the side.
pub(crate) fn request_len(request: &Request) -> usize {
    HEADER
        + match request {
            Request::Create(create) => create_len(create),
            Request::Delete { path, .. } | Request::AddWatch { path, .. } => string(path) + 4,
            Request::Exists { path, .. }
            | Request::GetData { path, .. }
            | Request::GetChildren { path, .. }
            | Request::GetChildren2 { path, .. } => string(path) + 1,
            Request::SetData { path, data, .. } => {
                string(path) + 4 + data.as_ref().map_or(0, |data| data.len()) + 4
            }
            Request::GetAcl { path } | Request::Sync { path } => string(path),
            other => {
                let mut scratch = Vec::new();
                other.encode_body(&mut scratch);
                scratch.len()
            }
        }
}

fn create_len(create: &Create) -> usize {
    let acls: usize = create.acl.iter().map(acl_len).sum();
    let data = create.data.as_ref().map_or(0, |data| data.len());
    let ttl = if create.ttl.is_some() { 8 } else { 0 };
    string(&create.path) + 4 + data + 4 + acls + 4 + ttl
}

fn acl_len(acl: &Acl) -> usize {
    4 + string(&acl.scheme) + string(&acl.id)
}

const fn string(text: &str) -> usize {
    4 + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zk_wire::{AddWatchMode, CreateMode, MultiOp};

    #[test]
    fn the_size_is_that_of_the_encoded_request() {
        let path = || "/some/path".to_owned();
        let ttl = Create {
            ttl: Some(5),
            ..Create::new("/t", "x", CreateMode::PersistentTtl)
        };
        let requests = [
            Request::Create(Create::new("/a", "data", CreateMode::EphemeralSequential)),
            Request::Create(ttl),
            Request::Delete {
                path: path(),
                version: 3,
            },
            Request::Exists {
                path: path(),
                watch: true,
            },
            Request::GetData {
                path: path(),
                watch: false,
            },
            Request::SetData {
                path: path(),
                data: None,
                version: 1,
            },
            Request::SetData {
                path: path(),
                data: Some("abc".into()),
                version: 1,
            },
            Request::GetAcl { path: path() },
            Request::Sync { path: path() },
            Request::GetChildren {
                path: path(),
                watch: false,
            },
            Request::GetChildren2 {
                path: path(),
                watch: false,
            },
            Request::AddWatch {
                path: path(),
                mode: AddWatchMode::Persistent,
            },
            Request::Multi(vec![MultiOp::Check {
                path: path(),
                version: -1,
            }]),
            Request::CloseSession,
        ];
        for request in requests {
            let mut out = Vec::new();
            request.encode(1, &mut out);
            assert_eq!(request_len(&request), out.len(), "{request:?}");
        }
    }
}
