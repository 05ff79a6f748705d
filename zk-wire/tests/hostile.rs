//! Decoders meet bytes that nobody meant well.

mod arb;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use zk_wire::frame::{FrameDecoder, write_frame};
use zk_wire::{
    Acl, ClientInfo, ConnectRequest, ConnectResponse, Decode, DecodeError, Encode, ErrorCode,
    MultiOp, OpCode, Reader, ReplyHeader, Request, RequestError, RequestHeader, Response, Stat,
    WatcherEvent,
};

/// Runs every decoder over the same bytes. Whatever they return, they return.
fn decode_everything(bytes: &Bytes) {
    fn one<T: Decode>(bytes: &Bytes) {
        let _ = T::decode(&mut Reader::new(bytes.clone()));
    }
    one::<ConnectRequest>(bytes);
    one::<ConnectResponse>(bytes);
    one::<RequestHeader>(bytes);
    one::<ReplyHeader>(bytes);
    one::<WatcherEvent>(bytes);
    one::<Stat>(bytes);
    one::<Acl>(bytes);
    one::<ClientInfo>(bytes);
    for &op in OpCode::ALL {
        let _ = Request::decode(op.raw(), &mut Reader::new(bytes.clone()));
        let _ = Response::decode(op, &mut Reader::new(bytes.clone()));
    }
}

/// Small numbers where lengths and types are expected get a decoder deeper than noise does.
fn arb_plausible_bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        (-3..30_i32).prop_map(|number| number.to_be_bytes().to_vec()),
        any::<i32>().prop_map(|number| number.to_be_bytes().to_vec()),
        prop::sample::select(OpCode::ALL.to_vec()).prop_map(|op| op.raw().to_be_bytes().to_vec()),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

