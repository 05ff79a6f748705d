use super::*;

fn servers(count: usize, seed: u64) -> Servers {
    let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    Servers::new(count, backoff, seed)
}

#[test]
fn b79_every_server_is_tried_once_per_round() {
    let mut servers = servers(5, 42);
    let mut round: Vec<_> = (0..5).map(|_| servers.take_next().index()).collect();
    let again: Vec<_> = (0..5).map(|_| servers.take_next().index()).collect();
    assert_eq!(round, again);
    round.sort_unstable();
    assert_eq!(round, [0, 1, 2, 3, 4]);
}

#[test]
fn c67_b79_a_round_has_no_pauses_inside_and_bounded_growing_ones_between() {
    let mut servers = servers(3, 1);
    for round in 0..12_u32 {
        let pauses: Vec<_> = (0..3)
            .map(|_| {
                let server = servers.take_next();
                servers.attempt_failed(Moment::ZERO, server, "refused".to_owned())
            })
            .collect();
        let bound = Duration::from_millis(50 << round.min(10)).min(Duration::from_secs(2));
        assert_eq!(pauses[..2], [Duration::ZERO; 2], "round {round}");
        assert!(pauses[2] <= bound, "round {round}: {:?}", pauses[2]);
    }
}

#[test]
fn b79_connections_that_die_young_are_slowed_down() {
    let mut servers = servers(1, 9);
    let server = servers.take_next();
    let mut lost = |lived| servers.link_lost(Moment::ZERO, server, lived, String::new());
    assert_eq!(lost(Duration::ZERO), Duration::ZERO);
    assert_eq!(lost(Duration::ZERO), Duration::ZERO);
    let slowed: Duration = (0..8).map(|_| lost(Duration::ZERO)).sum();
    assert!(slowed > Duration::from_millis(50), "{slowed:?}");
    assert_eq!(lost(SHORT_LIFE), Duration::ZERO);
}

#[test]
fn a_completed_handshake_forgets_the_failure() {
    let mut servers = servers(1, 9);
    let server = servers.take_next();
    servers.attempt_failed(Moment::ZERO, server, "refused".to_owned());
    servers.attempt_failed(Moment::ZERO, server, "unreachable".to_owned());
    let failure = servers.failure(server).unwrap();
    assert_eq!(
        (failure.text.as_str(), failure.attempts),
        ("unreachable", 2)
    );
    servers.handshake_completed(server);
    assert_eq!(servers.failure(server), None);
}

/// One client per seed, each with a server of a list of `before`, in turn.
fn fleet(before: usize, clients: u64) -> Vec<Servers> {
    let client = |seed| {
        let mut client = servers(before, seed);
        let own = ServerId::from_index(usize::try_from(seed).unwrap() % before);
        while client.take_next() != own {}
        client.handshake_completed(own);
        client
    };
    (0..clients).map(client).collect()
}

/// A list that keeps the first `kept` servers and gets `added` new ones.
fn list(kept: usize, added: usize) -> Vec<Option<ServerId>> {
    let kept = (0..kept).map(|index| Some(ServerId::from_index(index)));
    kept.chain(vec![None; added]).collect()
}

/// How many clients each server has after the change, and how many moved.
fn spread(before: usize, origins: &[Option<ServerId>], clients: u64) -> (Vec<u32>, usize) {
    let mut share = vec![0; origins.len()];
    let mut moved = 0;
    for mut client in fleet(before, clients) {
        if client.update(origins) {
            moved += 1;
            client.take_next();
        }
        share[client.last.unwrap().index()] += 1;
    }
    (share, moved)
}

#[test]
fn b79_ten_thousand_clients_end_evenly_spread_after_any_change_of_the_list() {
    const CLIENTS: u32 = 10_000;
    for before in 1..=5 {
        for kept in 0..=before {
            for added in 0..=4 {
                let origins = list(kept, added);
                if origins.is_empty() {
                    continue;
                }
                let (share, moved) = spread(before, &origins, CLIENTS.into());
                let fair = f64::from(CLIENTS) / origins.len() as f64;
                for clients in &share {
                    let off = (f64::from(*clients) - fair).abs() / f64::from(CLIENTS);
                    assert!(off < 0.02, "{before} to {kept} + {added}: {share:?}");
                }
                // No more than had to: those of servers that went, and what new servers are due.
                let gone = (before - kept) as f64 / before as f64;
                let grown = (1.0 - before as f64 / origins.len() as f64).max(0.0);
                let due = (gone + (1.0 - gone) * grown) * f64::from(CLIENTS);
                let slack = 0.02 * f64::from(CLIENTS);
                assert!(
                    (moved as f64 - due).abs() <= if grown > 0.0 { slack } else { 5.0 },
                    "{before} to {kept} + {added}: {moved} moved, {due} due"
                );
            }
        }
    }
}

