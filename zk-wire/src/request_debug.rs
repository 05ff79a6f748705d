//! How requests look in a log.

use std::fmt;

use bytes::Bytes;

use crate::request::Request;

/// Shows how many bytes there are.
struct Len<'a>(Option<&'a Bytes>);

impl fmt::Debug for Len<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => write!(f, "({} bytes)", bytes.len()),
            None => f.write_str("null"),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(self.op_code().name());
        if let Some(path) = self.path() {
            shown.field("path", &path);
        }
        match self {
            Self::Create(create) => {
                shown
                    .field("data", &Len(create.data.as_ref()))
                    .field("acl", &create.acl)
                    .field("flags", &create.flags);
                if let Some(ttl) = create.ttl {
                    shown.field("ttl", &ttl);
                }
            }
            Self::Delete { version, .. } => {
                shown.field("version", version);
            }
            Self::SetData { data, version, .. } => {
                shown
                    .field("data", &Len(data.as_ref()))
                    .field("version", version);
            }
            Self::SetAcl { acl, version, .. } => {
                shown.field("acl", acl).field("version", version);
            }
            Self::Exists { watch, .. }
            | Self::GetData { watch, .. }
            | Self::GetChildren { watch, .. }
            | Self::GetChildren2 { watch, .. } => {
                shown.field("watch", watch);
            }
            Self::Multi(ops) => {
                shown.field("ops", ops);
            }
            Self::MultiRead(ops) => {
                shown.field("ops", ops);
            }
            Self::Reconfig {
                joining,
                leaving,
                members,
                config_id,
            } => {
                shown
                    .field("joining", joining)
                    .field("leaving", leaving)
                    .field("members", members)
                    .field("config_id", config_id);
            }
            Self::CheckWatches { kind, .. } | Self::RemoveWatches { kind, .. } => {
                shown.field("kind", kind);
            }
            Self::Auth { scheme, auth } => {
                shown
                    .field("scheme", scheme)
                    .field("auth", &Len(Some(auth)));
            }
            Self::SetWatches(watches) => {
                shown.field("watches", watches);
            }
            Self::Sasl { token } => {
                shown.field("token", &Len(token.as_ref()));
            }
            Self::GetEphemerals { prefix } => {
                shown.field("prefix", prefix);
            }
            Self::AddWatch { mode, .. } => {
                shown.field("mode", mode);
            }
            Self::GetAcl { .. }
            | Self::Sync { .. }
            | Self::Ping
            | Self::DeleteContainer { .. }
            | Self::GetAllChildrenNumber { .. }
            | Self::WhoAmI
            | Self::CloseSession => {}
        }
        shown.finish()
    }
}
