//! Reads that wait their turn travel together, and nobody notices.

use std::time::Duration;

use zk_session::{
    Abandoned, Coalescing, Event, FailCause, Fate, Outcome, RequestId, SessionConfig, Submit,
    WatchKind,
};
use zk_wire::{ErrorCode, OpCode, Reader, Request, Response};

use crate::pair::{Pair, TIMEOUT, config, get, get_watched, set};
use crate::server::{Node, Reaction};

fn coalescing(mode: Coalescing) -> SessionConfig {
    let mut config = config();
    config.coalescing = mode;
    config
}

/// A connected pair whose server has the nodes `/n0` to `/n99`.
fn pair_with(config: SessionConfig) -> Pair {
    let mut pair = Pair::connected(config);
    for number in 0..100 {
        node(&mut pair, &format!("/n{number}"));
    }
    pair
}

fn known() -> Pair {
    pair_with(coalescing(Coalescing::Known))
}

fn node(pair: &mut Pair, path: &str) {
    let node = Node { owner: 0, czxid: 7 };
    pair.server.nodes.insert(path.to_owned(), node);
}

fn reads(pair: &mut Pair, count: usize) -> Vec<RequestId> {
    let paths = (0..count).map(|number| format!("/n{}", number % 100));
    paths.map(|path| pair.submit(get(&path))).collect()
}

/// Four frames on the wire, and three reads that are held back.
fn held() -> (Pair, Vec<RequestId>, Vec<RequestId>) {
    let mut pair = known();
    let open = reads(&mut pair, 4);
    let held = reads(&mut pair, 3);
    assert_eq!(pair.session.stats().queued, 3);
    assert!(pair.session.is_gathering());
    (pair, open, held)
}

fn is_multi_read(request: &Request) -> bool {
    matches!(request, Request::MultiRead(_))
}

/// What was sent: 1 for a read alone, more for reads together, 0 for anything else.
fn shape(pair: &Pair) -> Vec<usize> {
    let requests = pair.server.requests();
    let sizes = requests.map(|received| match &received.request {
        Request::MultiRead(reads) => reads.len(),
        Request::GetData { watch: false, .. } | Request::GetChildren { watch: false, .. } => 1,
        _ => 0,
    });
    sizes.collect()
}

fn data_of(pair: &Pair, id: RequestId) -> Vec<u8> {
    let Some(Outcome::Reply {
        result: Ok(body),
        zxid,
    }) = pair.outcome(id)
    else {
        panic!("{:?}", pair.outcome(id));
    };
    assert!(zxid.as_raw() > 0);
    match Response::decode(OpCode::GetData, &mut Reader::new(body.clone())).unwrap() {
        Response::Data { data, stat } => {
            assert_eq!(stat.czxid.as_raw(), 7);
            data.unwrap().to_vec()
        }
        other => panic!("{other:?}"),
    }
}

fn all_answered(pair: &Pair, ids: &[RequestId]) {
    for &id in ids {
        assert_eq!(data_of(pair, id), b"data");
    }
}

fn done(pair: &Pair) -> Vec<RequestId> {
    let events = pair.events.iter();
    let done = events.filter_map(|(_, event)| match event {
        Event::Done { id, .. } => Some(*id),
        _ => None,
    });
    done.collect()
}

#[test]
fn reads_leave_at_once_while_fewer_than_four_frames_are_open_and_gather_then() {
    let mut pair = known();
    let ids = reads(&mut pair, 30);
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 26]);
    all_answered(&pair, &ids);
    assert_eq!(done(&pair), ids);
    let stats = pair.session.stats();
    assert_eq!((stats.joined_reads, stats.sent(OpCode::MultiRead)), (26, 1));
}

#[test]
fn one_of_four_answers_lets_what_gathered_go() {
    let mut pair = known();
    // The first read is answered 100 ms before the others.
    let second =
        |request: &Request| matches!(request, Request::GetData { path, .. } if path == "/n1");
    pair.server
        .on(second, 0, Reaction::Delay(Duration::from_millis(100)));
    let mut ids = reads(&mut pair, 9);
    pair.run_for(Duration::from_millis(50));
    assert_eq!(shape(&pair), [1, 1, 1, 1, 5], "three open frames are left");
    ids.extend(reads(&mut pair, 4));
    assert_eq!(pair.session.stats().queued, 4, "four open frames again");
    pair.settle();
    assert_eq!(done(&pair), ids);
}

