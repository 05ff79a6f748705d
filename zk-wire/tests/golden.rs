//! Frames checked by hand against the protocol, byte for byte.

use bytes::{Bytes, BytesMut};
use zk_wire::frame::{FrameDecoder, write_frame};
use zk_wire::{
    AddWatchMode, ConnectRequest, ConnectResponse, Create, CreateMode, Decode, Encode, ErrorCode,
    EventType, MultiOp, MultiResult, OpCode, Reader, ReplyHeader, Request, RequestHeader, Response,
    SessionId, SetWatches, Stat, WatcherEvent, WatcherKind, Zxid, digest_id, xid,
};

/// The bytes of a hexadecimal text; blanks are for the eye.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex
        .chars()
        .filter(|c| !c.is_whitespace())
        .filter_map(|c| c.to_digit(16))
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap_or(0))
        .collect()
}

const NO_PASSWORD: &str = "00000000000000000000000000000000";

fn framed(payload: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write_frame(&mut out, payload);
    out
}

fn reader(frame: &[u8]) -> Reader {
    let mut input = BytesMut::from(frame);
    let content = FrameDecoder::default().next(&mut input);
    assert!(input.is_empty(), "the length covers the whole frame");
    match content {
        Ok(Some(content)) => Reader::new(content),
        other => panic!("no frame: {other:?}"),
    }
}

/// Both directions of a request: a client's encoder and a server's decoder.
#[track_caller]
fn assert_request(hex: &str, xid: i32, request: &Request) {
    let frame = bytes(hex);
    assert_eq!(framed(|out| request.encode(xid, out)), frame, "encoded");
    let mut input = reader(&frame);
    let op = request.op_code().raw();
    assert_eq!(
        RequestHeader::decode(&mut input),
        Ok(RequestHeader { xid, op })
    );
    let decoded = Request::decode(op, &mut input);
    assert_eq!(decoded.as_ref(), Ok(request), "decoded");
    assert!(input.is_empty());
}

/// Both directions of a reply: a server's encoder and a client's decoder.
#[track_caller]
fn assert_reply(hex: &str, op: OpCode, header: ReplyHeader, response: &Response) {
    let frame = bytes(hex);
    let encoded = framed(|out| {
        header.encode(out);
        response.encode(out);
    });
    assert_eq!(encoded, frame, "encoded");
    let mut input = reader(&frame);
    assert_eq!(ReplyHeader::decode(&mut input), Ok(header));
    assert_eq!(
        Response::decode(op, &mut input).as_ref(),
        Ok(response),
        "decoded"
    );
    assert!(input.is_empty());
}

fn success(xid: i32, zxid: i64) -> ReplyHeader {
    ReplyHeader {
        xid,
        zxid: Zxid::from_raw(zxid),
        err: 0,
    }
}

#[test]
fn connect_request_for_a_new_session() {
    let frame = bytes(&format!(
        "0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010 {NO_PASSWORD} 00"
    ));
    let request = ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::NONE,
        timeout_ms: 30_000,
        session_id: SessionId::NONE,
        password: Bytes::from_static(&[0; 16]),
        read_only: Some(false),
    };
    assert_eq!(framed(|out| request.encode(out)), frame);
    assert_eq!(ConnectRequest::decode(&mut reader(&frame)), Ok(request));
}

#[test]
fn b01_connect_request_without_the_read_only_byte() {
    let frame = bytes(&format!(
        "0000002c 00000000 000000000000002a 00007530 0000000000000001 00000010 {NO_PASSWORD}"
    ));
    let request = ConnectRequest::decode(&mut reader(&frame)).unwrap();
    assert_eq!(request.read_only, None);
    assert_eq!(request.last_zxid_seen, Zxid::from_raw(42));
    assert_eq!(framed(|out| request.encode(out)), frame);
}

