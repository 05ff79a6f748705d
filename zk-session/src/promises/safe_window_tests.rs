use super::*;

const TIMEOUT: Duration = Duration::from_secs(12);

fn at(millis: u64) -> Moment {
    Moment::ZERO + Duration::from_millis(millis)
}

fn window(confirm: Confirm) -> SafeWindow {
    let mut window = SafeWindow::new(confirm, 0, None);
    window.connected(TIMEOUT, at(0));
    window
}

fn active() -> SafeWindow {
    window(Confirm::Active { tick: None })
}

#[test]
fn four_confirms_in_a_burst_prove_nothing() {
    let mut window = active();
    for start in [0, 8, 16, 24] {
        window.confirmed(at(start), at(start + 1));
    }
    assert_eq!(window.until(), None);
}

#[test]
fn a_burst_after_a_pause_proves_what_was_answered_a_quarter_of_the_timeout_earlier() {
    let mut window = active();
    window.answered(at(0), at(1));
    window.confirmed(at(3_001), at(3_002));
    assert_eq!(window.until(), None, "one confirm is no chain");
    window.confirmed(at(3_003), at(3_004));
    assert_eq!(window.until(), Some(at(12_000)));
    window.confirmed(at(3_005), at(3_006));
    window.confirmed(at(3_007), at(3_008));
    assert_eq!(
        window.until(),
        Some(at(12_000)),
        "the rest of the burst adds nothing"
    );
}

#[test]
fn of_pipelined_confirms_only_those_sent_after_an_answer_complete_a_chain() {
    let mut window = active();
    window.answered(at(0), at(1));
    // Sent together, answered together: the second says nothing about what came of the first's answer.
    for _ in 0..10 {
        window.confirmed(at(3_001), at(3_010));
    }
    assert_eq!(window.until(), None);
    window.confirmed(at(3_009), at(3_020));
    assert_eq!(window.until(), None);
    window.confirmed(at(3_010), at(3_030));
    assert_eq!(window.until(), Some(at(12_000)));
}

#[test]
fn a_stream_of_pipelined_writes_keeps_the_window_open() {
    let mut window = active();
    for round in 0..100_000_u64 {
        // One write per millisecond, forty of them on the wire at any time.
        window.confirmed(at(round), at(round + 40));
        window.check_invariants();
        if round > 4_000 {
            let ahead = window.until().unwrap() - at(round + 40);
            assert!(ahead > TIMEOUT / 2, "{ahead:?}");
        }
    }
    assert!(window.confirms.len() <= 4, "{}", window.confirms.len());
}

#[test]
fn a_request_answered_a_moment_too_late_proves_nothing() {
    let mut window = active();
    window.answered(at(0), at(2));
    window.confirmed(at(3_001), at(3_002));
    window.confirmed(at(3_003), at(3_004));
    assert_eq!(window.until(), None);
}

#[test]
fn a_steady_rhythm_keeps_a_third_to_a_half_of_the_timeout_ahead() {
    let mut window = active();
    for round in 0..100 {
        let sent = at(round * 2_000);
        let answered = sent + Duration::from_millis(5);
        window.confirmed(sent, answered);
        window.check_invariants();
        if round >= 3 {
            let ahead = window.until().unwrap() - answered;
            assert!(ahead >= TIMEOUT / 3 - Duration::from_millis(5), "{ahead:?}");
            assert!(ahead <= TIMEOUT / 2, "{ahead:?}");
        } else {
            assert_eq!(window.until(), None, "round {round}");
        }
    }
}

#[test]
fn pings_and_reads_alone_prove_nothing() {
    let mut window = active();
    for round in 0..100 {
        window.answered(at(round * 500), at(round * 500 + 1));
    }
    assert_eq!(window.until(), None);
}

#[test]
fn a_reply_delayed_by_most_of_the_timeout_does_not_extend() {
    let mut window = active();
    for round in 0..5 {
        window.confirmed(at(round * 2_000), at(round * 2_000 + 5));
    }
    let before = window.until().unwrap();
    // Sent at 10 s, answered 80 % of the timeout later: what it proves is as old as the answers before it.
    window.confirmed(at(10_000), at(19_600));
    let after = window.until().unwrap();
    assert!(after <= at(10_000 + 12_000 - 4_000), "{after}");
    assert!(after < at(19_600), "{after} with {before} before");
}

#[test]
fn a_configured_tick_shortens_the_distance() {
    let mut window = window(Confirm::Active {
        tick: Some(Duration::from_secs(2)),
    });
    window.answered(at(0), at(1));
    window.confirmed(at(1_001), at(1_002));
    window.confirmed(at(1_003), at(1_004));
    assert_eq!(window.until(), Some(at(12_000)));
}

