//! Order, numbers, fates, deadlines and bounds of requests.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_session::{
    Abandoned, Event, FailCause, Fate, Outcome, Rejected, SessionState, Submit, WatchKind,
};
use zk_wire::{CreateMode, ErrorCode, OpCode, Request};

use crate::pair::{Pair, TIMEOUT, config, create, get, get_watched, is_create, is_get, set};
use crate::server::Reaction;

fn failed(cause: FailCause, fate: Fate) -> Outcome {
    Outcome::Failed { cause, fate }
}

fn exists(path: &str) -> Request {
    Request::Exists {
        path: path.to_owned(),
        watch: false,
    }
}

#[test]
fn requests_leave_and_end_in_the_order_they_were_submitted() {
    let mut pair = Pair::usual();
    let requests = || {
        (0..50).map(|n| {
            if n % 3 == 0 {
                set("/a")
            } else {
                get(&format!("/{n}"))
            }
        })
    };
    let ids: Vec<_> = requests().map(|request| pair.submit(request)).collect();
    pair.settle();
    let sent: Vec<_> = pair
        .server
        .log
        .iter()
        .map(|received| received.request.clone())
        .collect();
    assert_eq!(sent, requests().collect::<Vec<_>>());
    let done: Vec<_> = pair
        .events
        .iter()
        .filter_map(|(_, event)| {
            if let Event::Done { id, .. } = event {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(done, ids);
    assert_eq!(pair.session.stats().sent(OpCode::SetData), 17);
    assert_eq!(pair.session.stats().sent(OpCode::GetData), 33);
}

#[test]
fn what_is_queued_together_leaves_in_one_write_of_bounded_size() {
    let mut pair = Pair::usual();
    let before = pair.batches.len();
    for n in 0..100 {
        pair.session
            .submit(pair.now, get(&format!("/{n}")), Submit::new())
            .unwrap();
    }
    pair.pump();
    assert_eq!(pair.batches.len(), before + 1);
    for _ in 0..40 {
        let request = Request::SetData {
            path: "/a".to_owned(),
            data: Some(vec![7; 5_000].into()),
            version: -1,
        };
        pair.session
            .submit(pair.now, request, Submit::new())
            .unwrap();
    }
    let large = Request::SetData {
        path: "/a".to_owned(),
        data: Some(vec![7; 200_000].into()),
        version: -1,
    };
    pair.session.submit(pair.now, large, Submit::new()).unwrap();
    pair.pump();
    let batches = &pair.batches[before + 1..];
    assert!(batches.len() >= 5, "{batches:?}");
    let (last, others) = batches.split_last().unwrap();
    assert!(others.iter().all(|len| *len <= 64 * 1024), "{batches:?}");
    assert!(
        *last > 200_000,
        "a frame larger than a batch travels alone: {batches:?}"
    );
}

#[test]
fn go9c31c59_go4d82aba_xids_are_never_used_twice_whatever_connection_they_leave_on() {
    let mut pair = Pair::usual();
    for round in 0..6 {
        for _ in 0..5 {
            pair.submit(get("/a"));
        }
        if round % 2 == 0 {
            pair.settle();
        }
        pair.reconnect();
    }
    let xids: Vec<_> = pair
        .server
        .requests()
        .map(|received| received.xid)
        .collect();
    let unique: BTreeSet<_> = xids.iter().copied().collect();
    assert_eq!(unique.len(), xids.len());
    assert!(xids.iter().all(|xid| *xid > 0));
    assert!(
        pair.server
            .log
            .iter()
            .map(|received| received.conn)
            .collect::<BTreeSet<_>>()
            .len()
            > 2
    );
}

#[test]
fn a_refusal_without_a_zxid_may_overtake() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Hold);
    pair.server.on(
        |request| *request == exists("/b"),
        0,
        Reaction::RefuseEarly(-102),
    );
    let held = pair.submit(get("/a"));
    let refused = pair.submit(exists("/b"));
    pair.settle();
    assert_eq!(pair.outcome(held), None);
    let refusal = Outcome::Reply {
        zxid: zk_wire::Zxid::NONE,
        result: Err(ErrorCode::NoAuth),
    };
    assert_eq!(pair.outcome(refused), Some(&refusal));
    assert_eq!(refusal.fate(), Some(Fate::NotApplied));
    assert!(pair.session.state().is_connected());
}

#[test]
fn zk1863_any_other_disorder_is_a_broken_stream() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 1, Reaction::WrongXid);
    let ids: Vec<_> = (0..3).map(|_| pair.submit(get("/a"))).collect();
    pair.settle();
    assert!(matches!(pair.outcome(ids[0]), Some(Outcome::Reply { .. })));
    for id in &ids[1..] {
        let Some(Outcome::Failed {
            cause: FailCause::Protocol(_),
            fate,
        }) = pair.outcome(*id)
        else {
            panic!("{:?}", pair.outcome(*id));
        };
        assert_eq!(*fate, Fate::Unknown);
    }
    assert!(matches!(pair.states()[1], SessionState::Suspended { .. }));
    assert_eq!(pair.hangups, 1);
}