#[test]
fn connect_response_for_an_invalid_session() {
    let frame = bytes(&format!(
        "00000025 00000000 00000000 0000000000000000 00000010 {NO_PASSWORD} 00"
    ));
    let response = ConnectResponse::invalid_session(Some(false));
    assert!(!response.is_valid());
    assert_eq!(framed(|out| response.encode(out)), frame);
    assert_eq!(ConnectResponse::decode(&mut reader(&frame)), Ok(response));
}

#[test]
fn b01_connect_response_without_the_read_only_byte() {
    let frame = bytes(&format!(
        "00000024 00000000 00007530 0000000000000001 00000010 {NO_PASSWORD}"
    ));
    let response = ConnectResponse::decode(&mut reader(&frame)).unwrap();
    assert!(response.is_valid());
    assert_eq!(response.read_only, None);
    assert_eq!(framed(|out| response.encode(out)), frame);
}

#[test]
fn ping() {
    assert_request("00000008 fffffffe 0000000b", xid::PING, &Request::Ping);
}

#[test]
fn ping_reply() {
    assert_reply(
        "00000010 fffffffe 0000000000000005 00000000",
        OpCode::Ping,
        success(xid::PING, 5),
        &Response::Empty,
    );
}

#[test]
fn get_data_with_a_watch() {
    let request = Request::GetData {
        path: "/a".to_owned(),
        watch: true,
    };
    assert_request("0000000f 00000001 00000004 00000002 2f61 01", 1, &request);
}

#[test]
fn data_changed_event() {
    let frame =
        bytes("0000001e ffffffff 0000000000000009 00000000 00000003 00000003 00000002 2f61");
    let header = success(xid::NOTIFICATION, 9);
    let event = WatcherEvent::new(EventType::DataChanged, "/a");
    let encoded = framed(|out| {
        header.encode(out);
        event.encode(out);
    });
    assert_eq!(encoded, frame);
    let mut input = reader(&frame);
    assert_eq!(ReplyHeader::decode(&mut input), Ok(header));
    assert_eq!(WatcherEvent::decode(&mut input), Ok(event));
}

#[test]
fn digest_auth() {
    assert_request(
        "0000001d fffffffc 00000064 00000000 00000006 646967657374 00000003 753a70",
        xid::AUTH,
        &Request::Auth {
            scheme: "digest".to_owned(),
            auth: Bytes::from_static(b"u:p"),
        },
    );
}

#[test]
fn close_session() {
    assert_request("00000008 00000007 fffffff5", 7, &Request::CloseSession);
}

#[test]
fn multi_of_check_and_delete() {
    let request = Request::Multi(vec![
        MultiOp::Check {
            path: "/a".to_owned(),
            version: 0,
        },
        MultiOp::Delete {
            path: "/b".to_owned(),
            version: -1,
        },
    ]);
    assert_request(
        "00000037 00000002 0000000e
         0000000d 00 ffffffff 00000002 2f61 00000000
         00000002 00 ffffffff 00000002 2f62 ffffffff
         ffffffff 01 ffffffff",
        2,
        &request,
    );
}

#[test]
fn failed_multi_has_a_header_without_error() {
    let no_node = ErrorCode::NoNode.raw();
    assert_reply(
        "00000033 00000002 000000000000000c 00000000
         ffffffff 00 00000000 00000000
         ffffffff 00 ffffff9b ffffff9b
         ffffffff 01 ffffffff",
        OpCode::Multi,
        success(2, 12),
        &Response::Multi(vec![MultiResult::Failed(0), MultiResult::Failed(no_node)]),
    );
}

#[test]
fn digest_id_of_super() {
    assert_eq!(
        digest_id("super:test"),
        "super:D/InIHSb7yEEbrWz8b9l71RjZJU="
    );
}