#[test]
fn a_new_connection_starts_a_new_chain_and_keeps_the_old_value() {
    let mut window = active();
    for round in 0..5 {
        window.confirmed(at(round * 2_000), at(round * 2_000 + 5));
    }
    let before = window.until();
    assert!(before.is_some());
    window.disconnected();
    window.connected(TIMEOUT, at(0));
    assert_eq!(window.until(), before);
    window.confirmed(at(20_000), at(20_005));
    window.confirmed(at(20_010), at(20_015));
    assert_eq!(
        window.until(),
        before,
        "answers on the old connection do not count"
    );
    window.confirmed(at(23_015), at(23_016));
    window.confirmed(at(23_020), at(23_025));
    assert_eq!(window.until(), Some(at(20_010) + TIMEOUT));
}

#[test]
fn a_timeout_that_shrank_takes_the_old_value_away() {
    let mut window = active();
    for round in 0..5 {
        window.confirmed(at(round * 2_000), at(round * 2_000 + 5));
    }
    window.connected(TIMEOUT - Duration::from_secs(1), at(0));
    assert_eq!(window.until(), None);
}

#[test]
fn a_longer_timeout_granted_later_does_not_count() {
    let mut window = active();
    window.connected(TIMEOUT * 4, at(0));
    window.answered(at(0), at(1));
    window.confirmed(at(12_001), at(12_002));
    window.confirmed(at(12_003), at(12_004));
    assert_eq!(
        window.until(),
        Some(at(12_000)),
        "a new leader starts from the first timeout"
    );
}

#[test]
fn the_clock_error_shortens_the_window() {
    let mut window = SafeWindow::new(Confirm::default(), 1_000, None);
    window.connected(TIMEOUT, at(0));
    window.answered(at(0), at(1));
    window.confirmed(at(3_001), at(3_002));
    window.confirmed(at(3_003), at(3_004));
    assert_eq!(window.until(), Some(at(12_000 - 12)));
}

#[test]
fn memory_stays_bounded_under_a_million_answers() {
    let mut window = active();
    for round in 0..1_000_000_u64 {
        let sent = Moment::from_nanos(round * 10_000);
        window.answered(sent, sent + Duration::from_micros(5));
    }
    window.check_invariants();
    assert!(window.samples.len() <= 40, "{}", window.samples.len());
}

#[test]
fn thinning_never_lengthens_the_window() {
    // The same history, once with many requests in between and once with every one of them.
    let mut thinned = active();
    let mut answered = Vec::new();
    for round in 0..4_000_u64 {
        let (sent, reply) = (at(round * 3), at(round * 3 + 2));
        thinned.answered(sent, reply);
        answered.push((sent, reply));
        if round % 500 == 499 {
            let confirm = at(round * 3 + 2);
            thinned.confirmed(confirm, confirm);
            thinned.confirmed(confirm, confirm);
            answered.push((confirm, confirm));
            let exact = answered
                .iter()
                .rev()
                .find(|(_, a)| *a + TIMEOUT / 4 <= confirm);
            let exact = exact.map(|(s, _)| *s + TIMEOUT);
            assert!(
                thinned.until() <= exact,
                "{:?} after {exact:?}",
                thinned.until()
            );
        }
    }
    assert!(thinned.until().is_some());
}

#[test]
fn a_short_session_has_no_passive_window() {
    let mut window = window(Confirm::Passive {
        blind: Confirm::STOCK_BLIND,
    });
    for round in 0..20 {
        window.answered(at(round * 1_000), at(round * 1_000 + 1));
    }
    assert_eq!(window.until(), None);
}

fn passive(timeout: Duration) -> SafeWindow {
    let mut window = SafeWindow::new(
        Confirm::Passive {
            blind: Confirm::STOCK_BLIND,
        },
        0,
        None,
    );
    window.connected(timeout, at(0));
    window
}

#[test]
fn the_passive_window_pays_for_the_blind_time_and_the_distance_between_answers() {
    let mut window = passive(Duration::from_secs(30));
    for round in 1..10 {
        window.answered(at(round * 5_000), at(round * 5_000 + 1));
        assert_eq!(
            window.until(),
            Some(at(round * 5_000 + 30_000 - 14_000 - 5_000))
        );
    }
}

#[test]
fn a_burst_does_not_open_the_passive_window_further_than_the_pause_before_it_allows() {
    let mut window = passive(Duration::from_secs(60));
    window.answered(at(10_000), at(10_001));
    // The server may have been cut off right after that; the leader knows of nothing later.
    for _ in 0..3 {
        window.answered(at(20_000), at(20_001));
    }
    assert_eq!(window.until(), Some(at(20_000 + 60_000 - 14_000 - 10_000)));
}

#[test]
fn the_end_of_the_session_ends_the_window() {
    let mut window = active();
    for round in 0..5 {
        window.confirmed(at(round * 2_000), at(round * 2_000 + 5));
    }
    window.over();
    assert_eq!(window.until(), None);
}