#[test]
fn reads_queued_in_one_go_are_one_frame() {
    let mut pair = known();
    for number in 0..10 {
        let request = get(&format!("/n{number}"));
        pair.session
            .submit(pair.now, request, Submit::new())
            .unwrap();
    }
    pair.pump();
    pair.settle();
    // Without experience no more than certainly fit.
    assert_eq!(shape(&pair), [4, 4, 2]);
}

#[test]
fn whatever_waits_behind_reads_makes_them_leave_at_once_and_in_order() {
    let path = || "/n0".to_owned();
    let others = [
        (set("/n0"), None),
        (get_watched("/n0"), Some(WatchKind::Data)),
        (
            Request::Exists {
                path: path(),
                watch: false,
            },
            None,
        ),
        (
            Request::GetChildren2 {
                path: path(),
                watch: false,
            },
            None,
        ),
        (Request::GetAcl { path: path() }, None),
        (Request::Sync { path: path() }, None),
        (Request::Multi(Vec::new()), None),
    ];
    for (other, watch) in others {
        let (mut pair, mut ids, held) = held();
        ids.extend(held);
        let mut submit = Submit::new();
        submit.watch = watch;
        ids.push(pair.submit_with(other.clone(), submit));
        assert_eq!(pair.session.stats().queued, 0, "{other:?}");
        assert!(pair.session.is_gathering(), "nothing is queued");
        ids.extend(reads(&mut pair, 2));
        assert_eq!(pair.session.stats().queued, 2, "these gather anew");
        pair.settle();
        assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0, 2], "{other:?}");
        assert_eq!(done(&pair), ids, "{other:?}");
    }
}

#[test]
fn a_ping_lets_held_reads_go() {
    let mut pair = known();
    pair.server
        .on_all(|request| *request != Request::Ping, Reaction::Hold);
    let _open = reads(&mut pair, 4);
    let _held = reads(&mut pair, 3);
    pair.run_for(TIMEOUT / 3 + Duration::from_secs(1));
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3]);
    assert_eq!(pair.session.stats().sent(OpCode::Ping), 1);
}

#[test]
fn a_close_lets_held_reads_go_before_it() {
    let (mut pair, open, held) = held();
    pair.session.close(pair.now);
    pair.pump();
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0]);
    all_answered(&pair, &open);
    all_answered(&pair, &held);
}

#[test]
fn each_read_has_its_own_result_and_error() {
    let mut pair = known();
    let open = reads(&mut pair, 4);
    let here = pair.submit(get("/n1"));
    let missing = pair.submit(get("/missing"));
    let children = pair.submit(Request::GetChildren {
        path: "/".to_owned(),
        watch: false,
    });
    let there = pair.submit(get("/n2"));
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 4]);
    all_answered(&pair, &open);
    all_answered(&pair, &[here, there]);
    let Some(Outcome::Reply { result, .. }) = pair.outcome(missing) else {
        panic!("no answer");
    };
    assert_eq!(*result, Err(ErrorCode::NoNode));
    let Some(Outcome::Reply {
        result: Ok(body), ..
    }) = pair.outcome(children)
    else {
        panic!("no answer");
    };
    let names = Response::decode(OpCode::GetChildren, &mut Reader::new(body.clone()));
    assert!(matches!(names, Ok(Response::Children(names)) if names.len() == 100));
}

#[test]
fn reads_are_given_up_one_by_one_before_and_after_they_left() {
    let (mut pair, open, held) = held();
    assert_eq!(pair.session.abandon(pair.now, held[1]), Abandoned::Unsent);
    let more = pair.submit(get("/n9"));
    let write = pair.submit(set("/n0"));
    assert_eq!(pair.session.abandon(pair.now, held[0]), Abandoned::InFlight);
    assert_eq!(pair.session.abandon(pair.now, held[0]), Abandoned::Settled);
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0]);
    let mut expected = open;
    expected.extend([held[2], more, write]);
    assert_eq!(done(&pair), expected);
    all_answered(&pair, &[held[2], more]);
}

