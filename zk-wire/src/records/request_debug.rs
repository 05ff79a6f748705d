//! How requests look in a log: complete, except for credentials.

use std::fmt;

use crate::records::hidden::Hidden;
use crate::records::request::Request;

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(self.op_code().name());
        if let Some(path) = self.path() {
            shown.field("path", &path);
        }
        match self {
            Self::Create(create) => {
                shown
                    .field("data", &create.data)
                    .field("acl", &create.acl)
                    .field("flags", &create.flags);
                if let Some(ttl) = create.ttl {
                    shown.field("ttl", &ttl);
                }
            }
            Self::Delete { version, .. } | Self::Check { version, .. } => {
                shown.field("version", version);
            }
            Self::SetData { data, version, .. } => {
                shown.field("data", data).field("version", version);
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
                shown.field("scheme", scheme).field("auth", &Hidden(auth));
            }
            Self::SetWatches(watches) => {
                shown.field("watches", watches);
            }
            Self::Sasl { token } => {
                shown.field("token", &token.as_deref().map(Hidden));
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn debug_keeps_credentials() {
        let auth = Bytes::from_static(b"user:hunter2");
        let shown = format!(
            "{:?}",
            Request::Auth {
                scheme: "digest".to_owned(),
                auth
            }
        );
        assert_eq!(shown, "auth { scheme: \"digest\", auth: (12 bytes) }");
        let shown = format!(
            "{:?}",
            Request::Sasl {
                token: Some(Bytes::from_static(b"hunter2"))
            }
        );
        assert_eq!(shown, "sasl { token: Some((7 bytes)) }");
    }

    #[test]
    fn debug_names_operation_and_path() {
        let request = Request::GetData {
            path: "/a".to_owned(),
            watch: true,
        };
        assert_eq!(
            format!("{request:?}"),
            "getData { path: \"/a\", watch: true }"
        );
    }
}
