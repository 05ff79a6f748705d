//! Holding a node: confirms, the safe window and doubt.

use std::time::Duration;

use zk_session::{Confirm, Credential, DutyId, Event, Obligation, SessionConfig, Submit};
use zk_wire::{CreateMode, Moment, MultiOp, OpCode, Request};

use crate::pair::{LATENCY, Pair, TIMEOUT, config, create, get, is_get, is_multi};
use crate::server::Reaction;

const ROUND_TRIP: Duration = LATENCY.saturating_mul(2);

/// A located node of our own.
fn located(pair: &mut Pair, path: &str) -> DutyId {
    let duty = pair.session.oblige(Obligation::Delete {
        path: path.to_owned(),
    });
    pair.submit_with(
        create(path, CreateMode::Ephemeral),
        Submit::new().duty(duty),
    );
    pair.settle();
    assert_eq!(pair.session.located(duty), Some(path));
    duty
}

fn hold(pair: &mut Pair, path: &str) -> DutyId {
    let duty = located(pair, path);
    assert!(pair.session.hold(pair.now, duty));
    pair.pump();
    duty
}

/// Holding for long enough that everything is in its rhythm.
fn steady() -> Pair {
    let mut pair = Pair::usual();
    hold(&mut pair, "/held");
    pair.run_for(TIMEOUT * 3);
    assert!(!pair.session.in_doubt());
    pair
}

fn confirms(pair: &Pair) -> Vec<Moment> {
    pair.received(is_multi)
        .iter()
        .map(|received| received.at)
        .collect()
}

fn gone(pair: &Pair) -> Vec<(Moment, String)> {
    let gone = pair.events.iter().filter_map(|(at, event)| match event {
        Event::HoldGone { path, .. } => Some((*at, path.clone())),
        _ => None,
    });
    gone.collect()
}

fn passive(timeout: Duration) -> SessionConfig {
    let mut config = config();
    config.session_timeout = timeout;
    config.confirm = Confirm::Passive {
        blind: Confirm::STOCK_BLIND,
    };
    config.clock_error_ppm = 0;
    config
}

#[test]
fn on_a_connection_with_a_past_one_confirm_behind_the_create_opens_the_window() {
    let mut pair = Pair::usual();
    pair.run_for(TIMEOUT * 2);
    let duty = located(&mut pair, "/held");
    assert_eq!(pair.session.safe_until(), None);
    let start = pair.now;
    assert!(pair.session.hold(pair.now, duty));
    pair.pump();
    pair.run_until(|pair| pair.session.safe_until().is_some());
    assert_eq!(pair.now - start, ROUND_TRIP);
    pair.run_for(TIMEOUT / 6 - ROUND_TRIP);
    assert_eq!(
        confirms(&pair),
        [start + LATENCY],
        "the next one has its time"
    );
    assert_eq!(pair.doubts(), []);
}

#[test]
fn a_hold_without_writes_before_it_opens_the_window_in_two_round_trips() {
    let mut pair = Pair::usual();
    let duty = located(&mut pair, "/held");
    pair.reconnect();
    pair.run_for(TIMEOUT * 2);
    let start = pair.now;
    assert!(pair.session.hold(pair.now, duty));
    pair.pump();
    pair.run_until(|pair| pair.session.safe_until().is_some());
    assert_eq!(pair.now - start, ROUND_TRIP * 2);
    assert_eq!(
        confirms(&pair),
        [start + LATENCY, start + ROUND_TRIP + LATENCY]
    );
}

#[test]
fn writes_take_the_place_of_confirms() {
    let mut pair = Pair::usual();
    let duty = hold(&mut pair, "/held");
    pair.session.set_watched(pair.now, duty, true);
    pair.run_for(TIMEOUT * 3);
    let before = confirms(&pair).len();
    write_for_long(&mut pair);
    let made = confirms(&pair).len() - before;
    assert!(made <= 1, "{made} confirms");
    assert_eq!(pair.doubts(), []);
}

#[test]
fn writes_do_not_take_the_place_of_checks_of_a_node_that_nobody_watches() {
    let mut pair = steady();
    let (before, start) = (confirms(&pair).len(), pair.now);
    write_for_long(&mut pair);
    let made = confirms(&pair).len() - before;
    let rounds = (pair.now - start).as_nanos() / (TIMEOUT / 6).as_nanos();
    assert!(
        made as u128 + 2 >= rounds,
        "{made} confirms in {rounds} rounds"
    );
}

