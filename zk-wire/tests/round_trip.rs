//! What is encoded is decoded to the same value, for every record.

mod arb;

use std::fmt::Debug;

use bytes::Bytes;
use proptest::prelude::*;
use zk_wire::{
    ConnectString, CreateMode, Decode, Encode, HostPort, OpCode, Reader, Request, RequestHeader,
    Response, path,
};

fn encoded(record: &impl Encode) -> Bytes {
    let mut out = Vec::new();
    record.encode(&mut out);
    Bytes::from(out)
}

/// The record comes back, and its decoder stops where its encoder did.
fn round_trip<T: Encode + Decode + Debug + PartialEq>(record: &T) -> Result<(), TestCaseError> {
    let mut input = Reader::new(encoded(record));
    let decoded = T::decode(&mut input);
    prop_assert_eq!(decoded.as_ref(), Ok(record));
    prop_assert!(input.is_empty());
    Ok(())
}

proptest! {
    #[test]
    fn stats_round_trip(record in arb::arb_stat()) {
        round_trip(&record)?;
    }

    #[test]
    fn acls_round_trip(record in arb::arb_acl()) {
        round_trip(&record)?;
    }

    #[test]
    fn client_infos_round_trip(record in arb::arb_client_info()) {
        round_trip(&record)?;
    }

    #[test]
    fn request_headers_round_trip(record in arb::arb_request_header()) {
        round_trip(&record)?;
    }

    #[test]
    fn reply_headers_round_trip(record in arb::arb_reply_header()) {
        round_trip(&record)?;
    }

    #[test]
    fn connect_requests_round_trip(record in arb::arb_connect_request()) {
        round_trip(&record)?;
    }

    #[test]
    fn connect_responses_round_trip(record in arb::arb_connect_response()) {
        round_trip(&record)?;
    }

    #[test]
    fn watcher_events_round_trip(record in arb::arb_watcher_event()) {
        round_trip(&record)?;
    }

    #[test]
    fn requests_round_trip(request in arb::arb_request(), xid: i32) {
        let mut out = Vec::new();
        request.encode(xid, &mut out);
        let mut input = Reader::new(Bytes::from(out));
        let header = RequestHeader::decode(&mut input).unwrap();
        prop_assert_eq!(header, RequestHeader { xid, op: request.op_code().raw() });
        prop_assert_eq!(Request::decode(header.op, &mut input), Ok(request));
        prop_assert!(input.is_empty());
    }

    #[test]
    fn creates_of_every_kind_round_trip(create in arb::arb_create()) {
        let request = Request::Create(create.clone());
        let mut out = Vec::new();
        request.encode_body(&mut out);
        let mut input = Reader::new(Bytes::from(out));
        let decoded = Request::decode(create.op_code().raw(), &mut input);
        prop_assert_eq!(decoded, Ok(request));
        prop_assert_eq!(create.mode(), CreateMode::from_flags(create.flags));
    }

    #[test]
    fn responses_round_trip((op, response) in arb::arb_reply()) {
        let mut input = Reader::new(encoded(&response));
        prop_assert_eq!(Response::decode(op, &mut input), Ok(response));
        prop_assert!(input.is_empty());
    }

    /// A server may send more fields than this version knows.
    #[test]
    fn bytes_behind_a_record_are_left_alone(
        (op, response) in arb::arb_reply(),
        more in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut out = encoded(&response).to_vec();
        out.extend_from_slice(&more);
        let mut input = Reader::new(Bytes::from(out));
        prop_assert_eq!(Response::decode(op, &mut input), Ok(response));
        prop_assert_eq!(input.into_rest(), more);
    }

    /// A payload is a slice of the frame: same memory, no copy.
    #[test]
    fn payloads_are_slices_of_the_frame(
        data in prop::collection::vec(any::<u8>(), 1..200),
        stat in arb::arb_stat(),
    ) {
        let response = Response::Data { data: Some(Bytes::from(data)), stat };
        let frame = encoded(&response);
        let whole = frame.as_ptr_range();
        let decoded = Response::decode(OpCode::GetData, &mut Reader::new(frame.clone())).unwrap();
        let Response::Data { data: Some(data), .. } = decoded else {
            return Err(TestCaseError::fail("getData is answered with data"));
        };
        let slice = data.as_ptr_range();
        prop_assert!(whole.start <= slice.start && slice.end <= whole.end);
    }

    #[test]
    fn connect_strings_round_trip(
        hosts in prop::collection::vec(("[a-z0-9.-]{1,12}|([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}", 1..=u16::MAX), 1..5),
        chroot in "(/[a-z0-9]{1,5}){0,3}",
    ) {
        let text = hosts
            .iter()
            .map(|(host, port)| HostPort { host: host.clone(), port: *port }.to_string())
            .collect::<Vec<_>>()
            .join(",");
        let text = format!("{text}{chroot}");
        let parsed: ConnectString = text.parse().unwrap();
        prop_assert_eq!(parsed.to_string(), text);
        let written: Vec<_> = parsed.hosts.into_iter().map(|host| (host.host, host.port)).collect();
        prop_assert_eq!(written, hosts);
    }

    #[test]
    fn every_counter_is_read_back_behind_a_known_prefix(counter: i32, prefix in "\\PC{0,9}") {
        let name = format!("{prefix}{counter:010}");
        prop_assert_eq!(path::sequence_after(&prefix, &name), Some(counter.into()));
    }

    #[test]
    fn every_counter_is_read_back_behind_a_word_and_a_dash(
        counter: i32,
        prefix in "(/[a-z]{1,4})?[a-z_]{0,8}[a-z]-",
    ) {
        let name = format!("{prefix}{counter:010}");
        prop_assert_eq!(path::sequence_suffix(&name), Some(counter.into()));
    }

    #[test]
    fn a_valid_path_is_the_join_of_its_parts(path in "(/[a-z.]{1,5}){1,4}") {
        let parent = path::parent(&path).unwrap();
        prop_assert_eq!(path::join(parent, path::name(&path)), path.clone());
        let depth = path.matches('/').count();
        prop_assert_eq!(path::ancestors(&path).count(), depth);
        prop_assert_eq!(path::ancestors(&path).last(), Some("/"));
    }
}
