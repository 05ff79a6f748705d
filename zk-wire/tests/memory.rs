//! How much memory a frame can make a decoder take, counted by the allocator.

#[expect(dead_code, reason = "memory needs requests and replies only")]
mod arb;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use proptest::prelude::*;
use zk_wire::frame::write_frame;
use zk_wire::{Create, CreateMode, Encode, MultiOp, OpCode, Reader, Request, SetWatches};

thread_local! {
    // Per thread, because tests run side by side. Without a destructor, so the allocator may use them.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing. `realloc` keeps
// its default, a new block beside the old one, which counts both as a real allocator may need them.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let current = CURRENT.get().saturating_add(layout.size());
        CURRENT.set(current);
        PEAK.set(PEAK.get().max(current));
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        CURRENT.set(CURRENT.get().saturating_sub(layout.size()));
        // SAFETY: `block` came from `alloc` above with the same layout, as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The highest sum of allocations that `work` held at once, its result included.
fn peak_of<T>(work: impl FnOnce() -> T) -> usize {
    let before = CURRENT.get();
    PEAK.set(before);
    let result = work();
    let peak = PEAK.get().saturating_sub(before);
    drop(result);
    peak
}

/// What decoding may take, the frame itself included.
fn budget(frame: usize) -> usize {
    16 * frame + 64 * 1024
}

#[track_caller]
fn assert_request_fits(op: OpCode, body: Vec<u8>) {
    let len = body.len();
    let frame = Bytes::from(body);
    let peak = len + peak_of(|| Request::decode(op.raw(), &mut Reader::new(frame)));
    assert!(
        peak <= budget(len),
        "{op} request of {len} bytes peaks at {peak}"
    );
}

#[track_caller]
fn assert_response_fits(op: OpCode, body: Vec<u8>) {
    let len = body.len();
    let frame = Bytes::from(body);
    let peak = len + peak_of(|| zk_wire::Response::decode(op, &mut Reader::new(frame)));
    assert!(
        peak <= budget(len),
        "{op} response of {len} bytes peaks at {peak}"
    );
}

/// About the largest frame a server accepts.
const BIG: usize = 1_000_000;

/// `head`, a count for as many `element`s as fit, the elements, `tail`.
fn filled(head: &[u8], element: &[u8], tail: &[u8]) -> Vec<u8> {
    let count = BIG / element.len();
    let mut body = head.to_vec();
    body.extend_from_slice(&i32::try_from(count).unwrap_or(i32::MAX).to_be_bytes());
    body.extend(element.iter().copied().cycle().take(count * element.len()));
    body.extend_from_slice(tail);
    body
}

/// MultiHeaders of one type, each with the same body, and the end.
fn enveloped(op: i32, body: &[u8]) -> Vec<u8> {
    let mut element = op.to_be_bytes().to_vec();
    element.extend_from_slice(&[0, 0, 0, 0, 0]);
    element.extend_from_slice(body);
    let mut bytes: Vec<u8> = element
        .iter()
        .copied()
        .cycle()
        .take(BIG / element.len() * element.len())
        .collect();
    bytes.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff]);
    bytes
}

const EMPTY: [u8; 4] = [0; 4];
const STAT: [u8; 68] = [0; 68];

#[test]
fn frames_of_empty_strings_stay_within_the_budget() {
    for tail in [&STAT[..], &[]] {
        let names = filled(&[], &EMPTY, tail);
        assert_response_fits(OpCode::GetChildren, names.clone());
        assert_response_fits(OpCode::GetChildren2, names.clone());
        assert_response_fits(OpCode::GetEphemerals, names);
    }
    for lists_before in 0..5 {
        let head = vec![0; 8 + 4 * lists_before];
        assert_request_fits(OpCode::SetWatches2, filled(&head, &EMPTY, &[0; 20]));
    }
}