fn write_for_long(pair: &mut Pair) {
    for _ in 0..100 {
        pair.run_for(TIMEOUT / 8);
        pair.submit(Request::SetData {
            path: "/held".to_owned(),
            data: None,
            version: -1,
        });
        pair.settle();
    }
}

#[test]
fn refused_writes_and_reads_do_not() {
    let mut pair = steady();
    let before = confirms(&pair).len();
    for _ in 0..48 {
        pair.run_for(TIMEOUT / 8);
        pair.submit(Request::SetData {
            path: "/missing".to_owned(),
            data: None,
            version: -1,
        });
        pair.submit(get("/held"));
    }
    assert!(confirms(&pair).len() >= before + 35);
}

#[test]
fn on_a_new_connection_the_window_opens_a_quarter_of_the_timeout_later() {
    let mut pair = Pair::usual();
    hold(&mut pair, "/held");
    let start = pair.now;
    pair.run_until(|pair| pair.session.safe_until().is_some());
    let took = pair.now - start;
    assert!(
        took > TIMEOUT / 4 - ROUND_TRIP && took < TIMEOUT / 4 + ROUND_TRIP * 3,
        "{took:?}"
    );
    pair.run_for(TIMEOUT * 5);
    assert_eq!(pair.doubts(), []);
}

#[test]
fn a_steady_hold_costs_six_confirms_per_timeout_and_keeps_a_third_of_it_ahead() {
    let mut pair = steady();
    let before = confirms(&pair).len();
    let reads = pair.session.stats().requests;
    for _ in 0..600 {
        pair.run_for(TIMEOUT / 60);
        let ahead = pair.session.safe_until().unwrap() - pair.now;
        assert!(ahead > TIMEOUT / 3 - ROUND_TRIP * 2, "{ahead:?}");
        assert!(ahead < TIMEOUT / 2, "{ahead:?}");
    }
    let sent = confirms(&pair).len() - before;
    assert!((59..=60).contains(&sent), "{sent} confirms in ten timeouts");
    assert_eq!(
        pair.session.stats().requests - reads,
        sent as u64,
        "pings are not needed"
    );
    let checks = vec![MultiOp::Check {
        path: "/held".to_owned(),
        version: -1,
    }];
    assert_eq!(
        pair.received(is_multi).last().unwrap().request,
        Request::Multi(checks)
    );
}

#[test]
fn a_server_that_answers_pings_and_reads_but_commits_nothing_does_not_extend_the_window() {
    for reaction in [
        Reaction::Hold,
        Reaction::Refuse(-119),
        Reaction::Refuse(-127),
    ] {
        let mut pair = steady();
        pair.server.on_all(is_multi, reaction);
        // What is on the wire already may still extend it.
        pair.run_for(ROUND_TRIP);
        let until = pair.session.safe_until();
        let id = pair.submit(get("/held"));
        pair.run_for(ROUND_TRIP);
        assert!(pair.outcome(id).is_some(), "reads are answered");
        let pings = pair.session.stats().sent(OpCode::Ping);
        pair.run_for(TIMEOUT * 2);
        assert!(pair.session.state().is_connected(), "pings are answered");
        assert!(pair.session.stats().sent(OpCode::Ping) > pings || reaction != Reaction::Hold);
        assert_eq!(pair.session.safe_until(), until);
        assert_eq!(pair.doubts(), [(until.unwrap(), true)]);
        assert!(pair.session.in_doubt());
    }
}

#[test]
fn a_reply_delayed_by_most_of_the_timeout_does_not_extend_the_window() {
    let mut pair = steady();
    let delay = TIMEOUT * 4 / 5;
    pair.server.on(is_multi, 0, Reaction::Delay(delay));
    let count = confirms(&pair).len();
    pair.run_until(|pair| confirms(pair).len() > count);
    let until = pair.session.safe_until().unwrap();
    pair.run_for(delay - LATENCY);
    assert_eq!(pair.session.safe_until(), Some(until));
    assert_eq!(pair.doubts(), [(until, true)]);
    pair.run_for(ROUND_TRIP);
    assert!(pair.session.state().is_connected());
    let after = pair.session.safe_until().unwrap();
    assert!(
        after < pair.now,
        "the late answer proves {after} at {}",
        pair.now
    );
    assert!(pair.session.in_doubt());
}