/// Chance evens out over fleets: what remains is the rule itself.
#[test]
fn b79_the_share_of_each_server_is_the_expected_one_on_average() {
    for (before, kept, added) in [(3, 3, 2), (5, 3, 0), (5, 2, 2), (3, 1, 4), (3, 2, 1)] {
        let origins = list(kept, added);
        let (share, _) = spread(before, &origins, 100_000);
        let fair = 100_000.0 / origins.len() as f64;
        for clients in &share {
            let off = (f64::from(*clients) - fair).abs() / fair;
            assert!(off < 0.02, "{before} to {kept} + {added}: {share:?}");
        }
    }
}

#[test]
fn b79_a_client_that_moves_tries_everyone_once_and_new_ones_first_if_the_list_grew() {
    for seed in 0..200 {
        let mut client = servers(3, seed);
        client.take_next();
        if !client.update(&list(3, 2)) {
            continue;
        }
        let mut tried: Vec<_> = (0..5).map(|_| client.take_next().index()).collect();
        assert!(tried[..2].iter().all(|server| *server >= 3), "{tried:?}");
        tried.sort_unstable();
        assert_eq!(tried, [0, 1, 2, 3, 4]);
        // From here on in order, round after round.
        let mut round: Vec<_> = (0..5).map(|_| client.take_next().index()).collect();
        round.sort_unstable();
        assert_eq!(round, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn b79_a_second_change_while_a_client_moves_counts_from_where_it_is_going() {
    let mut client = servers(1, 5);
    client.take_next();
    assert!(client.update(&list(0, 1)), "its server went");
    let target = client.take_next();
    assert!(!client.update(&[Some(target)]), "where it goes is listed");
    assert_eq!(client.take_next(), ServerId::from_index(0));
}

#[test]
fn failures_follow_their_servers_through_a_change() {
    let mut client = servers(2, 3);
    let id = ServerId::from_index;
    client.attempt_failed(Moment::ZERO, id(0), "first".to_owned());
    client.attempt_failed(Moment::ZERO, id(1), "second".to_owned());
    client.update(&[None, Some(id(1)), Some(id(0))]);
    let text = |server| client.failure(id(server)).map(|f| f.text.as_str());
    assert_eq!(
        [text(0), text(1), text(2)],
        [None, Some("second"), Some("first")]
    );
}

#[test]
fn the_first_server_of_ten_thousand_clients_is_any_with_the_same_chance() {
    let mut share = [0_u32; 5];
    for seed in 0..10_000 {
        share[servers(5, seed).take_next().index()] += 1;
    }
    // Chi-square with 4 degrees of freedom: 18.5 is passed once in a thousand.
    let chi: f64 = share
        .iter()
        .map(|clients| (f64::from(*clients) - 2_000.0).powi(2) / 2_000.0)
        .sum();
    assert!(chi < 18.5, "{share:?}");
}

#[test]
fn everyone_but_the_current_server_is_probed_once_a_round() {
    let mut client = servers(4, 8);
    let current = client.take_next();
    for _ in 0..3 {
        let probes: Vec<_> = (0..3).map(|_| client.probe_next(current)).collect();
        assert_eq!(
            [probes[0].1, probes[1].1, probes[2].1],
            [false, false, true]
        );
        let mut round: Vec<_> = probes.iter().map(|(server, _)| *server).collect();
        round.sort_unstable();
        round.dedup();
        assert!(round.len() == 3 && !round.contains(&current), "{round:?}");
    }
    let mut alone = servers(1, 8);
    let current = alone.take_next();
    assert_eq!(alone.probe_next(current), (current, true));
}
