//! One strategy per record.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use zk_wire::{
    Acl, AddWatchMode, ClientInfo, ConnectRequest, ConnectResponse, Create, CreateMode, EventType,
    MultiOp, MultiResult, OpCode, Permissions, ReadOp, ReadResult, ReplyHeader, Request,
    RequestHeader, Response, SessionId, SetWatches, Stat, WatcherEvent, WatcherKind, Zxid,
};

/// Any text: a decoder does not judge paths.
pub(crate) fn arb_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "(/[a-z0-9-]{1,8}){1,3}",
        1 => any::<String>(),
        1 => Just(String::new()),
    ]
}

fn arb_texts() -> impl Strategy<Value = Vec<String>> {
    vec(arb_text(), 0..6)
}

fn arb_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn arb_data() -> impl Strategy<Value = Option<Bytes>> {
    option::of(arb_bytes())
}

fn arb_zxid() -> impl Strategy<Value = Zxid> {
    any::<i64>().prop_map(Zxid::from_raw)
}

fn arb_session_id() -> impl Strategy<Value = SessionId> {
    any::<i64>().prop_map(SessionId::from_raw)
}

pub(crate) fn arb_stat() -> impl Strategy<Value = Stat> {
    let zxids = (arb_zxid(), arb_zxid(), arb_zxid());
    let times = (any::<i64>(), any::<i64>(), arb_session_id());
    (zxids, times, any::<[i32; 5]>()).prop_map(|((czxid, mzxid, pzxid), times, numbers)| {
        let (ctime, mtime, ephemeral_owner) = times;
        let [version, cversion, aversion, data_length, num_children] = numbers;
        Stat {
            czxid,
            mzxid,
            ctime,
            mtime,
            version,
            cversion,
            aversion,
            ephemeral_owner,
            data_length,
            num_children,
            pzxid,
        }
    })
}

pub(crate) fn arb_acl() -> impl Strategy<Value = Acl> {
    (any::<u32>(), arb_text(), arb_text())
        .prop_map(|(bits, scheme, id)| Acl::new(scheme, id, Permissions::from_bits(bits)))
}

pub(crate) fn arb_client_info() -> impl Strategy<Value = ClientInfo> {
    (arb_text(), arb_text()).prop_map(|(auth_scheme, user)| ClientInfo { auth_scheme, user })
}

pub(crate) fn arb_request_header() -> impl Strategy<Value = RequestHeader> {
    any::<(i32, i32)>().prop_map(|(xid, op)| RequestHeader { xid, op })
}

pub(crate) fn arb_reply_header() -> impl Strategy<Value = ReplyHeader> {
    (any::<(i32, i32)>(), arb_zxid()).prop_map(|((xid, err), zxid)| ReplyHeader { xid, zxid, err })
}

pub(crate) fn arb_connect_request() -> impl Strategy<Value = ConnectRequest> {
    let numbers = any::<(i32, i32)>();
    let read_only = any::<Option<bool>>();
    (
        numbers,
        arb_zxid(),
        arb_session_id(),
        arb_bytes(),
        read_only,
    )
        .prop_map(
            |((protocol_version, timeout_ms), last_zxid_seen, session_id, password, read_only)| {
                ConnectRequest {
                    protocol_version,
                    last_zxid_seen,
                    timeout_ms,
                    session_id,
                    password,
                    read_only,
                }
            },
        )
}

pub(crate) fn arb_connect_response() -> impl Strategy<Value = ConnectResponse> {
    (
        any::<(i32, i32)>(),
        arb_session_id(),
        arb_bytes(),
        any::<Option<bool>>(),
    )
        .prop_map(
            |((protocol_version, timeout_ms), session_id, password, read_only)| ConnectResponse {
                protocol_version,
                timeout_ms,
                session_id,
                password,
                read_only,
            },
        )
}

pub(crate) fn arb_watcher_event() -> impl Strategy<Value = WatcherEvent> {
    (any::<i32>(), any::<i32>(), arb_text()).prop_map(|(event, state, path)| WatcherEvent {
        event: EventType::from_raw(event % 6),
        state,
        path,
    })
}