#[test]
fn frames_of_minimal_acls_stay_within_the_budget() {
    assert_response_fits(OpCode::GetAcl, filled(&[], &[0; 12], &STAT));
    assert_request_fits(OpCode::SetAcl, filled(&EMPTY, &[0; 12], &EMPTY));
    for op in [
        OpCode::Create,
        OpCode::Create2,
        OpCode::CreateContainer,
        OpCode::CreateTtl,
    ] {
        assert_request_fits(op, filled(&[0; 8], &[0; 12], &[0; 12]));
    }
    assert_response_fits(OpCode::WhoAmI, filled(&[], &[0; 8], &[]));
}

#[test]
fn frames_of_minimal_multi_operations_stay_within_the_budget() {
    for op in [OpCode::Delete, OpCode::Check] {
        assert_request_fits(OpCode::Multi, enveloped(op.raw(), &[0; 8]));
    }
    assert_request_fits(OpCode::Multi, enveloped(OpCode::SetData.raw(), &[0; 12]));
    for op in [OpCode::Create, OpCode::Create2, OpCode::CreateContainer] {
        assert_request_fits(OpCode::Multi, enveloped(op.raw(), &[0; 16]));
    }
    assert_request_fits(OpCode::Multi, enveloped(OpCode::CreateTtl.raw(), &[0; 24]));
    // Each create with one minimal ACL.
    let mut body = [0; 28];
    body[11] = 1;
    assert_request_fits(OpCode::Multi, enveloped(OpCode::Create.raw(), &body));
    for op in [OpCode::GetData, OpCode::GetChildren] {
        assert_request_fits(OpCode::MultiRead, enveloped(op.raw(), &[0; 5]));
    }
}

#[test]
fn frames_of_minimal_multi_results_stay_within_the_budget() {
    for op in [OpCode::Delete, OpCode::Check] {
        assert_response_fits(OpCode::Multi, enveloped(op.raw(), &[]));
    }
    assert_response_fits(OpCode::Multi, enveloped(OpCode::Create.raw(), &EMPTY));
    assert_response_fits(OpCode::Multi, enveloped(OpCode::SetData.raw(), &STAT));
    assert_response_fits(OpCode::Multi, enveloped(OpCode::Create2.raw(), &[0; 72]));
    for op in [OpCode::Multi, OpCode::MultiRead] {
        assert_response_fits(op, enveloped(OpCode::Error.raw(), &EMPTY));
    }
    assert_response_fits(
        OpCode::MultiRead,
        enveloped(OpCode::GetChildren.raw(), &EMPTY),
    );
    assert_response_fits(
        OpCode::MultiRead,
        enveloped(OpCode::GetData.raw(), &[0; 72]),
    );
    // Each list with one name of one byte.
    let names = [0, 0, 0, 1, 0, 0, 0, 1, b'a'];
    assert_response_fits(
        OpCode::MultiRead,
        enveloped(OpCode::GetChildren.raw(), &names),
    );
}

#[test]
fn short_strings_stay_within_the_budget() {
    assert_response_fits(OpCode::GetChildren, filled(&[], &[0, 0, 0, 1, b'a'], &[]));
    // A byte that is no UTF-8 becomes three.
    assert_response_fits(OpCode::GetChildren, filled(&[], &[0, 0, 0, 1, 0xff], &[]));
    assert_request_fits(
        OpCode::Multi,
        enveloped(OpCode::Delete.raw(), &[0, 0, 0, 1, 0xff, 0, 0, 0, 0]),
    );
}

#[test]
fn a_reserved_list_and_a_string_of_invalid_bytes_stay_within_the_budget_together() {
    // The count is the largest that fits; the first name takes the rest of the frame.
    let mut body = i32::try_from((BIG + 4) / 4)
        .unwrap_or(0)
        .to_be_bytes()
        .to_vec();
    body.extend_from_slice(&i32::try_from(BIG).unwrap_or(0).to_be_bytes());
    body.extend(std::iter::repeat_n(0xff, BIG));
    assert_response_fits(OpCode::GetChildren, body.clone());
    assert_response_fits(OpCode::GetEphemerals, body);
}

