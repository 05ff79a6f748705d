//! Permits per span of time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Client, ErrorKind, RateLimiter};
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, polled, settle, spawned};

const PATH: &str = "/limits/mails";
const PER: Duration = Duration::from_secs(10);

async fn limiter(world: &World, permits: u32) -> RateLimiter {
    RateLimiter::new(&world.client().await, PATH, permits, PER).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_fleet_gets_as_many_as_there_are_per_window_and_all_of_them() {
    let world = World::new();
    let start = Instant::now();
    let granted = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for host in 0..4 {
        let limiter = limiter(&world, 20).await.block(1 + host);
        let granted = Arc::clone(&granted);
        tasks.push(tokio::spawn(async move {
            loop {
                limiter.acquire(1).await.unwrap();
                granted.lock().unwrap().push(start.elapsed());
            }
        }));
    }
    sleep(PER * 6).await;
    for task in tasks {
        task.abort();
    }
    let granted = granted.lock().unwrap().clone();
    // Whatever span one looks at, there is at most one border of windows in it.
    for (at, from) in granted.iter().enumerate() {
        let within = granted[at..].iter().take_while(|time| **time < *from + PER);
        let within = within.count();
        assert!(within <= 40, "{within} from {from:?} on");
    }
    let windows = granted.iter().fold(BTreeMap::new(), |mut windows, time| {
        *windows.entry(time.as_secs() / 10).or_insert(0) += 1;
        windows
    });
    assert!(granted.len() >= 20 * 5, "{windows:?}");
    assert!(granted.len() <= 20 * 7, "{windows:?}");
}

#[tokio::test(start_paused = true)]
async fn permits_of_a_block_cost_no_request() {
    let world = World::new();
    let zk = world.client().await;
    let limiter = RateLimiter::new(&zk, PATH, 100, PER).unwrap().block(50);
    limiter.acquire(1).await.unwrap();
    let before = world.asked(zk.session_id().unwrap());
    for _ in 0..49 {
        assert!(limiter.try_acquire(1).await.unwrap());
    }
    let asked = world.asked(zk.session_id().unwrap());
    assert_eq!(asked.all_since(&before), 0);
    limiter.acquire(1).await.unwrap();
    let asked = world.asked(zk.session_id().unwrap());
    assert_eq!(asked.since(&before, OpCode::SetData), 1);
    assert_eq!(asked.all_since(&before), 2);
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_window_used_up_waits_for_the_next_one() {
    let world = World::new();
    let (first, second) = (limiter(&world, 10).await, limiter(&world, 10).await);
    let start = Instant::now();
    first.acquire(10).await.unwrap();
    assert!(!second.try_acquire(1).await.unwrap());
    second.acquire(1).await.unwrap();
    let waited = start.elapsed();
    assert!(
        waited >= PER - ROUND_TRIP && waited < PER + 16 * ROUND_TRIP,
        "{waited:?}"
    );
    // What was left of the block is void with its window.
    let third = limiter(&world, 10).await.block(10);
    sleep(PER).await;
    third.acquire(1).await.unwrap();
    sleep(PER).await;
    first.acquire(10).await.unwrap();
    assert!(!third.try_acquire(1).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_reservation_whose_answer_is_lost_is_not_granted_twice() {
    for applied in [true, false] {
        let world = World::new();
        let first = limiter(&world, 10).await.block(4);
        let second = limiter(&world, 10).await.block(1);
        first.acquire(4).await.unwrap();
        let set = world.hooks.on(Match::op(OpCode::SetData));
        let rule = if applied {
            set.cut_after_apply()
        } else {
            set.cut_before_apply()
        };
        timeout(PER / 2, first.acquire(1)).await.unwrap().unwrap();
        assert_eq!(world.hooks.fired(rule), 1);
        let mut rest = 0;
        while first.try_acquire(1).await.unwrap() || second.try_acquire(1).await.unwrap() {
            rest += 1;
        }
        // Of ten, five are granted; four more are lost with the answer, or not.
        assert_eq!(rest, if applied { 1 } else { 5 });
    }
}

#[tokio::test(start_paused = true)]
async fn an_acquire_goes_on_in_the_next_session_and_grants_no_more_than_there_is() {
    // The session ends at each quarter of the round trips of an acquire; the answer to the reservation is lost or not.
    let mut unused = 0;
    for (quarters, is_lost) in (0..12).flat_map(|n| [(n, false), (n, true)]) {
        let world = World::new();
        let zk = world.client().await;
        let first = RateLimiter::new(&zk, PATH, 10, PER).unwrap().block(4);
        let second = limiter(&world, 10).await.block(1);
        second.acquire(1).await.unwrap();
        if is_lost {
            world.hooks.on(Match::op(OpCode::SetData)).cut_after_apply();
        }
        let acquire = spawned(async move { first.acquire(1).await.map(|()| first) });
        sleep(ROUND_TRIP * quarters / 4).await;
        world.hooks.expire(zk.session_id().unwrap());
        let acquired = timeout(PER / 2, acquire).await.expect("it waits for ever");
        let first = acquired.unwrap().unwrap();
        let mut rest = 0;
        while first.try_acquire(1).await.unwrap() || second.try_acquire(1).await.unwrap() {
            rest += 1;
        }
        // Of ten, two are granted; the four of a reservation without an answer stay unused.
        assert!([4, 8].contains(&rest), "{rest} after {quarters} quarters");
        unused += u32::from(rest == 4);
        until(&zk, 2).await;
    }
    assert!(unused > 0);
}

/// Waits for the session of that generation.
async fn until(zk: &Client, generation: u64) {
    while zk.generation() < generation {
        sleep(ROUND_TRIP).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_had_is_refused() {
    let world = World::new();
    let zk = world.client().await;
    let limiter = RateLimiter::new(&zk, PATH, 10, PER).unwrap();
    let error = limiter.acquire(11).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(
        error.to_string(),
        "cannot acquire 11 permits of /limits/mails at once: there are 10 per 10s; ask for fewer at a time"
    );
    let error = RateLimiter::new(&zk, PATH, 0, PER).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    zk.create("/else", "something else").await.unwrap();
    let limiter = RateLimiter::new(&zk, "/else", 10, PER).unwrap();
    let error = limiter.acquire(1).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot acquire permits of /else: its 14 bytes are no window; choose a path that nothing else uses, or delete \
         the node"
    );
}

#[tokio::test(start_paused = true)]
async fn c20_an_acquire_dropped_at_any_poll_grants_no_more_than_there_is() {
    for tries in [true, false] {
        for polls in 0.. {
            let world = World::new();
            let zk = world.client().await;
            let limiter = RateLimiter::new(&zk, PATH, 3, PER).unwrap();
            let ready = if tries {
                polled(limiter.try_acquire(1), polls).await.is_some()
            } else {
                polled(limiter.acquire(1), polls).await.is_some()
            };
            settle().await;
            assert_eq!((zk.stats().watches, zk.stats().in_flight), (0, 0));
            let mut rest = 0;
            while limiter.try_acquire(1).await.unwrap() {
                rest += 1;
            }
            let most = if ready { 2 } else { 3 };
            assert!(rest <= most && rest >= 2, "{rest} after {polls} polls");
            if ready {
                assert!(polls > 3);
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_far_in_the_future_is_over_and_one_that_is_near_is_not() {
    let world = World::new();
    let zk = world.client().await;
    let limiter = RateLimiter::new(&zk, PATH, 10, PER).unwrap();
    zk.create(PATH, "9223372036854775807 10")
        .parents()
        .await
        .unwrap();
    assert!(limiter.try_acquire(10).await.unwrap());
    let begun = zk.get(PATH).await.unwrap().stat.mtime;
    let ahead = format!("{} 10", begun + 5000);
    zk.set(PATH, ahead).await.unwrap();
    let other = RateLimiter::new(&zk, PATH, 10, PER).unwrap();
    assert!(!other.try_acquire(1).await.unwrap());
    timeout(PER * 3, other.acquire(1)).await.unwrap().unwrap();
}