fn arb_create_with(flags: impl Strategy<Value = i32>) -> impl Strategy<Value = Create> {
    let how = (flags, any::<Option<i64>>(), any::<bool>());
    (arb_text(), arb_data(), vec(arb_acl(), 0..4), how).prop_map(
        |(path, data, acl, (flags, ttl, stat))| Create {
            path,
            data,
            acl,
            flags,
            ttl,
            // createTTL is always answered with a stat.
            stat: stat || ttl.is_some(),
        },
    )
}

pub(crate) fn arb_create() -> impl Strategy<Value = Create> {
    arb_create_with(any::<i32>())
}

pub(crate) fn arb_multi_op() -> impl Strategy<Value = MultiOp> {
    let mode = prop::sample::select(CreateMode::ALL.to_vec()).prop_map(CreateMode::flags);
    prop_oneof![
        arb_create_with(mode).prop_map(MultiOp::Create),
        (arb_text(), any::<i32>()).prop_map(|(path, version)| MultiOp::Delete { path, version }),
        (arb_text(), arb_data(), any::<i32>()).prop_map(|(path, data, version)| MultiOp::SetData {
            path,
            data,
            version
        }),
        (arb_text(), any::<i32>()).prop_map(|(path, version)| MultiOp::Check { path, version }),
    ]
}

pub(crate) fn arb_multi_result() -> impl Strategy<Value = MultiResult> {
    prop_oneof![
        (arb_text(), option::of(arb_stat()))
            .prop_map(|(path, stat)| MultiResult::Created { path, stat }),
        Just(MultiResult::Deleted),
        arb_stat().prop_map(MultiResult::Set),
        Just(MultiResult::Checked),
        any::<i32>().prop_map(MultiResult::Failed),
    ]
}

pub(crate) fn arb_read_op() -> impl Strategy<Value = ReadOp> {
    prop_oneof![
        arb_text().prop_map(|path| ReadOp::GetData { path }),
        arb_text().prop_map(|path| ReadOp::GetChildren { path }),
    ]
}

pub(crate) fn arb_read_result() -> impl Strategy<Value = ReadResult> {
    prop_oneof![
        (arb_data(), arb_stat()).prop_map(|(data, stat)| ReadResult::Data { data, stat }),
        arb_texts().prop_map(ReadResult::Children),
        any::<i32>().prop_map(ReadResult::Failed),
    ]
}

pub(crate) fn arb_set_watches() -> impl Strategy<Value = SetWatches> {
    let one_shot = (arb_texts(), arb_texts(), arb_texts());
    (arb_zxid(), one_shot, arb_texts(), arb_texts()).prop_map(
        |(relative_zxid, (data, exist, child), persistent, recursive)| SetWatches {
            relative_zxid,
            data,
            exist,
            child,
            persistent,
            recursive,
        },
    )
}

fn arb_kind() -> impl Strategy<Value = WatcherKind> {
    (1..=5).prop_filter_map("1 to 5 are all kinds", WatcherKind::from_raw)
}

fn arb_read() -> impl Strategy<Value = Request> {
    prop_oneof![
        (arb_text(), any::<bool>()).prop_map(|(path, watch)| Request::Exists { path, watch }),
        (arb_text(), any::<bool>()).prop_map(|(path, watch)| Request::GetData { path, watch }),
        arb_text().prop_map(|path| Request::GetAcl { path }),
        (arb_text(), any::<bool>()).prop_map(|(path, watch)| Request::GetChildren { path, watch }),
        (arb_text(), any::<bool>()).prop_map(|(path, watch)| Request::GetChildren2 { path, watch }),
        arb_text().prop_map(|path| Request::Sync { path }),
        vec(arb_read_op(), 0..5).prop_map(Request::MultiRead),
        arb_text().prop_map(|prefix| Request::GetEphemerals { prefix }),
        arb_text().prop_map(|path| Request::GetAllChildrenNumber { path }),
        Just(Request::WhoAmI),
    ]
}

fn arb_write() -> impl Strategy<Value = Request> {
    let members = (
        option::of(arb_text()),
        option::of(arb_text()),
        option::of(arb_text()),
    );
    prop_oneof![
        arb_create().prop_map(Request::Create),
        (arb_text(), any::<i32>()).prop_map(|(path, version)| Request::Delete { path, version }),
        (arb_text(), arb_data(), any::<i32>()).prop_map(|(path, data, version)| Request::SetData {
            path,
            data,
            version
        }),
        (arb_text(), vec(arb_acl(), 0..4), any::<i32>())
            .prop_map(|(path, acl, version)| Request::SetAcl { path, acl, version }),
        vec(arb_multi_op(), 0..5).prop_map(Request::Multi),
        (members, any::<i64>()).prop_map(|((joining, leaving, members), config_id)| {
            Request::Reconfig {
                joining,
                leaving,
                members,
                config_id,
            }
        }),
        arb_text().prop_map(|path| Request::DeleteContainer { path }),
    ]
}

