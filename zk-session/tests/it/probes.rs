//! The search for a server that can write.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_session::{Outcome, SessionState};

use crate::pair::{LATENCY, Pair, config, get, is_get};
use crate::server::Reaction;

/// Attached to a read-only server.
fn read_only() -> Pair {
    let mut config = config();
    config.read_only_ok = true;
    let mut pair = Pair::new(config);
    pair.server.read_only_byte = Some(true);
    pair.run_until(|pair| pair.session.state().is_connected());
    pair
}

#[test]
fn a_session_on_a_read_only_server_goes_to_the_first_that_can_write() {
    let mut pair = read_only();
    let own = pair.session.server().unwrap();
    pair.run_for(Duration::from_secs(5));
    let other = pair.probes.last().unwrap().1;
    assert_ne!(other, own);
    pair.server.read_only_byte = Some(false);
    pair.writable = Some(other);
    pair.run_until(|pair| pair.session.state() == SessionState::Connected { read_only: false });
    assert_eq!(pair.session.server(), Some(other));
    let probes = pair.probes.len();
    pair.run_for(Duration::from_secs(300));
    assert_eq!(pair.probes.len(), probes, "nobody is asked any more");
}

#[test]
fn every_other_server_is_asked_in_turn_at_a_falling_rate() {
    let mut pair = read_only();
    let own = pair.session.server().unwrap();
    let start = pair.now;
    pair.run_for(Duration::from_secs(3600));
    let asked: BTreeSet<_> = pair.probes.iter().map(|(_, server)| *server).collect();
    assert!(asked.len() == 2 && !asked.contains(&own), "{asked:?}");
    let first = pair.probes[0].0 - start;
    assert!(first <= Duration::from_millis(100), "{first:?}");
    // Two a round, each given up after a second, and between 15 and 30 s from round to round.
    assert!(
        (220..480).contains(&pair.probes.len()),
        "{}",
        pair.probes.len()
    );
}

#[test]
fn reads_under_way_are_answered_before_the_read_only_server_is_left() {
    let mut pair = read_only();
    let own = pair.session.server().unwrap();
    pair.server
        .on(is_get, 0, Reaction::Delay(Duration::from_secs(1)));
    let read = pair.submit(get("/a"));
    pair.server.read_only_byte = Some(false);
    let others = (0..3).map(zk_session::ServerId::from_index);
    pair.writable = others.into_iter().find(|other| *other != own);
    pair.run_until(|pair| pair.session.server() == pair.writable);
    let outcome = pair.outcome(read).unwrap();
    assert!(matches!(outcome, Outcome::Reply { .. }), "{outcome:?}");
}

#[test]
fn a_list_that_changes_during_a_probe_begins_the_search_anew() {
    let mut pair = read_only();
    pair.run_until(|pair| !pair.probes.is_empty());
    let own = pair.session.server();
    let asked = pair.probes[0].1;
    assert!(pair.session.update_servers(pair.now, &[own, None]));
    pair.session.handle_probe(pair.now, asked, true);
    pair.pump();
    assert_eq!(pair.hangups, 0, "that answer was of another list");
    pair.run_until(|pair| pair.probes.len() == 2);
    assert_eq!(pair.probes[1].1.index(), 1);
}

#[test]
fn a_server_that_says_it_can_write_and_cannot_is_not_taken_in_a_tight_loop() {
    let mut pair = read_only();
    pair.run_until(|pair| !pair.probes.is_empty());
    let others = (0..3).map(zk_session::ServerId::from_index);
    for _ in 0..2 {
        // Each of them says so in turn.
        for other in others.clone() {
            pair.writable = Some(other);
            pair.run_for(Duration::from_secs(300));
        }
    }
    assert!(pair.dials.len() < 120, "{} dials", pair.dials.len());
}

#[test]
fn a_session_that_can_write_asks_nobody() {
    let mut config = config();
    config.read_only_ok = true;
    let mut pair = Pair::connected(config);
    pair.run_for(LATENCY * 100_000);
    assert_eq!(pair.probes, []);
}
