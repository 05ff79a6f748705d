//! Defects that other elections had: each by its id in `docs/defects.md`.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{ErrorKind, Leadership};
use zk_wire::OpCode;

use super::{AT, election, spawned, warm_election};
use crate::kit::{ROUND_TRIP, World, settle};

const LIMIT: Duration = Duration::from_secs(30);

/// Whoever leads has the first node.
fn leads(world: &World, leadership: &Leadership) -> bool {
    let mut left = world.left(AT);
    left.sort_by_key(|path| path[path.len() - 10..].to_owned());
    left.first().map(String::as_str) == Some(leadership.term().held().node())
}

#[tokio::test(start_paused = true)]
async fn c3_c19_a_candidate_does_not_lead_with_the_node_of_its_session_before() {
    let world = World::new();
    let zk = world.client().await;
    let election = warm_election(&zk, "a").await;
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    world.hooks.refuse_connections(true);
    let elected = spawned(election.elected());
    settle().await;
    let old = world.left(AT);
    assert_eq!(old.len(), 1, "the create took effect");
    let before = zk.session_id().unwrap();
    world.hooks.expire(before);
    world.hooks.refuse_connections(false);
    let leadership = timeout(LIMIT, elected).await.unwrap().unwrap().unwrap();
    assert_ne!(zk.session_id().unwrap(), before);
    assert_ne!(leadership.term().held().node(), old[0]);
    assert!(leads(&world, &leadership));
}

#[tokio::test(start_paused = true)]
async fn c4_at_no_time_do_two_lead() {
    let world = World::new();
    let mut candidates = Vec::new();
    for n in 0..4_u64 {
        let zk = world.client().await;
        let election = election(&zk, "x");
        let hooks = world.hooks.clone();
        candidates.push(tokio::spawn(async move {
            for round in 0..10 {
                let leadership = election.elected().await.unwrap();
                let term = leadership.term();
                assert!(term.is_leader());
                let leader = election.leader().await.unwrap();
                if term.is_leader() {
                    assert_eq!(leader.unwrap().node, term.held().node());
                }
                match (n + round) % 3 {
                    0 => drop(leadership),
                    1 => drop(leadership.resign().await),
                    _ => {
                        hooks.expire(zk.session_id().unwrap());
                        leadership.lost().await;
                    }
                }
            }
        }));
    }
    for candidate in candidates {
        timeout(LIMIT, candidate).await.unwrap().unwrap();
    }
    world.until_empty(AT).await;
}