#[test]
fn each_read_keeps_its_deadline() {
    let mut pair = known();
    pair.server
        .on_all(|request| *request != Request::Ping, Reaction::Hold);
    let _open = reads(&mut pair, 4);
    let by = |pair: &Pair, ms| Submit::new().deadline(pair.now + Duration::from_millis(ms));
    let submit = by(&pair, 100);
    let unsent = pair.submit_with(get("/n1"), submit);
    let submit = by(&pair, 900);
    let sent = pair.submit_with(get("/n2"), submit);
    let submit = by(&pair, 5_000);
    let later = pair.submit_with(get("/n3"), submit);
    pair.run_for(Duration::from_millis(500));
    pair.submit(set("/n0"));
    pair.run_for(Duration::from_millis(1_000));
    assert_eq!(shape(&pair), [1, 1, 1, 1, 2, 0]);
    let timed_out = |fate| Outcome::Failed {
        cause: FailCause::TimedOut,
        fate,
    };
    assert_eq!(pair.outcome(unsent), Some(&timed_out(Fate::NotApplied)));
    assert_eq!(pair.outcome(sent), Some(&timed_out(Fate::Unknown)));
    assert_eq!(pair.outcome(later), None);
}

#[test]
fn a_lost_connection_fails_what_had_left_and_keeps_what_was_held() {
    let mut pair = known();
    pair.server.on_all(|_| true, Reaction::Hold);
    let open = reads(&mut pair, 4);
    let joined = reads(&mut pair, 3);
    let write = pair.submit(set("/n0"));
    let kept = reads(&mut pair, 2);
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0]);
    pair.server.forget_rules();
    pair.cut();
    pair.run_until(|pair| kept.iter().all(|id| pair.outcome(*id).is_some()));
    all_answered(&pair, &kept);
    for id in open.iter().chain(&joined).chain([&write]) {
        let lost = Outcome::Failed {
            cause: FailCause::ConnectionLost,
            fate: Fate::Unknown,
        };
        assert_eq!(pair.outcome(*id), Some(&lost));
    }
}

#[test]
fn what_a_server_refuses_together_is_asked_again_alone() {
    for code in [-5, -127, -1] {
        let mut pair = known();
        pair.server.on(is_multi_read, 0, Reaction::Refuse(code));
        let mut ids = reads(&mut pair, 4);
        let joined = reads(&mut pair, 3);
        let write = pair.submit(set("/n0"));
        assert_eq!(
            pair.session.abandon(pair.now, joined[2]),
            Abandoned::InFlight
        );
        pair.settle();
        assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0, 1, 1], "{code}");
        ids.extend(&joined[..2]);
        all_answered(&pair, &ids);
        assert!(pair.outcome(write).is_some());
        assert_eq!(pair.outcome(joined[2]), None, "nobody waits for it");
        assert_eq!(pair.session.stats().connections, 1);
    }
}

#[test]
fn reads_asked_again_keep_their_order() {
    let mut pair = known();
    pair.server.on(is_multi_read, 0, Reaction::Refuse(-127));
    pair.server.on(is_multi_read, 1, Reaction::Refuse(-127));
    let open = reads(&mut pair, 4);
    let first = reads(&mut pair, 2);
    pair.submit(set("/n0"));
    let second = reads(&mut pair, 2);
    pair.submit(set("/n0"));
    let third = reads(&mut pair, 2);
    pair.settle();
    let order = done(&pair);
    let rank = |id: &RequestId| order.iter().position(|done| done == id).unwrap();
    // The third two had left before the first were refused.
    let again: Vec<_> = [first, second].concat();
    assert!(again.iter().is_sorted_by_key(rank), "{order:?}");
    all_answered(&pair, &[open, again, third].concat());
}

#[test]
fn a_reply_too_large_together_is_asked_again_alone_on_the_next_connection() {
    let mut pair = known();
    pair.server
        .on(is_multi_read, 0, Reaction::Huge(100_000_000));
    let ids = [reads(&mut pair, 4), reads(&mut pair, 3)].concat();
    pair.run_until(|pair| ids.iter().all(|id| pair.outcome(*id).is_some()));
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 1, 1, 1]);
    all_answered(&pair, &ids);
    assert_eq!(pair.session.stats().connections, 2);
}

