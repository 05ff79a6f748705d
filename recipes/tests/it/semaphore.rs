//! Permits: how many, in which order, of what capacity.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_recipes::{Client, CreateMode, ErrorKind, Family, Layout, Semaphore, SemaphoreMutex};
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, settle, spawned};

const PATH: &str = "/limits/a";
const LEASES: &str = "/limits/a/leases";
const LIMIT: Duration = Duration::from_secs(5);

/// A semaphore whose parents exist.
pub(crate) async fn warm(zk: &Client, capacity: u32) -> Semaphore {
    let semaphore = Semaphore::new(zk, PATH, capacity).unwrap();
    let permit = semaphore.acquire().await.unwrap();
    permit.release().await.unwrap();
    settle().await;
    semaphore
}

#[tokio::test(start_paused = true)]
async fn as_many_hold_as_there_are_permits_and_the_next_comes_when_one_goes() {
    let world = World::new();
    let semaphore = warm(&world.client().await, 2).await;
    let one = semaphore.acquire().await.unwrap();
    let two = semaphore.acquire().await.unwrap();
    assert!(one.held().is_shared() && two.held().is_held());
    assert_ne!(one.identity(), two.identity());
    assert!(semaphore.try_acquire().await.unwrap().is_none());
    settle().await;
    let three = spawned(semaphore.acquire());
    settle().await;
    assert!(!three.is_finished());
    let start = Instant::now();
    assert!(one.release().await.unwrap().was_held);
    let three = timeout(LIMIT, three).await.unwrap().unwrap().unwrap();
    // The delete's event, and one list.
    assert!(start.elapsed() <= 2 * ROUND_TRIP, "{:?}", start.elapsed());
    drop((two, three));
    settle().await;
    assert_eq!(world.left(LEASES), Vec::<String>::new());
    assert_eq!(world.left("/limits/a/locks"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_free_permit_costs_two_round_trips() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = warm(&zk, 2).await;
    let start = Instant::now();
    let before = world.asked(zk.session_id().unwrap());
    let permit = semaphore.acquire().await.unwrap();
    assert_eq!(start.elapsed(), 2 * ROUND_TRIP);
    let after = world.asked(zk.session_id().unwrap());
    assert_eq!(after.since(&before, OpCode::Create2), 2);
    assert_eq!(after.since(&before, OpCode::GetChildren), 2);
    drop(permit);
}

#[tokio::test(start_paused = true)]
async fn never_more_hold_than_there_are_permits() {
    let world = World::new();
    let zk = world.client().await;
    let _parents = warm(&zk, 3).await;
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = Vec::new();
    for turn in 0..8_u64 {
        let zk = world.client().await;
        let semaphore = Semaphore::new(&zk, PATH, 3).unwrap();
        let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
        tasks.push(tokio::spawn(async move {
            for round in 0..12 {
                let many = u32::try_from(1 + (turn + round) % 3).unwrap();
                let permits = semaphore.acquire_many(many).await.unwrap();
                assert_eq!(permits.len(), many as usize);
                let now = inside.fetch_add(permits.len(), Ordering::SeqCst) + permits.len();
                most.fetch_max(now, Ordering::SeqCst);
                sleep(Duration::from_millis(3 + turn)).await;
                inside.fetch_sub(permits.len(), Ordering::SeqCst);
                for permit in permits {
                    assert!(permit.release().await.unwrap().was_held);
                }
            }
        }));
    }
    for task in tasks {
        timeout(Duration::from_secs(300), task)
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3, "and all of them were used");
    world.until_empty(LEASES).await;
}

#[tokio::test(start_paused = true)]
async fn permits_are_given_in_the_order_of_arrival_also_to_those_who_want_many() {
    let world = World::new();
    let semaphore = warm(&world.client().await, 3).await;
    let first = semaphore.acquire_many(2).await.unwrap();
    let many = spawned(semaphore.acquire_many(3));
    settle().await;
    let late = spawned(semaphore.acquire());
    settle().await;
    assert!(!late.is_finished(), "one is free, but somebody is ahead");
    drop(first);
    let many = timeout(LIMIT, many).await.unwrap().unwrap().unwrap();
    assert_eq!(many.len(), 3);
    settle().await;
    assert!(!late.is_finished());
    let mut many = many.into_iter();
    assert!(many.next().unwrap().release().await.unwrap().was_held);
    drop(timeout(LIMIT, late).await.unwrap().unwrap().unwrap());
    assert!(
        many.all(|permit| permit.held().is_held()),
        "each has its own end"
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_permit_wakes_one_of_those_that_wait() {
    let world = World::new();
    let semaphore = warm(&world.client().await, 1).await;
    let permit = semaphore.acquire().await.unwrap();
    settle().await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let zk = world.client().await;
        let theirs = Semaphore::new(&zk, PATH, 1).unwrap();
        waiting.push((zk.session_id().unwrap(), spawned(theirs.acquire())));
        settle().await;
    }
    let asked = || -> Vec<_> { waiting.iter().map(|(id, _)| world.asked(*id)).collect() };
    let before = asked();
    drop(permit);
    settle().await;
    let after = asked();
    let requests = |at: usize| after[at].all_since(&before[at]);
    assert_eq!(after[0].since(&before[0], OpCode::GetChildren), 1);
    assert_eq!(
        after[0].since(&before[0], OpCode::Delete),
        1,
        "it leaves the entrance"
    );
    // The next is at the entrance now, with a lease, and looks whether there is room.
    assert_eq!(after[1].since(&before[1], OpCode::Create2), 1);
    assert_eq!([requests(2), requests(3), requests(4)], [0; 3]);
    for (_, task) in waiting {
        drop(timeout(LIMIT, task).await.unwrap().unwrap().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn c36_holders_are_those_with_a_lease() {
    let world = World::new();
    let semaphore = warm(&world.client().await, 2).await;
    assert_eq!(semaphore.holders().await.unwrap(), []);
    let one = semaphore.acquire().contender("one").await.unwrap();
    let _two = semaphore.acquire().contender("two").await.unwrap();
    let holders = semaphore.holders().await.unwrap();
    let told: Vec<_> = holders.iter().map(|one| (&*one.text, one.family)).collect();
    assert_eq!(
        told,
        [("one", Family::OtherCurator), ("two", Family::OtherCurator)]
    );
    assert_eq!(holders[0].node, one.held().node());
    assert_eq!(holders[0].token, one.identity());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_permit_is_listed_in_order() {
    for layout in [Layout::Curator, Layout::Kazoo] {
        let world = World::new();
        let semaphore = Semaphore::new(&world.client().await, PATH, 1).unwrap();
        let semaphore = semaphore.layout(layout);
        let _holds = semaphore.acquire().contender("holds").await.unwrap();
        assert_eq!(semaphore.waiting().await.unwrap(), []);
        for name in ["first", "second"] {
            tokio::spawn(semaphore.acquire().contender(name).into_future());
            settle().await;
        }
        let waiting = semaphore.waiting().await.unwrap();
        let told: Vec<_> = waiting.iter().map(|one| &*one.text).collect();
        assert_eq!(told, ["first", "second"]);
        // In the doorway, lease in hand.
        assert_eq!(semaphore.holders().await.unwrap().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn c35_more_permits_let_in_who_waits_and_fewer_end_none() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = Semaphore::new(&zk, PATH, 1).unwrap();
    let semaphore = semaphore.stored_at("/limits/a-count").unwrap();
    let one = semaphore.acquire().await.unwrap();
    // Curator's shared count.
    let stored = |world: &World| world.hooks.node("/limits/a-count").unwrap().data.unwrap();
    assert_eq!(&stored(&world)[..], [0, 0, 0, 1]);
    let two = spawned(semaphore.acquire());
    settle().await;
    assert!(!two.is_finished());
    let other = world.client().await;
    other
        .set("/limits/a-count", &[0, 0, 0, 2][..])
        .await
        .unwrap();
    let two = timeout(LIMIT, two).await.unwrap().unwrap().unwrap();
    assert_eq!(semaphore.capacity().await.unwrap(), 2);
    semaphore.set_capacity(1).await.unwrap();
    assert_eq!(&stored(&world)[..], [0, 0, 0, 1]);
    settle().await;
    assert!(one.held().is_held() && two.held().is_held());
    drop(one);
    settle().await;
    assert!(
        semaphore.try_acquire().await.unwrap().is_none(),
        "one is one too many"
    );
    drop(two);
    settle().await;
    assert!(semaphore.try_acquire().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_capacity_of_nothing_lets_nobody_in_until_there_is_more() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = Semaphore::new(&zk, PATH, 0).unwrap();
    let error = semaphore.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let semaphore = semaphore.stored_at("/limits/a-count").unwrap();
    let waiting = spawned(semaphore.acquire());
    sleep(Duration::from_secs(60)).await;
    assert!(!waiting.is_finished());
    semaphore.set_capacity(1).await.unwrap();
    drop(timeout(LIMIT, waiting).await.unwrap().unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_had_is_refused_and_keeps_nobody_out() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = warm(&zk, 2).await;
    let error = semaphore.acquire_many(3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(
        error.to_string(),
        "cannot acquire 3 permits of /limits/a: there are 2 in all; ask for fewer, or give the semaphore a larger \
         capacity"
    );
    let stored = semaphore.clone().stored_at("/limits/a-count").unwrap();
    let error = stored.acquire_many(u32::MAX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    // It shrinks while somebody waits for more than is left.
    let one = stored.acquire().await.unwrap();
    let two = spawned(stored.acquire_many(2));
    settle().await;
    stored.set_capacity(1).await.unwrap();
    let error = timeout(LIMIT, two).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    drop(one);
    settle().await;
    assert_eq!(world.left(LEASES), Vec::<String>::new());
    assert!(stored.acquire_many(0).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stored_capacity_that_is_no_number_is_said_to_be_none() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/count", "ten").await.unwrap();
    let semaphore = warm(&zk, 2).await.stored_at("/count").unwrap();
    let error = semaphore.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(
        error.to_string(),
        "cannot take the capacity of /limits/a: /count holds 3 bytes that are no count (4 bytes, big-endian); choose \
         another node, or write one with set_capacity"
    );
    settle().await;
    assert_eq!(world.left(LEASES), Vec::<String>::new());
    let fixed = warm(&zk, 2).await;
    let error = fixed.set_capacity(3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
}

#[tokio::test(start_paused = true)]
async fn with_kazoos_layout_names_places_and_capacity_are_kazoos() {
    let world = World::new();
    let zk = world.client().await;
    let kazoo = |capacity| {
        let semaphore = Semaphore::new(&zk, "/kazoo/sem", capacity).unwrap();
        semaphore.layout(Layout::Kazoo)
    };
    let permit = kazoo(2).acquire().contender("host-7").await.unwrap();
    let node = permit.held().node().to_owned();
    let name = node.strip_prefix("/kazoo/sem/").unwrap();
    assert_eq!(name.len(), 32);
    assert!(name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    let data = |path: &str| world.hooks.node(path).unwrap().data.unwrap();
    assert_eq!(&data(&node)[..], b"host-7");
    assert_eq!(&data("/kazoo/sem")[..], b"2");
    settle().await;
    assert!(
        world.hooks.node("/kazoo/sem-__lock__").is_some(),
        "the entrance is beside it"
    );
    assert_eq!(zk.stats().sent(OpCode::CreateContainer), 0);
    let error = kazoo(3).acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(
        error.to_string(),
        "cannot take the capacity of /kazoo/sem: 2 permits are stored there, and this program says 3; give all \
         programs one capacity, or let the stored one count with .stored_at(path)"
    );
    let stored = kazoo(3).stored_at("/kazoo/sem").unwrap();
    let two = stored.acquire().await.unwrap();
    settle().await;
    assert!(stored.try_acquire().await.unwrap().is_none());
    stored.set_capacity(3).await.unwrap();
    assert_eq!(&data("/kazoo/sem")[..], b"3");
    settle().await;
    assert!(kazoo(3).try_acquire().await.unwrap().is_some());
    let holders = stored.holders().await.unwrap();
    assert_eq!(holders[0].text, "host-7");
    drop((permit, two));
}

#[tokio::test(start_paused = true)]
async fn a_semaphore_mutex_excludes_and_its_tokens_grow() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mutex = SemaphoreMutex::new(&zk, "/locks/s").unwrap();
    let theirs = SemaphoreMutex::new(&other, "/locks/s").unwrap();
    let mut last = 0;
    for _ in 0..5 {
        let guard = mutex.acquire().await.unwrap();
        assert!(guard.token() > last && !guard.held().is_shared());
        settle().await;
        assert!(theirs.try_acquire().await.unwrap().is_none());
        let next = spawned(theirs.acquire());
        settle().await;
        assert!(!next.is_finished());
        last = guard.token();
        assert!(guard.release().await.unwrap().was_held);
        let guard = timeout(LIMIT, next).await.unwrap().unwrap().unwrap();
        assert!(guard.token() > last);
        last = guard.token();
        assert_eq!(mutex.holders().await.unwrap().len(), 1);
        guard.release().await.unwrap();
    }
    let sum = mutex
        .hold(|held| async move { held.token() })
        .await
        .unwrap();
    assert!(sum > last);
    world.until_empty("/locks/s/leases").await;
}

/// Curator's `InterProcessSemaphore` of before V2: contenders named as a mutex's, of which the first ones hold.
#[tokio::test(start_paused = true)]
async fn contenders_of_the_older_semaphore_are_listed_with_as_many_holders_as_there_are_permits() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = Semaphore::new(&zk, PATH, 2).unwrap();
    assert_eq!(semaphore.legacy_contenders().await.unwrap(), []);
    let mode = CreateMode::EphemeralSequential;
    for host in ["a", "b", "c"] {
        let node = format!("{PATH}/_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1-lock-");
        zk.create(&node, host).mode(mode).parents().await.unwrap();
    }
    zk.create(&format!("{PATH}/leases"), "").await.unwrap();
    zk.create(&format!("{PATH}/_c_x-latch-0000000000"), "")
        .await
        .unwrap();
    let listed = semaphore.legacy_contenders().await.unwrap();
    let shown: Vec<_> = listed.iter().map(|c| (c.text.as_str(), c.holds)).collect();
    assert_eq!(shown, [("a", true), ("b", true), ("c", false)]);
    zk.delete(&listed[0].node).await.unwrap();
    let listed = semaphore.legacy_contenders().await.unwrap();
    assert!(listed.iter().all(|contender| contender.holds));
}