/// A stat in which every field differs, and its 68 bytes.
fn stat() -> (Stat, &'static str) {
    let stat = Stat {
        czxid: Zxid::from_raw(1),
        mzxid: Zxid::from_raw(2),
        ctime: 3,
        mtime: 4,
        version: 5,
        cversion: 6,
        aversion: 7,
        ephemeral_owner: SessionId::from_raw(8),
        data_length: 9,
        num_children: 10,
        pzxid: Zxid::from_raw(11),
    };
    let hex = "0000000000000001 0000000000000002 0000000000000003 0000000000000004
               00000005 00000006 00000007 0000000000000008 00000009 0000000a 000000000000000b";
    (stat, hex)
}

#[test]
fn create2_of_an_ephemeral_sequential_node() {
    let request = Request::Create(Create::new("/l-", "x", CreateMode::EphemeralSequential));
    assert_request(
        "00000033 00000003 0000000f 00000003 2f6c2d 00000001 78
         00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000003",
        3,
        &request,
    );
    let (stat, hex) = stat();
    assert_reply(
        &format!(
            "00000065 00000003 0000000000000001 00000000 0000000d 2f6c2d30303030303030303037 {hex}"
        ),
        OpCode::Create2,
        success(3, 1),
        &Response::Created {
            path: "/l-0000000007".to_owned(),
            stat,
        },
    );
}

#[test]
fn create_ttl_carries_its_time_to_live_last() {
    let request = Request::Create(Create {
        acl: Vec::new(),
        data: None,
        ttl: Some(1000),
        ..Create::new("/t", "", CreateMode::PersistentTtl)
    });
    assert_request(
        "00000022 00000001 00000015 00000002 2f74 ffffffff 00000000 00000005 00000000000003e8",
        1,
        &request,
    );
}

#[test]
fn s8_every_create_with_a_stat_has_the_same_type_in_a_multi_reply() {
    let (stat, hex) = stat();
    assert_reply(
        &format!(
            "0000007b 00000001 0000000000000001 00000000
             00000001 00 00000000 00000002 2f61
             0000000f 00 00000000 00000002 2f62 {hex}
             ffffffff 01 ffffffff"
        ),
        OpCode::Multi,
        success(1, 1),
        &Response::Multi(vec![
            MultiResult::Created {
                path: "/a".to_owned(),
                stat: None,
            },
            MultiResult::Created {
                path: "/b".to_owned(),
                stat: Some(stat),
            },
        ]),
    );
}

#[test]
fn set_watches_without_persistent_ones_is_known_to_old_servers() {
    let watches = SetWatches {
        relative_zxid: Zxid::from_raw(9),
        data: vec!["/a".to_owned()],
        ..SetWatches::default()
    };
    assert_request(
        "00000022 fffffff8 00000065 0000000000000009 00000001 00000002 2f61 00000000 00000000",
        xid::SET_WATCHES,
        &Request::SetWatches(watches.clone()),
    );
    let watches = SetWatches {
        recursive: vec!["/r".to_owned()],
        ..watches
    };
    assert_request(
        "00000030 fffffff8 00000069 0000000000000009 00000001 00000002 2f61 00000000 00000000
         00000000 00000001 00000002 2f72",
        xid::SET_WATCHES,
        &Request::SetWatches(watches),
    );
}

#[test]
fn add_and_remove_watch() {
    assert_request(
        "00000012 00000001 0000006a 00000002 2f61 00000001",
        1,
        &Request::AddWatch {
            path: "/a".to_owned(),
            mode: AddWatchMode::PersistentRecursive,
        },
    );
    assert_request(
        "00000012 00000001 00000012 00000002 2f61 00000003",
        1,
        &Request::RemoveWatches {
            path: "/a".to_owned(),
            kind: WatcherKind::Any,
        },
    );
}

#[test]
fn null_data_is_not_empty_data() {
    let (stat, hex) = stat();
    for (len, data) in [("ffffffff", None), ("00000000", Some(Bytes::new()))] {
        assert_reply(
            &format!("00000058 00000001 0000000000000001 00000000 {len} {hex}"),
            OpCode::GetData,
            success(1, 1),
            &Response::Data { data, stat },
        );
    }
}
