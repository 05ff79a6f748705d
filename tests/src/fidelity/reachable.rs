//! The cells that scripts have to reach: every answer that a real server gives to what scripts can ask
//! of both releases. No script can reach others: a stand-alone server without quotas, without SASL and
//! with time for everybody refuses nothing for those reasons.

use zk_wire::ErrorCode::{
    self, AuthFailed, BadArguments, BadVersion, ConnectionLoss, InvalidAcl, MarshallingError,
    NoAuth, NoChildrenForEphemerals, NoNode, NoWatcher, NodeExists, NotEmpty, ReconfigDisabled,
    RuntimeInconsistency, SessionExpired, Unimplemented,
};

use super::cells::Cells;

/// By operation, besides success.
const REFUSALS: [(&str, &[ErrorCode]); 30] = [
    ("addWatch", &[]),
    ("auth", &[AuthFailed]),
    ("checkWatches", &[MarshallingError, NoWatcher]),
    ("closeSession", &[]),
    ("create", &CREATE),
    ("create2", &CREATE),
    (
        "createContainer",
        &[BadArguments, NoNode, NodeExists, InvalidAcl],
    ),
    (
        "createTTL",
        &[BadArguments, NoNode, NoAuth, NodeExists, InvalidAcl],
    ),
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
        &[MarshallingError, BadArguments, NoNode, NoAuth, BadVersion],
    ),
    ("setWatches", &[]),
    ("setWatches2", &[]),
    ("sync", &[]),
    ("whoAmI", &[]),
];

const CREATE: [ErrorCode; 7] = [
    MarshallingError,
    BadArguments,
    NoNode,
    NoAuth,
    NoChildrenForEphemerals,
    NodeExists,
    InvalidAcl,
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
pub(super) fn missing(cells: &Cells) -> Vec<String> {
    let refusals = REFUSALS.iter().flat_map(|(op, codes)| {
        let codes = codes.iter().map(|code| code.raw());
        codes.chain([0]).map(|code| (*op, code))
    });
    let refused = REFUSED.iter().map(|(op, code)| (*op, code.raw()));
    let empty = refusals
        .chain(refused)
        .filter(|(op, code)| !cells.contains(op, *code));
    empty
        .map(|(op, code)| {
            let name = ErrorCode::from_raw(code).map_or("ok", ErrorCode::name);
            format!("{op} × {name}")
        })
        .collect()
}
