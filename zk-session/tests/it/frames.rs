//! What is told of single frames.

use zk_session::{Coalescing, Frame, FrameWay};
use zk_wire::{EventType, OpCode};

use crate::pair::{Pair, config, get, set};

fn told(pair: &mut Pair) -> Vec<Frame> {
    std::iter::from_fn(|| pair.session.poll_frame()).collect()
}

#[test]
fn frames_are_told_with_direction_number_kind_and_size() {
    let mut pair = Pair::usual();
    pair.session.trace_frames(true);
    let first = pair.submit(get("/of-100"));
    let second = pair.submit(set("/b"));
    pair.notify_soon(EventType::Created, "/c", 1);
    pair.settle();
    let frames = told(&mut pair);
    let seen: Vec<_> = frames
        .iter()
        .map(|one| (one.way, one.xid, one.op))
        .collect();
    let (sent, received) = (FrameWay::Sent, FrameWay::Received);
    assert_eq!(
        seen,
        [
            (sent, 1, Some(OpCode::GetData)),
            (sent, 2, Some(OpCode::SetData)),
            (received, -1, Some(OpCode::Notification)),
            (received, 1, Some(OpCode::GetData)),
            (received, 2, Some(OpCode::SetData)),
        ]
    );
    assert_eq!(frames[0].requests, [first]);
    assert_eq!(frames[1].requests, [second]);
    // xid and type, then the path with its length, then the watch.
    assert_eq!(frames[0].len, 8 + 4 + "/of-100".len() + 1);
    assert!(frames.iter().all(|one| one.conn == pair.conn()));
}

#[test]
fn reads_that_travel_together_are_one_frame_of_them_all() {
    let mut config = config();
    config.coalescing = Coalescing::Known;
    let mut pair = Pair::connected(config);
    pair.session.trace_frames(true);
    let reads: Vec<_> = (0..20)
        .map(|n| pair.submit(get(&format!("/{n}"))))
        .collect();
    pair.settle();
    let frames = told(&mut pair);
    let sent = frames.iter().filter(|one| one.way == FrameWay::Sent);
    let together = sent.clone().filter(|one| one.op == Some(OpCode::MultiRead));
    assert!(together.clone().any(|one| one.requests.len() > 1));
    let asked: Vec<_> = sent.flat_map(|one| one.requests.clone()).collect();
    assert_eq!(asked, reads);
}

#[test]
fn nothing_is_kept_of_frames_while_nobody_listens() {
    let mut pair = Pair::usual();
    pair.submit(get("/a"));
    pair.settle();
    assert_eq!(told(&mut pair), []);
    pair.session.trace_frames(true);
    pair.submit(get("/a"));
    pair.settle();
    pair.session.trace_frames(false);
    assert_eq!(told(&mut pair), []);
}