#[test]
fn a_joined_reply_may_be_larger_than_a_single_one_and_its_parts_may_not() {
    let mut config = coalescing(Coalescing::Known);
    config.max_frame = 1_000;
    let mut pair = pair_with(config);
    for len in [400, 401, 402, 1900] {
        node(&mut pair, &format!("/of-{len}"));
    }
    let open = reads(&mut pair, 4);
    let fit: Vec<_> = (400..403)
        .map(|len| pair.submit(get(&format!("/of-{len}"))))
        .collect();
    let large = pair.submit(get("/of-1900"));
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 4]);
    all_answered(&pair, &open);
    for (id, len) in fit.into_iter().zip(400..) {
        assert_eq!(data_of(&pair, id).len(), len);
    }
    let Some(Outcome::Failed { cause, .. }) = pair.outcome(large) else {
        panic!("{:?}", pair.outcome(large));
    };
    // Header, length, data, Stat.
    let (len, max) = (16 + 4 + 1_900 + 68, 1_000);
    assert_eq!(*cause, FailCause::FrameTooLarge { len, max });
    assert_eq!(pair.session.stats().connections, 1);
}

#[test]
fn reads_with_large_replies_are_not_joined() {
    let mut pair = known();
    for number in 0..30 {
        node(&mut pair, &format!("/of-{}", 100_000 + number));
        pair.submit(get(&format!("/of-{}", 100_000 + number)));
    }
    pair.settle();
    assert_eq!(shape(&pair), [1; 30]);
}

#[test]
fn callers_who_ask_for_the_same_share_a_read() {
    let mut pair = known();
    let mut ids = reads(&mut pair, 4);
    for number in 0..30 {
        ids.push(pair.submit(get(&format!("/n{}", number % 3))));
    }
    ids.push(pair.submit(set("/n0")));
    // Whoever asks behind a write is not answered with what was before it.
    ids.push(pair.submit(get("/n0")));
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0, 1]);
    assert_eq!(done(&pair), ids);
    ids.remove(34);
    all_answered(&pair, &ids);
    assert_eq!(pair.session.stats().joined_reads, 30);
}

#[test]
fn those_who_ask_for_the_same_large_value_wait_for_one_another_and_share_it() {
    let mut pair = known();
    node(&mut pair, "/of-100000");
    let mut ids: Vec<_> = (0..30).map(|_| pair.submit(get("/of-100000"))).collect();
    pair.settle();
    assert_eq!(shape(&pair), [1; 5], "four at once, the others as one");
    ids.extend((0..30).map(|_| pair.submit(get("/of-100000"))));
    pair.settle();
    assert_eq!(shape(&pair), [1; 10]);
    for id in ids {
        assert_eq!(data_of(&pair, id).len(), 100_000);
    }
}

#[test]
fn who_shares_a_read_gives_it_up_and_times_out_alone() {
    let mut pair = known();
    let is_shared = |request: &Request| is_multi_read(request);
    pair.server
        .on(is_shared, 0, Reaction::Delay(Duration::from_millis(500)));
    let _open = reads(&mut pair, 4);
    let given_up = pair.submit(get("/n7"));
    let by = Submit::new().deadline(pair.now + Duration::from_millis(200));
    let late = pair.submit_with(get("/n7"), by);
    let kept = pair.submit(get("/n7"));
    pair.submit(set("/n0"));
    assert_eq!(
        pair.session.abandon(pair.now, given_up),
        Abandoned::InFlight
    );
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 1, 0]);
    all_answered(&pair, &[kept]);
    assert_eq!(pair.outcome(given_up), None);
    let timed_out = Outcome::Failed {
        cause: FailCause::TimedOut,
        fate: Fate::Unknown,
    };
    assert_eq!(pair.outcome(late), Some(&timed_out));
}

#[test]
fn a_value_does_not_keep_the_whole_reply_alive() {
    let mut pair = known();
    node(&mut pair, "/of-20000");
    node(&mut pair, "/of-200000");
    let _open = reads(&mut pair, 4);
    let (small, large) = (
        pair.submit(get("/of-20000")),
        pair.submit(get("/of-200000")),
    );
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 2]);
    let place = |id| match pair.outcome(id) {
        Some(Outcome::Reply {
            result: Ok(body), ..
        }) => body.as_ptr() as usize,
        other => panic!("{other:?}"),
    };
    let apart = place(large).abs_diff(place(small));
    assert_ne!(apart, 20_000 + 4 + 68 + 9, "both are slices of the frame");
}

