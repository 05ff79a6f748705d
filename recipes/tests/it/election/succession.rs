//! Leaders that name their successor.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Acl, Client, ElectionLayout, Error, ErrorKind, Leadership, Permissions};
use zk_wire::OpCode;

use super::{AT, election, spawned, warm_election};
use crate::kit::{World, settle};

const LIMIT: Duration = Duration::from_secs(20);

type Candidate = JoinHandle<Result<Leadership, Error>>;

/// A leader `a`, and behind it `b`, `c` and `d`; `c` may be named.
struct Line {
    world: World,
    leader: Leadership,
    clients: Vec<Client>,
    behind: Vec<Candidate>,
}

async fn line() -> Line {
    let world = World::new();
    let zk = world.client().await;
    let leader = warm_election(&zk, "a").await.elected().await.unwrap();
    let (mut clients, mut behind) = (vec![zk], Vec::new());
    for name in ["b", "c", "d"] {
        let zk = world.client().await;
        let mut election = election(&zk, name);
        if name == "c" {
            election = election.accepts_succession();
        }
        behind.push(spawned(election.elected()));
        clients.push(zk);
        settle().await;
    }
    Line {
        world,
        leader,
        clients,
        behind,
    }
}

async fn leads(candidate: Candidate) -> Leadership {
    let elected = timeout(LIMIT, candidate).await.unwrap();
    elected.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_named_successor_leads_next_and_the_others_after_it_in_their_order() {
    let Line {
        world,
        leader,
        clients,
        mut behind,
    } = line().await;
    let sessions = [1, 3].map(|n: usize| clients[n].session_id().unwrap());
    let before = sessions.map(|session| world.asked(session));
    leader.name_successor("c", LIMIT).await.unwrap();
    settle().await;
    for (session, before) in sessions.iter().zip(&before) {
        let asked = world.asked(*session).all_since(before);
        assert_eq!(asked, 0, "who is not named is not woken");
    }
    assert!(leader.term().is_leader(), "it leads until it resigns");
    let mut last = leader.epoch();
    leader.resign().await.unwrap();
    let c = behind.remove(1);
    for next in [c, behind.remove(0), behind.remove(0)] {
        let leadership = leads(next).await;
        assert!(leadership.epoch() > last);
        last = leadership.epoch();
        let first = election(&clients[0], "").leader().await.unwrap().unwrap();
        assert_eq!(first.node, leadership.term().held().node());
        leadership.resign().await.unwrap();
    }
    world.until_empty(AT).await;
    assert_eq!(world.left("/elections"), [AT], "no offer is left");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_ends_otherwise_is_followed_by_whom_it_named() {
    let mut line = line().await;
    line.leader.name_successor("c", LIMIT).await.unwrap();
    let epoch = line.leader.epoch();
    line.world
        .hooks
        .expire(line.clients[0].session_id().unwrap());
    assert!(leads(line.behind.remove(1)).await.epoch() > epoch);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_goes_is_no_obstacle_to_the_others() {
    let mut line = line().await;
    line.leader.name_successor("c", LIMIT).await.unwrap();
    line.behind[1].abort();
    settle().await;
    line.leader.resign().await.unwrap();
    drop(leads(line.behind.remove(0)).await);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_accept_is_not_named_and_the_term_goes_on() {
    let line = line().await;
    for name in ["b", "nobody"] {
        let error = line
            .leader
            .name_successor(name, Duration::from_secs(3))
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
        assert!(
            error.to_string().contains("did not take the place"),
            "{error}"
        );
    }
    settle().await;
    assert!(line.leader.term().is_leader());
    let offers = line.world.left("/elections").into_iter();
    let offers: Vec<String> = offers.filter(|path| path.contains("handover")).collect();
    assert_eq!(offers, Vec::<String>::new(), "offers are withdrawn");
    assert_eq!(line.clients[0].stats().duties, 1, "its own node");
}

/// The offer stands beside the election, where a candidate may be no more than a reader.
#[tokio::test(start_paused = true)]
async fn who_may_not_delete_beside_the_election_is_named_and_the_leader_hears_of_it() {
    for leader_may_delete in [true, false] {
        let world = World::new();
        let zk = world.builder().auth("digest", "lead:er");
        let zk = zk.connect().await.unwrap();
        let leader = warm_election(&zk, "a").await.elected().await.unwrap();
        let mut allowed = Permissions::READ | Permissions::CREATE;
        if leader_may_delete {
            allowed |= Permissions::DELETE;
        }
        let user = Acl::digest("lead", "er");
        let acl = [
            Acl::read_only(),
            Acl::new(user.scheme.clone(), user.id.clone(), allowed),
        ];
        zk.set_acl("/elections", acl).await.unwrap();
        let other = world.client().await;
        let behind = election(&world.client().await, "b");
        let _behind = spawned(behind.elected());
        settle().await;
        let named = election(&other, "c").accepts_succession();
        let named = spawned(named.elected());
        settle().await;
        // Half way, the answer to what it says is lost.
        let say = Match::op(OpCode::SetData).session(other.session_id().unwrap());
        world.hooks.on(say).cut_after_apply();
        let start = tokio::time::Instant::now();
        leader.name_successor("c", LIMIT).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "told at once");
        leader.resign().await.unwrap();
        let leadership = leads(named).await;
        settle().await;
        let offers = world.left("/elections").into_iter();
        let offers = offers.filter(|path| path.contains("handover")).count();
        assert_eq!(offers, usize::from(!leader_may_delete));
        drop(leadership);
        // What nobody may delete goes with the session that made it.
        zk.close().await.unwrap();
        settle().await;
        let left = world.left("/elections");
        assert!(
            !left.iter().any(|path| path.contains("handover")),
            "{left:?}"
        );
    }
}

/// An offer may be deleted by anybody: that alone was once taken for its acceptance.
#[tokio::test(start_paused = true)]
async fn an_offer_that_somebody_else_deletes_is_made_again_and_not_taken_for_accepted() {
    let line = line().await;
    let offer = format!("{AT}-handover-nobody");
    let limit = Duration::from_secs(3);
    let naming = line.leader.name_successor("nobody", limit);
    let deleting = async {
        let mut deleted = 0;
        for _ in 0..2 {
            sleep(Duration::from_millis(500)).await;
            line.clients[1].delete(&offer).await.unwrap();
            deleted += 1;
        }
        deleted
    };
    let (named, deleted) = tokio::join!(naming, deleting);
    assert_eq!(named.unwrap_err().kind(), ErrorKind::AcquireTimedOut);
    assert_eq!(deleted, 2);
    assert!(line.leader.term().is_leader());
}

#[tokio::test(start_paused = true)]
async fn in_other_layouts_there_is_no_succession() {
    for layout in [ElectionLayout::Selector, ElectionLayout::Kazoo] {
        let world = World::new();
        let zk = world.client().await;
        let leader = election(&zk, "a").layout(layout).elected().await.unwrap();
        let error = leader.name_successor("c", LIMIT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(leader.term().is_leader());
    }
}

/// Leads for a moment, in which nobody else does.
async fn lead_once(
    name: &'static str,
    candidate: Candidate,
    led: Arc<Mutex<Vec<(&'static str, u64)>>>,
) {
    let leadership = candidate.await.unwrap().unwrap();
    let before = {
        let mut led = led.lock().unwrap();
        led.push((name, leadership.epoch()));
        led.len()
    };
    sleep(Duration::from_millis(300)).await;
    assert_eq!(led.lock().unwrap().len(), before, "two lead");
    leadership.resign().await.unwrap();
}

/// At every request of the two, whether it took effect or not, somebody leads in the end, and never two.
#[tokio::test(start_paused = true)]
async fn a_cut_at_any_request_of_a_hand_over_makes_neither_two_leaders_nor_none() {
    let mut fired = 0;
    for op in [
        OpCode::Create2,
        OpCode::Delete,
        OpCode::Exists,
        OpCode::GetData,
    ] {
        for applied in [false, true] {
            for who in [0, 2] {
                let line = line().await;
                let rule = Match::op(op).session(line.clients[who].session_id().unwrap());
                let rule = line.world.hooks.on(rule);
                let rule = match applied {
                    true => rule.cut_after_apply(),
                    false => rule.cut_before_apply(),
                };
                let led = Arc::new(Mutex::new(Vec::new()));
                let mut last = line.leader.epoch();
                let leading: Vec<_> = ["b", "c", "d"]
                    .into_iter()
                    .zip(line.behind)
                    .map(|(name, candidate)| {
                        tokio::spawn(lead_once(name, candidate, Arc::clone(&led)))
                    })
                    .collect();
                let named = line.leader.name_successor("c", LIMIT).await;
                assert!(led.lock().unwrap().is_empty(), "beside the leader");
                line.leader.resign().await.unwrap();
                for leading in leading {
                    timeout(LIMIT, leading).await.unwrap().unwrap();
                }
                fired += line.world.hooks.fired(rule);
                let led = led.lock().unwrap().clone();
                for (name, epoch) in &led {
                    assert!(*epoch > last, "{op:?} {applied} {who}: {name}");
                    last = *epoch;
                }
                if named.is_ok() {
                    assert_eq!(led[0].0, "c", "{op:?} {applied} {who}");
                }
                line.world.until_empty(AT).await;
                sleep(Duration::from_secs(1)).await;
                assert_eq!(line.world.left("/elections"), [AT]);
            }
        }
    }
    assert!(fired >= 10, "{fired} cuts");
}
