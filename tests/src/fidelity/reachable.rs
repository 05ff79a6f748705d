//! The cells that scripts have to reach: every answer that a real server gives to what scripts can ask. No script can
//! reach others: a stand-alone server without SASL and with time for everybody refuses nothing for those reasons.

use zk_embedded::Version;
use zk_wire::ErrorCode::{
    self, AuthFailed, BadArguments, BadVersion, ConnectionLoss, InvalidAcl, MarshallingError,
    NoAuth, NoChildrenForEphemerals, NoNode, NoWatcher, NodeExists, NotEmpty, QuotaExceeded,
    ReconfigDisabled, RuntimeInconsistency, SessionExpired, Unimplemented,
};

use super::cells::Cells;

/// By operation, besides success.
const REFUSALS: [(&str, &[ErrorCode]); 31] = [
    ("addWatch", &[]),
    ("auth", &[AuthFailed]),
    ("checkWatches", &[MarshallingError, NoWatcher]),
    ("closeSession", &[]),
    ("create", &CREATE),
    ("create2", &CREATE),
    ("createContainer", &CREATE),
    ("createTTL", &CREATE),
    (
        "delete",
        &[
            MarshallingError,
            BadArguments,
            NoNode,
            NoAuth,
            BadVersion,
            NotEmpty,
        ],
    ),
    (
        "deleteContainer",
        &[BadArguments, NoNode, NotEmpty, BadVersion],
    ),
    ("exists", &[MarshallingError, NoNode, NoAuth]),
    ("getACL", &[MarshallingError, NoNode, NoAuth]),
    ("getAllChildrenNumber", &[NoNode]),
    ("getChildren", &[MarshallingError, NoNode, NoAuth]),
    ("getChildren2", &[MarshallingError, NoNode, NoAuth]),
    ("getData", &[MarshallingError, NoNode, NoAuth]),
    ("getEphemerals", &[]),
    // A client that claims to have seen the future is hung up on without a word.
    ("handshake", &[SessionExpired, ConnectionLoss]),
    (
        "in multi",
        &[
            RuntimeInconsistency,
            BadArguments,
            NoNode,
            NoAuth,
            BadVersion,
            NoChildrenForEphemerals,
            NodeExists,
            NotEmpty,
            InvalidAcl,
            QuotaExceeded,
        ],
    ),
    ("in multiRead", &[NoNode, NoAuth]),
    ("multi", &[MarshallingError]),
    ("multiRead", &[MarshallingError]),
    ("ping", &[]),
    ("removeWatches", &[MarshallingError, NoWatcher]),
    ("sasl", &[]),
    (
        "setACL",
        &[
            MarshallingError,
            BadArguments,
            NoNode,
            NoAuth,
            BadVersion,
            InvalidAcl,
        ],
    ),
    (
        "setData",
        &[
            MarshallingError,
            BadArguments,
            NoNode,
            NoAuth,
            BadVersion,
            QuotaExceeded,
        ],
    ),
    ("setWatches", &[]),
    ("setWatches2", &[]),
    ("sync", &[]),
    ("whoAmI", &[]),
];

const CREATE: [ErrorCode; 8] = [
    MarshallingError,
    BadArguments,
    NoNode,
    NoAuth,
    NoChildrenForEphemerals,
    NodeExists,
    InvalidAcl,
    QuotaExceeded,
];

/// Operations that never succeed.
const REFUSED: [(&str, ErrorCode); 5] = [
    ("createSession", MarshallingError),
    ("error", Unimplemented),
    ("notification", Unimplemented),
    ("reconfig", ReconfigDisabled),
    ("unknown", Unimplemented),
];

/// What should have been reached and was not, in words.
pub(super) fn missing(version: Version, cells: &Cells) -> Vec<String> {
    let refusals = REFUSALS.iter().flat_map(|(op, codes)| {
        let codes = codes.iter().map(|code| code.raw());
        codes.chain([0]).map(|code| (*op, code))
    });
    let refused = REFUSED.iter().map(|(op, code)| (*op, code.raw()));
    let empty = refusals
        .chain(refused)
        .filter(|(op, code)| exists(version, op, *code) && !cells.contains(op, *code));
    empty
        .map(|(op, code)| {
            let name = ErrorCode::from_raw(code).map_or("ok", ErrorCode::name);
            format!("{op} × {name}")
        })
        .collect()
}

/// What only later releases answer.
fn exists(version: Version, op: &str, code: i32) -> bool {
    match op {
        "exists" if code == NoAuth.raw() => version >= Version::new(3, 9, 2),
        "deleteContainer" if code != BadArguments.raw() => version >= Version::new(3, 9, 0),
        _ => true,
    }
}