#[test]
fn a_reply_that_overtakes_with_a_zxid_is_a_broken_stream() {
    let mut pair = Pair::usual();
    pair.server
        .on(is_get, 0, Reaction::Delay(Duration::from_millis(50)));
    pair.server
        .on(|request| *request == exists("/b"), 0, Reaction::WrongXid);
    pair.submit(get("/a"));
    let second = pair.submit(exists("/b"));
    pair.settle();
    assert!(matches!(
        pair.outcome(second),
        Some(Outcome::Failed {
            fate: Fate::Unknown,
            ..
        })
    ));
}

#[test]
fn what_was_handed_over_and_not_answered_is_unknown_and_the_rest_stays_queued() {
    for (reaction, applied) in [(Reaction::CutBefore, false), (Reaction::CutAfter, true)] {
        let mut pair = Pair::usual();
        pair.server.on(is_create, 0, reaction);
        let sent = pair.submit(create("/a", CreateMode::Persistent));
        pair.run_until(|pair| !pair.session.state().is_connected());
        let queued = pair.submit(get("/a"));
        assert_eq!(
            pair.outcome(sent),
            Some(&failed(FailCause::ConnectionLost, Fate::Unknown))
        );
        assert_eq!(pair.outcome(queued), None);
        pair.run_until(|pair| pair.session.state().is_connected());
        pair.settle();
        let Some(Outcome::Reply { result, .. }) = pair.outcome(queued) else {
            panic!("the queued request is lost");
        };
        assert_eq!(result.is_ok(), applied);
    }
}

#[test]
fn an_error_of_the_server_means_not_applied() {
    let mut pair = Pair::usual();
    let id = pair.submit(get("/missing"));
    pair.settle();
    let outcome = pair.outcome(id).unwrap();
    assert!(matches!(
        outcome,
        Outcome::Reply {
            result: Err(ErrorCode::NoNode),
            ..
        }
    ));
    assert_eq!(outcome.fate(), Some(Fate::NotApplied));
}

#[test]
fn s6_a_request_that_was_passed_over_is_a_lost_connection() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::PassOver);
    let ids = [
        pair.submit(create("/a", CreateMode::Persistent)),
        pair.submit(get("/b")),
    ];
    pair.settle();
    for id in ids {
        assert_eq!(
            pair.outcome(id),
            Some(&failed(FailCause::ConnectionLost, Fate::Unknown))
        );
    }
    assert_eq!(pair.hangups, 1);
    assert!(pair.session.state().is_connected(), "it is resumed");
}

#[test]
fn s6_a_session_that_moved_is_a_lost_connection() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Refuse(-118));
    let ids = [pair.submit(get("/a")), pair.submit(get("/b"))];
    pair.settle();
    for id in ids {
        assert_eq!(
            pair.outcome(id),
            Some(&failed(FailCause::ConnectionLost, Fate::Unknown))
        );
    }
}