#[test]
fn doubt_comes_when_the_window_closes_and_goes_when_it_opens() {
    let mut pair = steady();
    pair.server.silent = true;
    pair.cut();
    let until = pair.session.safe_until().unwrap();
    pair.run_until(|pair| !pair.doubts().is_empty());
    assert_eq!(pair.now, until);
    pair.run_for(TIMEOUT / 4);
    pair.server.silent = false;
    pair.run_until(|pair| pair.doubts().len() == 2);
    assert!(!pair.session.in_doubt());
    assert!(pair.session.safe_until().unwrap() > pair.now);
    pair.run_for(TIMEOUT * 3);
    assert_eq!(pair.doubts().len(), 2);
}

#[test]
fn a_hold_without_a_window_comes_into_doubt_after_half_the_timeout() {
    let mut pair = Pair::usual();
    pair.server.on_all(is_multi, Reaction::Hold);
    hold(&mut pair, "/held");
    let start = pair.now;
    pair.run_for(TIMEOUT * 2);
    assert_eq!(pair.doubts(), [(start + TIMEOUT / 2, true)]);
}

#[test]
fn the_end_of_the_last_hold_ends_doubt_and_confirms() {
    let mut pair = Pair::usual();
    pair.server.on_all(is_multi, Reaction::Refuse(-127));
    let duty = hold(&mut pair, "/held");
    pair.run_for(TIMEOUT);
    assert!(pair.session.in_doubt());
    pair.session.perform(pair.now, duty);
    pair.pump();
    assert!(!pair.session.in_doubt());
    assert_eq!(pair.doubts().len(), 2);
    pair.settle();
    let count = confirms(&pair).len();
    pair.run_for(TIMEOUT * 3);
    assert_eq!(confirms(&pair).len(), count);
}

#[test]
fn a_held_node_that_is_gone_is_noticed_within_a_sixth_of_the_timeout_and_the_rest_checked_again() {
    let mut pair = Pair::usual();
    for path in ["/a", "/b", "/c"] {
        hold(&mut pair, path);
    }
    pair.run_for(TIMEOUT * 2);
    pair.server.nodes.remove("/a");
    pair.server.nodes.remove("/c");
    let start = pair.now;
    pair.run_until(|pair| gone(pair).len() == 2);
    assert!(pair.now - start <= TIMEOUT / 6 + ROUND_TRIP * 2);
    let paths: Vec<_> = gone(&pair).into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["/a", "/c"]);
    assert_eq!(pair.session.stats().held, 1);
    assert_eq!(pair.session.stats().duties, 3, "the duties stay");
    pair.run_for(TIMEOUT * 2);
    assert_eq!(
        pair.doubts(),
        [],
        "a failed multi proves the session all the same"
    );
}

#[test]
fn a_held_node_we_may_not_read_does_not_hide_the_others() {
    let mut pair = Pair::usual();
    for path in ["/a", "/b"] {
        hold(&mut pair, path);
    }
    pair.server.unreadable.insert("/a".to_owned());
    pair.run_for(TIMEOUT);
    pair.server.nodes.remove("/b");
    pair.run_for(TIMEOUT);
    assert_eq!(gone(&pair).len(), 1);
    assert_eq!(pair.doubts(), []);
    assert_eq!(
        pair.received(is_multi).last().unwrap().request,
        Request::Multi(Vec::new())
    );
}

#[test]
fn hundreds_of_held_nodes_are_checked_in_several_multis() {
    let mut pair = Pair::usual();
    let duties: Vec<_> = (0..600)
        .map(|n| located(&mut pair, &format!("/held-{n}")))
        .collect();
    for duty in duties {
        pair.session.hold(pair.now, duty);
    }
    pair.pump();
    pair.run_for(TIMEOUT * 2);
    let sizes: Vec<_> = pair
        .received(is_multi)
        .iter()
        .map(|received| match &received.request {
            Request::Multi(ops) => ops.len(),
            _ => 0,
        })
        .collect();
    assert_eq!(sizes[sizes.len() - 3..], [256, 256, 88]);
    assert_eq!(pair.doubts(), []);
}