#[tokio::test(start_paused = true)]
async fn c5_c8_candidates_keep_their_nodes_while_connections_flap() {
    let world = World::new();
    let mut candidates = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let zk = world.client().await;
        candidates.push(spawned(election(&zk, name).elected()));
        settle().await;
    }
    let (nodes, creates) = (world.left(AT), world.hooks.count(OpCode::Create2));
    for _ in 0..50 {
        world.hooks.cut_all();
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(world.left(AT), nodes);
    assert_eq!(
        world.hooks.count(OpCode::Create2),
        creates,
        "none stood again"
    );
    for candidate in candidates {
        let leadership = timeout(LIMIT, candidate).await.unwrap().unwrap().unwrap();
        assert!(leads(&world, &leadership));
        leadership.resign().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn c6_an_election_whose_path_vanishes_during_an_outage_finds_a_leader_again() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let election = warm_election(&zk, "a").await;
    let (latch, driver) = election.latch();
    let _driver = tokio::spawn(driver);
    let first = timeout(LIMIT, latch.leader()).await.unwrap().unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    operator.delete(first.held().node()).await.unwrap();
    operator.delete(AT).await.unwrap();
    world.hooks.refuse_connections(false);
    timeout(LIMIT, first.lost()).await.unwrap();
    let second = timeout(LIMIT, latch.leader()).await.unwrap().unwrap();
    assert!(second.epoch() > first.epoch());
    assert!(world.hooks.node(second.held().node()).is_some());
}

#[tokio::test(start_paused = true)]
async fn c7_the_epoch_belongs_to_the_node_that_won() {
    let world = World::new();
    let zk = world.client().await;
    let leadership = warm_election(&zk, "a").await.elected().await.unwrap();
    let term = leadership.term();
    let leader = election(&zk, "").leader().await.unwrap().unwrap();
    assert_eq!(leader.node, term.held().node());
    assert_eq!(leader.epoch, Some(term.epoch()));
    let written = world.hooks.node(AT).unwrap().stat.mzxid;
    assert_eq!(written.as_raw() as u64, term.epoch());
    assert!(written > world.hooks.node(&leader.node).unwrap().stat.czxid);
}

#[tokio::test(start_paused = true)]
async fn c11_a_candidate_that_begins_before_there_is_a_server_leads_once_there_is_one() {
    let world = World::new();
    let zk = world.client().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    let elected = spawned(election(&zk, "a").elected());
    sleep(Duration::from_secs(120)).await;
    assert!(!elected.is_finished());
    world.hooks.refuse_connections(false);
    let leadership = timeout(LIMIT, elected).await.unwrap().unwrap().unwrap();
    assert!(leads(&world, &leadership));
}

#[tokio::test(start_paused = true)]
async fn c12_a_leader_that_goes_between_list_and_read_is_followed_by_the_next() {
    let world = World::new();
    let (zk, other, looker) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let first = warm_election(&zk, "a").await.elected().await.unwrap();
    let second = spawned(election(&other, "b").elected());
    settle().await;
    world
        .hooks
        .on(Match::op(OpCode::GetChildren))
        .delay_reply(Duration::from_millis(100));
    let looking = spawned(async move { election(&looker, "").leader().await });
    settle().await;
    drop(first);
    let leader = timeout(LIMIT, looking).await.unwrap().unwrap().unwrap();
    assert_eq!(leader.unwrap().contender, "b");
    drop(second.await.unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn c13_c14_c17_a_deposed_leader_stands_again_and_wins() {
    let world = World::new();
    let zk = world.client().await;
    let mut terms = warm_election(&zk, "a").await.terms();
    let mut last = 0;
    for round in 0..6 {
        let leadership = timeout(LIMIT, terms.next()).await.unwrap().unwrap();
        assert!(leadership.epoch() > last);
        last = leadership.epoch();
        match round % 3 {
            0 => drop(leadership),
            1 => drop(leadership.resign().await.unwrap()),
            _ => {
                world.hooks.expire(zk.session_id().unwrap());
                leadership.lost().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn c15_the_node_of_a_leader_whose_work_is_dropped_goes_at_once() {
    let world = World::new();
    let zk = world.client().await;
    let election = warm_election(&zk, "a").await;
    let leading = spawned(async move { election.lead(|_| std::future::pending::<()>()).await });
    settle().await;
    assert_eq!(world.left(AT).len(), 1);
    leading.abort();
    assert!(leading.await.unwrap_err().is_cancelled());
    settle().await;
    assert_eq!(world.left(AT), Vec::<String>::new());
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn c16_a_candidacy_that_fails_ends_with_its_own_error() {
    let world = World::new();
    let zk = world.client().await;
    let election = warm_election(&zk, "a").await;
    zk.close().await.unwrap();
    let error = election.elected().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a18_a_create_that_is_refused_once_is_the_callers_error_and_no_silence() {
    let world = World::new();
    let zk = world.client().await;
    let election = warm_election(&zk, "a").await;
    let create = Match::op(OpCode::Create2);
    world.hooks.on(create).error(zk_wire::ErrorCode::NoAuth);
    let (latch, driver) = election.latch();
    let driver = tokio::spawn(driver);
    assert!(timeout(LIMIT, latch.leader()).await.unwrap().is_none());
    assert_eq!(driver.await.unwrap().unwrap_err().kind(), ErrorKind::NoAuth);
    election.elected().await.unwrap().resign().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a19_t17_the_writes_of_a_leader_that_does_not_stop_are_refused() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    zk.create("/result", "").await.unwrap();
    let leadership = warm_election(&zk, "a").await.elected().await.unwrap();
    let term = leadership.term();
    let deposed = operator.delete(term.held().node()).submit();
    // The server has heard of it, and the leader not yet.
    sleep(ROUND_TRIP * 3 / 4).await;
    assert!(world.left(AT).is_empty());
    assert!(term.is_leader());
    let write = zk.set("/result", "late").fenced_by(&term).await;
    deposed.await.unwrap();
    assert_eq!(write.unwrap_err().kind(), ErrorKind::LockLost);
    assert_eq!(world.hooks.node("/result").unwrap().stat.version, 0);
}