#[test]
fn go06f1de5_go789e9fa_b32_an_oversize_reply_names_size_and_limit_to_the_request_it_answers() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Huge(9_000_000));
    let ids = [pair.submit(get("/a")), pair.submit(get("/b"))];
    let server = pair.session.server().unwrap();
    pair.run_until(|pair| !pair.session.state().is_connected());
    let too_large = FailCause::FrameTooLarge {
        len: 9_000_000,
        max: 4 * 1024 * 1024,
    };
    assert_eq!(
        pair.outcome(ids[0]),
        Some(&failed(too_large, Fate::Unknown))
    );
    assert_eq!(
        pair.outcome(ids[1]),
        Some(&failed(FailCause::ConnectionLost, Fate::Unknown))
    );
    let failure = pair.session.server_failure(server).unwrap();
    assert!(
        failure.text.contains("9000000") && failure.text.contains("4194304"),
        "{failure:?}"
    );
}

#[test]
fn a_request_too_large_for_a_server_is_refused_alone() {
    let mut pair = Pair::usual();
    let set = |len| Request::SetData {
        path: "/a".to_owned(),
        data: Some(vec![0; len].into()),
        version: -1,
    };
    let overhead = 8 + 4 + 2 + 4 + 4;
    let max = 1_048_575;
    let refused = pair
        .session
        .submit(pair.now, set(max - overhead + 1), Submit::new());
    assert_eq!(refused, Err(Rejected::TooLarge { len: max + 1, max }));
    assert!(
        pair.session
            .submit(pair.now, set(max - overhead), Submit::new())
            .is_ok()
    );
}

#[test]
fn t18_the_queue_is_bounded_by_count_and_bytes_and_duties_are_exempt() {
    let mut config = config();
    config.max_queue = 10;
    config.max_queue_bytes = 1_000;
    let mut pair = Pair::new(config);
    for _ in 0..10 {
        pair.submit(get("/a"));
    }
    let refused = pair.session.submit(pair.now, get("/a"), Submit::new());
    assert_eq!(
        refused,
        Err(Rejected::Full {
            queued: 10,
            bytes: 10 * 15
        })
    );
    assert!(
        pair.session
            .submit(pair.now, get("/a"), Submit::new().exempt())
            .is_ok()
    );
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    let large = Request::SetData {
        path: "/a".to_owned(),
        data: Some(vec![0; 990].into()),
        version: -1,
    };
    let refused = pair.session.submit(pair.now, large, Submit::new());
    assert!(matches!(
        refused,
        Err(Rejected::Full {
            queued: 0,
            bytes: 0
        })
    ));
}

#[test]
fn after_the_end_and_during_a_close_nothing_is_accepted() {
    let mut pair = Pair::usual();
    pair.session.close(pair.now);
    let refused = pair.session.submit(pair.now, get("/a"), Submit::new());
    assert_eq!(refused, Err(Rejected::Closing));
    pair.pump();
    pair.settle();
    let refused = pair.session.submit(pair.now, get("/a"), Submit::new());
    assert_eq!(refused, Err(Rejected::Terminal(SessionState::Closed)));
}

#[test]
fn a_watch_and_its_request_have_to_agree() {
    let mut pair = Pair::usual();
    for (request, watch) in [
        (get("/a"), Some(WatchKind::Data)),
        (get_watched("/a"), None),
        (get_watched("/a"), Some(WatchKind::Child)),
        (Request::Ping, None),
        (Request::CloseSession, None),
    ] {
        let mut submit = Submit::new();
        submit.watch = watch;
        let refused = pair.session.submit(pair.now, request, submit);
        assert!(matches!(refused, Err(Rejected::Misuse(_))));
    }
}