#[test]
fn quick_holds_in_a_row_share_their_confirms() {
    let mut pair = Pair::usual();
    pair.run_for(TIMEOUT);
    let start = pair.now;
    while pair.now - start < TIMEOUT {
        let duty = hold(&mut pair, "/held");
        pair.session.perform(pair.now, duty);
        pair.pump();
        pair.settle();
    }
    let confirms = confirms(&pair).len();
    assert!(confirms <= 8, "{confirms} confirms in one timeout");
}

#[test]
fn after_a_reconnect_the_old_window_stays_until_it_closes_or_a_new_chain_extends_it() {
    let mut pair = steady();
    let until = pair.session.safe_until();
    pair.reconnect();
    assert_eq!(pair.session.safe_until(), until);
    let reconnected = pair.now;
    pair.run_for(TIMEOUT / 4 - ROUND_TRIP * 2);
    assert_eq!(pair.session.safe_until(), until);
    pair.run_for(ROUND_TRIP * 6);
    assert!(pair.session.safe_until().unwrap() > until.unwrap());
    assert!(pair.session.safe_until().unwrap() <= reconnected + TIMEOUT + ROUND_TRIP);
    assert_eq!(pair.doubts(), []);
}

#[test]
fn a_shorter_timeout_after_a_reconnect_takes_the_window_away() {
    let mut pair = steady();
    pair.server.timeout = TIMEOUT / 2;
    pair.reconnect();
    assert_eq!(pair.session.safe_until(), None);
    assert!(pair.session.in_doubt());
    pair.server.timeout = TIMEOUT * 10;
    pair.reconnect();
    pair.run_for(TIMEOUT * 5);
    let ahead = pair
        .session
        .safe_until()
        .map(|until| until - pair.now)
        .unwrap_or_default();
    assert!(
        ahead <= TIMEOUT / 2,
        "a longer one later does not count: {ahead:?}"
    );
}

#[test]
fn a_confirm_answered_with_session_expired_is_the_expiry() {
    let mut pair = steady();
    pair.server.on_all(is_multi, Reaction::Refuse(-112));
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.session.safe_until(), None);
    assert_eq!(pair.session.stats().held, 0);
}

#[test]
fn passive_sessions_send_no_confirms_and_short_ones_have_no_window() {
    let mut pair = Pair::connected(passive(TIMEOUT));
    hold(&mut pair, "/held");
    pair.run_for(TIMEOUT * 2);
    assert_eq!(confirms(&pair), []);
    assert_eq!(pair.session.safe_until(), None);
    assert!(pair.session.in_doubt());
}

#[test]
fn a_passive_window_follows_answers_to_anything_but_auth_packets() {
    let mut pair = Pair::connected(passive(Duration::from_secs(60)));
    hold(&mut pair, "/held");
    pair.run_for(Duration::from_secs(25));
    let until = pair.session.safe_until().unwrap();
    assert!(until > pair.now + Duration::from_secs(25));
    let credential = Credential::new("digest", bytes::Bytes::from_static(b"a:b"));
    let id = pair.session.add_auth(pair.now, credential).unwrap();
    pair.pump();
    pair.settle();
    assert!(pair.outcome(id).is_some());
    assert_eq!(pair.session.safe_until(), Some(until));
    pair.submit(get("/held"));
    pair.settle();
    assert!(pair.session.safe_until().unwrap() > until);
    pair.run_for(Duration::from_secs(120));
    assert_eq!(pair.doubts(), []);
}

#[test]
fn refusals_made_before_the_queue_prove_nothing() {
    let mut pair = Pair::connected(passive(Duration::from_secs(60)));
    pair.run_for(Duration::from_secs(25));
    pair.server.on_all(is_get, Reaction::RefuseEarly(-102));
    let until = pair.session.safe_until();
    assert!(until.is_some());
    pair.submit(get("/held"));
    pair.settle();
    assert_eq!(pair.session.safe_until(), until);
}

#[test]
fn only_a_located_node_can_be_held() {
    let mut pair = Pair::usual();
    let obligation = || Obligation::DeleteMarked {
        parent: "/".to_owned(),
        mark: "m".to_owned(),
    };
    let duty = pair.session.oblige(obligation());
    assert!(!pair.session.hold(pair.now, duty));
    let duty = located(&mut pair, "/held");
    pair.session.perform(pair.now, duty);
    assert!(!pair.session.hold(pair.now, duty));
    pair.pump();
}
