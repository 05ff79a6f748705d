//! Pings, silence and clocks.

use std::time::Duration;

use zk_wire::{EventType, Request, Zxid, xid};

use crate::pair::{Pair, TIMEOUT, config, get, is_get};
use crate::server::{Output, Reaction, reply};

fn ping_gaps(pair: &Pair) -> Vec<Duration> {
    let pings = pair.received(|request| *request == Request::Ping);
    pings.windows(2).map(|two| two[1].at - two[0].at).collect()
}

#[test]
fn gob65054c_all_timers_follow_the_timeout_that_was_granted() {
    for granted in [TIMEOUT / 10, TIMEOUT * 10] {
        let mut pair = Pair::new(config());
        pair.server.timeout = granted;
        pair.run_until(|pair| pair.session.state().is_connected());
        pair.run_for(granted * 10);
        // Java caps the pause between pings in the same way.
        let pause = (granted / 3).min(Duration::from_secs(10));
        let gaps = ping_gaps(&pair);
        assert!(gaps.len() > 20, "{granted:?}: {gaps:?}");
        assert!(
            gaps.iter().all(|gap| *gap == pause),
            "{granted:?}: {gaps:?}"
        );
        pair.server.silent = true;
        let heard = pair.session.last_heard().unwrap();
        pair.run_until(|pair| !pair.session.state().is_connected());
        assert_eq!(pair.now - heard, granted * 2 / 3);
    }
}

#[test]
fn zk542_zk1756_nothing_spins_while_a_server_is_silent() {
    let mut pair = Pair::usual();
    pair.submit(get("/a"));
    pair.server.silent = true;
    let limit = pair.now + Duration::from_secs(600);
    let mut steps = 0;
    while pair.step(limit) {
        steps += 1;
        let next = pair.session.poll_timeout();
        assert!(next.is_none_or(|at| at > pair.now), "at {:?}", pair.now);
    }
    assert!(steps < 600 * 4, "{steps} steps in ten minutes");
}

#[test]
fn zk2253_b16_an_answer_to_no_ping_is_ignored_at_any_moment() {
    let answer = |zxid| match reply(
        Duration::ZERO,
        xid::PING,
        zxid,
        0,
        &zk_wire::Response::Empty,
    ) {
        Output::Bytes { bytes, .. } => bytes,
        Output::Close => unreachable!(),
    };
    let mut pair = Pair::usual();
    pair.server_sends(answer(101));
    pair.server
        .on(is_get, 0, Reaction::Delay(Duration::from_secs(1)));
    let id = pair.submit(get("/a"));
    pair.run_for(Duration::from_millis(100));
    for zxid in [0, -1, 102] {
        pair.server_sends_soon(answer(zxid));
        pair.run_for(Duration::from_millis(100));
        assert_eq!(pair.outcome(id), None);
    }
    pair.settle();
    assert!(pair.outcome(id).is_some());
    pair.run_for(TIMEOUT);
    assert_eq!((pair.dials.len(), pair.hangups), (1, 0));
    assert_eq!(pair.session.last_zxid(), Zxid::from_raw(102));
}

#[test]
fn b17_a_flood_of_events_without_replies_neither_stops_pings_nor_ends_the_connection() {
    let mut pair = Pair::usual();
    let until = pair.now + TIMEOUT * 5;
    while pair.now < until {
        pair.notify_soon(EventType::DataChanged, "/nobody", 200);
        pair.run_for(Duration::from_millis(100));
    }
    let gaps = ping_gaps(&pair);
    assert!(gaps.len() >= 12, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap == TIMEOUT / 3), "{gaps:?}");
    assert_eq!(pair.dials.len(), 1);
}