#[test]
fn a_deadline_fails_what_is_queued_as_not_applied_and_what_is_sent_as_unknown() {
    let mut pair = Pair::usual();
    pair.server
        .on(is_get, 0, Reaction::Delay(Duration::from_secs(3)));
    let deadline = pair.now + Duration::from_secs(2);
    let submit = Submit::new().deadline(deadline);
    let sent = pair.submit_with(get("/a"), submit);
    let behind = pair.submit(get("/b"));
    pair.run_until(|pair| pair.outcome(sent).is_some());
    assert_eq!(pair.now, deadline);
    assert_eq!(
        pair.outcome(sent),
        Some(&failed(FailCause::TimedOut, Fate::Unknown))
    );
    pair.settle();
    assert!(
        matches!(pair.outcome(behind), Some(Outcome::Reply { .. })),
        "the slot kept its place"
    );

    pair.server.silent = true;
    pair.cut();
    let before = pair.server.log.len();
    let deadline = pair.now + Duration::from_secs(1);
    let queued = pair.submit_with(get("/a"), Submit::new().deadline(deadline));
    pair.run_until(|pair| pair.outcome(queued).is_some());
    assert_eq!(
        pair.outcome(queued),
        Some(&failed(FailCause::TimedOut, Fate::NotApplied))
    );
    pair.server.silent = false;
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    assert_eq!(
        pair.server.log.len(),
        before,
        "it was not sent after its deadline"
    );
}

#[test]
fn requests_without_a_deadline_get_the_configured_one() {
    let mut config = config();
    config.request_timeout = Some(Duration::from_secs(1));
    let mut pair = Pair::new(config);
    pair.server.handshake = crate::server::Handshake::Silence;
    let start = pair.now;
    let id = pair.submit(get("/a"));
    pair.run_until(|pair| pair.outcome(id).is_some());
    assert_eq!(pair.now - start, Duration::from_secs(1));
}

#[test]
fn an_abandoned_request_ends_without_a_word() {
    let mut pair = Pair::usual();
    pair.server
        .on(is_get, 0, Reaction::Delay(Duration::from_secs(1)));
    let sent = pair.submit(get("/a"));
    let behind = pair.submit(get("/b"));
    assert_eq!(pair.session.abandon(pair.now, sent), Abandoned::InFlight);
    assert_eq!(pair.session.abandon(pair.now, sent), Abandoned::Settled);
    pair.cut();
    assert!(pair.outcome(behind).is_some());
    let queued = pair.submit(get("/c"));
    assert_eq!(pair.session.abandon(pair.now, queued), Abandoned::Unsent);
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    assert_eq!(pair.outcome(sent), None);
    assert_eq!(pair.outcome(queued), None);
    assert!(pair.received(|request| *request == get("/c")).is_empty());
}

#[test]
fn reports_about_old_connections_change_nothing() {
    let mut pair = Pair::usual();
    let old = pair.conn();
    pair.reconnect();
    let why = zk_session::LinkFailure::new("late news");
    pair.session.handle_disconnected(pair.now, old, why);
    let mut garbage = bytes::BytesMut::from(&[0xff; 20][..]);
    pair.session.handle_bytes(pair.now, old, &mut garbage);
    pair.session.handle_connected(pair.now, old);
    pair.pump();
    assert!(garbage.is_empty());
    assert!(pair.session.state().is_connected());
    pair.run_for(TIMEOUT * 3);
    assert_eq!(pair.dials.len(), 2);
}

#[test]
fn the_body_of_a_reply_is_a_slice_of_the_bytes_that_arrived() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Hold);
    let id = pair.submit(get("/a"));
    pair.settle();
    let mut input = bytes::BytesMut::with_capacity(1_000);
    let mut frame = Vec::new();
    zk_wire::frame::write_frame(&mut frame, |out| {
        out.extend_from_slice(&pair.server.log[0].xid.to_be_bytes());
        out.extend_from_slice(&200_i64.to_be_bytes());
        out.extend_from_slice(&0_i32.to_be_bytes());
        out.extend_from_slice(&[7; 64]);
    });
    input.extend_from_slice(&frame);
    let place = input.as_ptr() as usize + 20;
    let conn = pair.conn();
    pair.session.handle_bytes(pair.now, conn, &mut input);
    pair.pump();
    let Some(Outcome::Reply {
        result: Ok(body), ..
    }) = pair.outcome(id)
    else {
        panic!("{:?}", pair.outcome(id));
    };
    assert_eq!((body.as_ptr() as usize, body.len()), (place, 64));
}
