//! Who leads, and in which term.

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Acl, Election, ElectionLayout, ErrorKind, Fenced, Permissions};
use zk_wire::OpCode;

use super::{AT, election, spawned, warm_election};
use crate::kit::{ROUND_TRIP, World, settle};

#[tokio::test(start_paused = true)]
async fn candidates_lead_one_after_the_other_in_terms_whose_numbers_grow() {
    let world = World::new();
    let mut last = 0;
    let mut leader = None;
    let mut next = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let zk = world.client().await;
        next.push(spawned(election(&zk, name).elected()));
        settle().await;
    }
    for elected in next {
        drop(leader.take());
        let leadership = timeout(Duration::from_secs(5), elected).await.unwrap();
        let leadership = leadership.unwrap().unwrap();
        assert!(leadership.epoch() > last, "{} > {last}", leadership.epoch());
        last = leadership.epoch();
        let zk = world.client().await;
        let first = election(&zk, "").leader().await.unwrap().unwrap();
        assert_eq!(first.node, leadership.term().held().node());
        assert_eq!(first.epoch, Some(last));
        leader = Some(leadership);
    }
    leader.unwrap().resign().await.unwrap();
    assert_eq!(world.left(AT), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_free_election_takes_two_round_trips_and_three_requests() {
    let world = World::new();
    let zk = world.client().await;
    let election = warm_election(&zk, "a").await;
    let session = zk.session_id().unwrap();
    let (before, start) = (world.asked(session), Instant::now());
    let leadership = election.elected().await.unwrap();
    assert_eq!(start.elapsed(), ROUND_TRIP * 2);
    let after = world.asked(session);
    for op in [OpCode::Create2, OpCode::GetChildren, OpCode::Multi] {
        assert_eq!(after.since(&before, op), 1, "{op:?}");
    }
    drop(leadership);
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_the_record_of_a_term_may_be_lost() {
    for applied in [false, true] {
        let world = World::new();
        let zk = world.client().await;
        let election = warm_election(&zk, "a").await;
        let multi = world.hooks.on(Match::op(OpCode::Multi));
        let rule = match applied {
            true => multi.cut_after_apply(),
            false => multi.cut_before_apply(),
        };
        let leadership = election.elected().await.unwrap();
        assert_eq!(world.hooks.fired(rule), 1);
        let leader = election.leader().await.unwrap().unwrap();
        assert_eq!(leader.epoch, Some(leadership.epoch()));
        assert_eq!(world.left(AT).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_is_told_that_its_term_is_over_and_writes_nothing_more() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/result", "").await.unwrap();
    let leadership = warm_election(&zk, "a").await.elected().await.unwrap();
    let term = leadership.term();
    let lost = spawned(leadership.lost());
    let next = spawned(election(&other, "b").elected());
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    let next = next.await.unwrap().unwrap();
    assert!(next.epoch() > term.epoch());
    let error = zk.set("/result", "late").fenced_by(&term).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::LockLost);
    let error = term.announce("late").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert_eq!(lost.await.unwrap().token, term.epoch());
    assert!(!term.is_leader() && !leadership.is_held());
    assert!(world.hooks.node("/result").unwrap().stat.version == 0);
    drop(next);
}

#[tokio::test(start_paused = true)]
async fn t17_lead_drops_the_work_when_the_term_ends_and_does_it_again_in_the_next() {
    let world = World::new();
    let zk = world.client().await;
    let election = warm_election(&zk, "a").await;
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let work = {
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        let zk = zk.clone();
        let hooks = world.hooks.clone();
        let mut epochs = Vec::new();
        move |term: zk_recipes::Term| {
            epochs.push(term.epoch());
            assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
            let terms = begun.fetch_add(1, Ordering::Relaxed) + 1;
            if terms < 4 {
                hooks.expire(zk.session_id().unwrap());
            }
            let ended = Arc::clone(&ended);
            async move {
                sleep(Duration::from_secs(20)).await;
                ended.fetch_add(1, Ordering::Relaxed);
                "done"
            }
        }
    };
    assert_eq!(election.lead(work).await.unwrap(), "done");
    assert_eq!(begun.load(Ordering::Relaxed), 4);
    assert_eq!(ended.load(Ordering::Relaxed), 1, "three were dropped");
    assert_eq!(world.left(AT), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_election_dropped_at_any_poll_leaves_no_candidate_and_no_watch() {
    for led in [false, true] {
        for polls in 1.. {
            let world = World::new();
            let (zk, other) = (world.client().await, world.client().await);
            let ahead = warm_election(&other, "b").await.elected().await.unwrap();
            let ahead = match led {
                true => Some(ahead),
                false => {
                    ahead.resign().await.unwrap();
                    None
                }
            };
            let mut elected = Box::pin(IntoFuture::into_future(election(&zk, "a").elected()));
            let mut completed = false;
            for _ in 0..polls {
                let once = std::future::poll_fn(|cx| Poll::Ready(elected.as_mut().poll(cx)));
                if once.await.is_ready() {
                    completed = true;
                    break;
                }
                sleep(Duration::from_millis(5)).await;
            }
            drop(elected);
            settle().await;
            let left = ahead
                .as_ref()
                .map(|guard| guard.term().held().node().to_owned());
            assert_eq!(world.left(AT), Vec::from_iter(left), "after {polls} polls");
            assert_eq!(zk.stats().watches, 0, "after {polls} polls");
            assert_eq!(zk.stats().duties, 0, "after {polls} polls");
            if completed || (led && polls > 20) {
                assert!(polls > 3, "there is more than one await point");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_election_that_is_not_won_in_time_says_so_and_leaves_nothing() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let leadership = warm_election(&other, "b").await.elected().await.unwrap();
    let limit = Duration::from_secs(3);
    let error = election(&zk, "a").elected().timeout(limit).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    assert!(
        error
            .to_string()
            .contains("not elected at /elections/a within 3s"),
        "{error}"
    );
    settle().await;
    assert_eq!(world.left(AT), [leadership.term().held().node()]);
    assert_eq!(zk.stats().watches, 0);
}

#[tokio::test(start_paused = true)]
async fn candidates_of_different_layouts_refuse_each_other() {
    let layouts = [
        ElectionLayout::Latch,
        ElectionLayout::Selector,
        ElectionLayout::Kazoo,
    ];
    for one in layouts {
        for other in layouts {
            let world = World::new();
            let zk = world.client().await;
            let first = election(&zk, "a").layout(one).elected().await.unwrap();
            let limit = Duration::from_secs(1);
            let second = election(&zk, "b").layout(other).elected().timeout(limit);
            let kind = second.await.unwrap_err().kind();
            let expected = match one == other {
                true => ErrorKind::AcquireTimedOut,
                false => ErrorKind::MixedContenders,
            };
            assert_eq!(kind, expected, "{one:?} {other:?}");
            drop(first);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_write_on_the_elections_node_the_error_says_what_is_missing() {
    let world = World::new();
    let zk = world.client().await;
    let acl = Acl::new(
        "world",
        "anyone",
        Permissions::READ | Permissions::CREATE | Permissions::DELETE,
    );
    zk.create(AT, "").parents().await.unwrap();
    zk.set_acl(AT, [acl]).await.unwrap();
    let error = election(&zk, "a").elected().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(
        error
            .to_string()
            .contains("give its candidates WRITE there"),
        "{error}"
    );
    settle().await;
    assert_eq!(world.left(AT), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_root_is_no_election() {
    let world = World::new();
    let zk = world.client().await;
    for (path, says) in [
        ("/", "the root cannot be an election"),
        ("a", "did you mean /a?"),
    ] {
        let error = Election::new(&zk, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath);
        assert!(error.to_string().contains(says), "{error}");
    }
}