#[test]
fn a_huge_count_reserves_nothing() {
    let words = |words: &[i32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_be_bytes()).collect() };
    let huge = i32::MAX;
    for (op, body) in [
        (OpCode::Create, words(&[0, 0, huge, 0])),
        (OpCode::SetAcl, words(&[0, huge, 0])),
        (OpCode::SetWatches, words(&[0, 0, huge, 0])),
        (OpCode::SetWatches2, words(&[0, 0, 0, 0, 0, huge, 0])),
        (
            OpCode::Multi,
            [&words(&[1])[..], &[0; 5], &words(&[0, 0, huge])].concat(),
        ),
        (OpCode::GetData, words(&[huge])),
        (OpCode::SetData, words(&[0, huge])),
    ] {
        let frame = Bytes::from(body);
        let mut failed = false;
        let peak = peak_of(|| failed = Request::decode(op.raw(), &mut Reader::new(frame)).is_err());
        assert!(failed && peak < 256, "{op} request took {peak}");
    }
    for (op, body) in [
        (OpCode::GetAcl, words(&[huge, 0])),
        (OpCode::GetChildren, words(&[huge, 0])),
        (OpCode::GetChildren2, words(&[huge, 0])),
        (OpCode::GetEphemerals, words(&[huge, 0])),
        (OpCode::WhoAmI, words(&[huge, 0])),
        (
            OpCode::MultiRead,
            [&words(&[8])[..], &[0; 5], &words(&[huge])].concat(),
        ),
        (OpCode::Create, words(&[huge])),
    ] {
        let frame = Bytes::from(body);
        let mut failed = false;
        let mut input = Reader::new(frame);
        let peak = peak_of(|| failed = zk_wire::Response::decode(op, &mut input).is_err());
        assert!(failed && peak < 256, "{op} response took {peak}");
    }
}

proptest! {
    #[test]
    fn valid_and_damaged_requests_stay_within_the_budget(
        request in arb::arb_request(),
        damage: Option<(prop::sample::Index, u8)>,
    ) {
        let mut body = Vec::new();
        request.encode_body(&mut body);
        if let (Some((place, byte)), false) = (damage, body.is_empty()) {
            let place = place.index(body.len());
            body[place] = byte;
        }
        assert_request_fits(request.op_code(), body);
    }

    #[test]
    fn valid_and_damaged_responses_stay_within_the_budget(
        (op, response) in arb::arb_reply(),
        damage: Option<(prop::sample::Index, u8)>,
    ) {
        let mut body = Vec::new();
        response.encode(&mut body);
        if let (Some((place, byte)), false) = (damage, body.is_empty()) {
            let place = place.index(body.len());
            body[place] = byte;
        }
        assert_response_fits(op, body);
    }

    #[test]
    fn encoding_into_a_large_enough_buffer_allocates_nothing(request in arb::arb_request()) {
        let mut out = Vec::with_capacity(1 << 16);
        let before = CALLS.get();
        write_frame(&mut out, |out| request.encode(1, out));
        prop_assert_eq!(CALLS.get() - before, 0);
    }
}

#[test]
fn a_payload_is_not_copied() {
    let mut body = Vec::new();
    body.extend_from_slice(&i32::try_from(BIG).unwrap_or(0).to_be_bytes());
    body.extend(std::iter::repeat_n(7, BIG));
    body.extend_from_slice(&STAT);
    let frame = Bytes::from(body);
    let peak = peak_of(|| zk_wire::Response::decode(OpCode::GetData, &mut Reader::new(frame)));
    assert!(peak < 256, "decoding a large payload took {peak}");
}

#[test]
fn the_allocator_sees_what_a_decoder_takes() {
    let names = filled(&[], &EMPTY, &[]);
    let len = names.len();
    let frame = Bytes::from(names);
    let peak = peak_of(|| zk_wire::Response::decode(OpCode::GetChildren, &mut Reader::new(frame)));
    assert!(
        peak >= len,
        "a million bytes of empty strings cannot take only {peak}"
    );
    let watches = SetWatches::default();
    let multi = vec![MultiOp::Create(Create::new(
        "/a",
        "x",
        CreateMode::Persistent,
    ))];
    let taken = peak_of(|| (Request::SetWatches(watches), Request::Multi(multi).clone()));
    assert!(taken > 0);
}