fn arb_session_request() -> impl Strategy<Value = Request> {
    let modes = vec![AddWatchMode::Persistent, AddWatchMode::PersistentRecursive];
    prop_oneof![
        Just(Request::Ping),
        (arb_text(), arb_kind()).prop_map(|(path, kind)| Request::CheckWatches { path, kind }),
        (arb_text(), arb_kind()).prop_map(|(path, kind)| Request::RemoveWatches { path, kind }),
        (arb_text(), arb_bytes()).prop_map(|(scheme, auth)| Request::Auth { scheme, auth }),
        arb_set_watches().prop_map(Request::SetWatches),
        arb_data().prop_map(|token| Request::Sasl { token }),
        (arb_text(), prop::sample::select(modes))
            .prop_map(|(path, mode)| Request::AddWatch { path, mode }),
        Just(Request::CloseSession),
    ]
}

pub(crate) fn arb_request() -> impl Strategy<Value = Request> {
    prop_oneof![2 => arb_read(), 2 => arb_write(), 1 => arb_session_request()]
}

/// A response together with an operation that is answered so.
pub(crate) fn arb_reply() -> impl Strategy<Value = (OpCode, Response)> {
    let one_of = |ops: &[OpCode]| prop::sample::select(ops.to_vec());
    let path = one_of(&[OpCode::Create, OpCode::Sync]);
    let created = one_of(&[OpCode::Create2, OpCode::CreateContainer, OpCode::CreateTtl]);
    let stat = one_of(&[OpCode::Exists, OpCode::SetData, OpCode::SetAcl]);
    let data = one_of(&[OpCode::GetData, OpCode::Reconfig]);
    let empty = one_of(&[
        OpCode::Delete,
        OpCode::Ping,
        OpCode::CheckWatches,
        OpCode::RemoveWatches,
        OpCode::DeleteContainer,
        OpCode::Auth,
        OpCode::SetWatches,
        OpCode::SetWatches2,
        OpCode::CloseSession,
    ]);
    let of_op = |op: OpCode| move |response: Response| (op, response);
    prop_oneof![
        (path, arb_text().prop_map(Response::Path)),
        (created, arb_text(), arb_stat())
            .prop_map(|(op, path, stat)| (op, Response::Created { path, stat })),
        (stat, arb_stat().prop_map(Response::Stat)),
        (data, arb_data(), arb_stat())
            .prop_map(|(op, data, stat)| (op, Response::Data { data, stat })),
        (vec(arb_acl(), 0..4), arb_stat())
            .prop_map(|(acl, stat)| (OpCode::GetAcl, Response::Acl { acl, stat })),
        arb_texts()
            .prop_map(Response::Children)
            .prop_map(of_op(OpCode::GetChildren)),
        (arb_texts(), arb_stat()).prop_map(|(children, stat)| {
            (OpCode::GetChildren2, Response::Children2 { children, stat })
        }),
        vec(arb_multi_result(), 0..5)
            .prop_map(Response::Multi)
            .prop_map(of_op(OpCode::Multi)),
        vec(arb_read_result(), 0..5)
            .prop_map(Response::MultiRead)
            .prop_map(of_op(OpCode::MultiRead)),
        arb_data()
            .prop_map(Response::Token)
            .prop_map(of_op(OpCode::Sasl)),
        arb_texts()
            .prop_map(Response::Ephemerals)
            .prop_map(of_op(OpCode::GetEphemerals)),
        any::<i32>()
            .prop_map(Response::Count)
            .prop_map(of_op(OpCode::GetAllChildrenNumber)),
        any::<i32>()
            .prop_map(Response::ErrorBody)
            .prop_map(of_op(OpCode::AddWatch)),
        vec(arb_client_info(), 0..4)
            .prop_map(Response::WhoAmI)
            .prop_map(of_op(OpCode::WhoAmI)),
        (empty, Just(Response::Empty)),
    ]
}