fn flip(mut bytes: Vec<u8>, flips: &[prop::sample::Index]) -> Vec<u8> {
    for flip in flips {
        if !bytes.is_empty() {
            let bit = flip.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
    bytes
}

/// A valid record that is neither request nor response.
fn arb_other_record() -> impl Strategy<Value = Vec<u8>> {
    fn encoded(record: impl Encode) -> Vec<u8> {
        let mut out = Vec::new();
        record.encode(&mut out);
        out
    }
    prop_oneof![
        arb::arb_connect_request().prop_map(encoded),
        arb::arb_connect_response().prop_map(encoded),
        arb::arb_watcher_event().prop_map(encoded),
        arb::arb_request_header().prop_map(encoded),
        arb::arb_reply_header().prop_map(encoded),
        arb::arb_stat().prop_map(encoded),
        arb::arb_acl().prop_map(encoded),
        arb::arb_client_info().prop_map(encoded),
    ]
}

proptest! {
    #[test]
    fn other_records_with_flipped_bits_or_cut_short_never_panic(
        record in arb_other_record(),
        flips: [prop::sample::Index; 3],
        cut: prop::sample::Index,
    ) {
        decode_everything(&Bytes::from(record[..cut.index(record.len() + 1)].to_vec()));
        decode_everything(&Bytes::from(flip(record, &flips)));
    }

    #[test]
    fn a_handshake_cut_short_is_an_error_unless_only_its_optional_byte_is_missing(
        request in arb::arb_connect_request(),
        response in arb::arb_connect_response(),
        cut: prop::sample::Index,
    ) {
        let mut out = Vec::new();
        request.encode(&mut out);
        let whole = out.len() - usize::from(request.read_only.is_some());
        out.truncate(cut.index(whole));
        prop_assert!(ConnectRequest::decode(&mut Reader::new(Bytes::from(out))).is_err());
        let mut out = Vec::new();
        response.encode(&mut out);
        let whole = out.len() - usize::from(response.read_only.is_some());
        out.truncate(cut.index(whole));
        prop_assert!(ConnectResponse::decode(&mut Reader::new(Bytes::from(out))).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        decode_everything(&Bytes::from(bytes));
    }

    #[test]
    fn plausible_bytes_never_panic(bytes in arb_plausible_bytes()) {
        decode_everything(&Bytes::from(bytes));
    }

    #[test]
    fn requests_with_flipped_bits_never_panic(
        request in arb::arb_request(),
        flips: [prop::sample::Index; 3],
    ) {
        let mut out = Vec::new();
        request.encode_body(&mut out);
        let bytes = Bytes::from(flip(out, &flips));
        let _ = Request::decode(request.op_code().raw(), &mut Reader::new(bytes.clone()));
        decode_everything(&bytes);
    }

    #[test]
    fn responses_with_flipped_bits_never_panic(
        (op, response) in arb::arb_reply(),
        flips: [prop::sample::Index; 3],
    ) {
        let mut out = Vec::new();
        response.encode(&mut out);
        let bytes = Bytes::from(flip(out, &flips));
        let _ = Response::decode(op, &mut Reader::new(bytes.clone()));
        decode_everything(&bytes);
    }

    #[test]
    fn a_request_cut_short_is_always_an_error(
        request in arb::arb_request(),
        cut: prop::sample::Index,
    ) {
        let mut out = Vec::new();
        request.encode_body(&mut out);
        if !out.is_empty() {
            out.truncate(cut.index(out.len()));
            let op = request.op_code().raw();
            let decoded = Request::decode(op, &mut Reader::new(Bytes::from(out)));
            prop_assert!(matches!(decoded, Err(RequestError::Marshalling(_))), "{decoded:?}");
        }
    }

    #[test]
    fn s6_a_response_cut_short_is_always_an_error(
        (op, response) in arb::arb_reply(),
        cut: prop::sample::Index,
    ) {
        let mut out = Vec::new();
        response.encode(&mut out);
        if !out.is_empty() {
            out.truncate(cut.index(out.len()));
            let decoded = Response::decode(op, &mut Reader::new(Bytes::from(out)));
            prop_assert!(decoded.is_err(), "{decoded:?}");
        }
    }

    /// Apart from surrogates, whose first byte is 0xed, text is replaced as the standard library does.
    #[test]
    fn s7_text_that_is_not_utf8_is_replaced_as_usual(
        bytes in "([a-z]|é|\u{1f512})*".prop_map(String::into_bytes),
        flips: [prop::sample::Index; 2],
    ) {
        let bytes = flip(bytes, &flips);
        let mut body = i32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        body.extend_from_slice(&bytes);
        let decoded = Response::decode(OpCode::Create, &mut Reader::new(Bytes::from(body)));
        if !bytes.contains(&0xed) {
            let expected = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(decoded, Ok(Response::Path(expected)));
        }
    }

    #[test]
    fn a_stream_of_random_bytes_never_panics_the_frame_decoder(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        max in 0..64_usize,
    ) {
        let mut input = BytesMut::from(&bytes[..]);
        let mut decoder = FrameDecoder::new(max);
        let mut taken = 0;
        while let Ok(Some(frame)) = decoder.next(&mut input) {
            prop_assert!(frame.len() <= max);
            taken += 4 + frame.len();
        }
        prop_assert_eq!(taken + input.len(), bytes.len());
    }

    #[test]
    fn frames_survive_any_split_of_the_stream(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..6),
        chunk in 1..20_usize,
    ) {
        let mut stream = Vec::new();
        for payload in &payloads {
            write_frame(&mut stream, |out| out.extend_from_slice(payload));
        }
        let mut input = BytesMut::new();
        let mut frames = Vec::new();
        for piece in stream.chunks(chunk) {
            input.extend_from_slice(piece);
            while let Some(frame) = FrameDecoder::default().next(&mut input).unwrap() {
                frames.push(frame);
            }
        }
        prop_assert_eq!(frames, payloads);
    }
}

fn decode(op: OpCode, body: &[i32]) -> Result<Request, RequestError> {
    let bytes: Vec<u8> = body.iter().flat_map(|word| word.to_be_bytes()).collect();
    Request::decode(op.raw(), &mut Reader::new(Bytes::from(bytes)))
}

#[test]
fn operation_codes_no_client_may_send_are_unimplemented() {
    for op in [888, 10, 0, -1, -10] {
        let error = Request::decode(op, &mut Reader::new(Bytes::from(vec![0; 64]))).unwrap_err();
        assert_eq!(error, RequestError::Unimplemented(op));
        assert_eq!(error.error_code(), ErrorCode::Unimplemented);
    }
}

#[test]
fn an_error_names_what_was_being_decoded() {
    for (op, body, message) in [
        (
            OpCode::GetData,
            &[9, 0][..],
            "the frame ends inside getData path: 9 bytes needed, 4 left",
        ),
        (
            OpCode::GetData,
            &[-2, 0],
            "the length of getData path is -2",
        ),
        (
            OpCode::Create,
            &[0, 0, 7, 0],
            "acl announces 7 elements where 0 fit",
        ),
        (OpCode::AddWatch, &[0, 9], "9 is not a known addWatch mode"),
        (
            OpCode::RemoveWatches,
            &[0, 0],
            "0 is not a known watcher type",
        ),
    ] {
        let error = decode(op, body).unwrap_err();
        assert_eq!(error.error_code(), ErrorCode::MarshallingError);
        assert_eq!(
            error.to_string(),
            format!("the request cannot be decoded: {message}")
        );
    }
}

/// A multi of one operation with a null path, and its end.
fn multi_of(op: i32, body: &[u8]) -> Bytes {
    let end = [0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff];
    let mut bytes = op.to_be_bytes().to_vec();
    bytes.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&end);
    Bytes::from(bytes)
}

#[test]
fn reads_in_a_multi_and_writes_in_a_multi_read_cannot_be_decoded() {
    let read = multi_of(OpCode::GetData.raw(), &[0, 0, 0, 0, 0]);
    let write = multi_of(OpCode::Delete.raw(), &[0; 8]);
    let unknown = multi_of(888, &[]);
    for (op, bytes, fits) in [
        (OpCode::MultiRead, &read, true),
        (OpCode::Multi, &write, true),
        (OpCode::Multi, &read, false),
        (OpCode::MultiRead, &write, false),
        (OpCode::Multi, &unknown, false),
        (OpCode::MultiRead, &unknown, false),
    ] {
        let decoded = Request::decode(op.raw(), &mut Reader::new(bytes.clone()));
        match decoded {
            Ok(_) => assert!(fits, "{op}"),
            Err(RequestError::Marshalling(DecodeError::BadMultiOp { .. })) => {
                assert!(!fits, "{op}");
            }
            Err(error) => panic!("{op}: {error}"),
        }
    }
}

#[test]
fn bad_flags_are_kept_alone_and_in_a_multi() {
    let mut body = vec![0; 12];
    body.extend_from_slice(&7_i32.to_be_bytes());
    let alone = Request::decode(
        OpCode::Create.raw(),
        &mut Reader::new(Bytes::from(body.clone())),
    )
    .unwrap();
    match alone {
        Request::Create(create) => assert_eq!((create.flags, create.mode()), (7, None)),
        other => panic!("{other:?}"),
    }
    let bytes = multi_of(OpCode::Create.raw(), &body);
    let in_multi = Request::decode(OpCode::Multi.raw(), &mut Reader::new(bytes)).unwrap();
    let Request::Multi(ops) = in_multi else {
        panic!("{in_multi:?}");
    };
    let [MultiOp::Create(create)] = ops.as_slice() else {
        panic!("{ops:?}");
    };
    assert_eq!((create.flags, create.mode()), (7, None));
}

#[test]
fn null_lists_become_empty() {
    let request = decode(OpCode::SetAcl, &[0, -1, -1]).unwrap();
    let expected = Request::SetAcl {
        path: String::new(),
        acl: Vec::new(),
        version: -1,
    };
    assert_eq!(request, expected);
    let null = Bytes::from_static(&[0xff; 4]);
    let response = Response::decode(OpCode::GetChildren, &mut Reader::new(null));
    assert_eq!(response, Ok(Response::Children(Vec::new())));
}

#[test]
fn java_strings_beyond_the_basic_plane_are_joined() {
    let mut bytes = 6_i32.to_be_bytes().to_vec();
    bytes.extend_from_slice(b"\xed\xa0\xbd\xed\xb4\x92");
    let response = Response::decode(OpCode::Create, &mut Reader::new(Bytes::from(bytes)));
    assert_eq!(response, Ok(Response::Path("\u{1f512}".to_owned())));
}