#[test]
fn a_server_is_asked_with_nothing_in_flight_and_nothing_behind() {
    let mut pair = pair_with(coalescing(Coalescing::Probe));
    let mut ids = reads(&mut pair, 7);
    ids.push(pair.submit(set("/n0")));
    assert_eq!(shape(&pair), [0; 0]);
    let asked = |pair: &Pair| shape(pair).contains(&3);
    pair.run_until(asked);
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3], "the write waits");
    assert_eq!(pair.session.stats().in_flight, 3);
    pair.settle();
    ids.extend(reads(&mut pair, 9));
    pair.settle();
    assert_eq!(shape(&pair), [1, 1, 1, 1, 3, 0, 1, 1, 1, 1, 5]);
    assert_eq!(done(&pair), ids);
    // Another connection may lead to another server.
    pair.reconnect();
    ids.extend(reads(&mut pair, 6));
    pair.settle();
    assert_eq!(shape(&pair)[11..], [1, 1, 1, 1, 2]);
    assert_eq!(done(&pair), ids);
}

#[test]
fn a_server_that_does_not_know_multi_read_costs_one_connection_and_no_request() {
    let mut pair = pair_with(coalescing(Coalescing::Probe));
    pair.server
        .on_all(is_multi_read, Reaction::RefuseAndClose(-6));
    let mut ids = reads(&mut pair, 7);
    ids.push(pair.submit(set("/n0")));
    pair.run_until(|pair| ids.iter().all(|id| pair.outcome(*id).is_some()));
    all_answered(&pair, &ids[..7]);
    assert!(matches!(
        pair.outcome(ids[7]),
        Some(Outcome::Reply { result: Ok(_), .. })
    ));
    pair.reconnect();
    let more = reads(&mut pair, 20);
    pair.settle();
    all_answered(&pair, &more);
    assert_eq!(
        pair.received(is_multi_read).len(),
        1,
        "asked once in the session"
    );
    assert_eq!(pair.session.stats().connections, 3);
}

#[test]
fn a_probe_that_is_never_answered_goes_with_its_connection() {
    let mut pair = pair_with(coalescing(Coalescing::Probe));
    pair.server.on(is_multi_read, 0, Reaction::CutBefore);
    let mut ids = reads(&mut pair, 7);
    let write = pair.submit(set("/n0"));
    pair.run_until(|pair| pair.outcome(write).is_some());
    all_answered(&pair, &ids[..4]);
    for id in ids.drain(4..) {
        assert!(matches!(pair.outcome(id), Some(Outcome::Failed { .. })));
    }
    assert!(matches!(pair.outcome(write), Some(Outcome::Reply { .. })));
}

#[test]
fn reads_given_up_before_the_probe_hold_nothing_up() {
    let mut pair = pair_with(coalescing(Coalescing::Probe));
    let open = reads(&mut pair, 4);
    let held = reads(&mut pair, 2);
    for id in held {
        assert_eq!(pair.session.abandon(pair.now, id), Abandoned::Unsent);
    }
    let write = pair.submit(set("/n0"));
    pair.settle();
    all_answered(&pair, &open);
    assert!(pair.outcome(write).is_some());
}

#[test]
fn switched_off_each_read_travels_alone() {
    let mut pair = pair_with(coalescing(Coalescing::Off));
    let ids = reads(&mut pair, 30);
    pair.settle();
    assert_eq!(shape(&pair), [1; 30]);
    all_answered(&pair, &ids);
}

#[test]
fn an_answer_that_does_not_fit_the_reads_is_a_broken_protocol() {
    let mut pair = known();
    // A success without the results of the reads.
    pair.server.on_all(is_multi_read, Reaction::Refuse(0));
    let _open = reads(&mut pair, 4);
    let joined = reads(&mut pair, 2);
    pair.run_until(|pair| pair.outcome(joined[1]).is_some());
    for id in joined {
        let Some(Outcome::Failed { cause, .. }) = pair.outcome(id) else {
            panic!("{:?}", pair.outcome(id));
        };
        assert!(matches!(cause, FailCause::Protocol(_)), "{cause:?}");
    }
}

#[test]
fn an_expiry_in_the_answer_to_joined_reads_ends_the_session_for_each() {
    let mut pair = known();
    pair.server.on_all(is_multi_read, Reaction::Refuse(-112));
    let _open = reads(&mut pair, 4);
    let joined = reads(&mut pair, 3);
    pair.run_until(|pair| pair.session.state().is_terminal());
    for id in joined {
        let expired = Err(ErrorCode::SessionExpired);
        assert!(
            matches!(pair.outcome(id), Some(Outcome::Reply { result, .. }) if *result == expired)
        );
    }
}
