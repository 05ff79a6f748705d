//! Writes of a lost connection that take effect late: each write of each recipe in turn, behind each number of requests since.

use std::future::Future;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{
    Barrier, Client, CountDownLatch, CyclicBarrier, DoubleBarrier, Election, EventFlag, Group,
    Lease, MultiLock, Mutex, PersistentNode, Queue, Ran, RwLock, Semaphore,
};
use zk_wire::OpCode;

use crate::kit::{World, spawned};

const PATH: &str = "/d/n";
const WRITES: [OpCode; 7] = [
    OpCode::Create,
    OpCode::Create2,
    OpCode::CreateContainer,
    OpCode::CreateTtl,
    OpCode::Delete,
    OpCode::SetData,
    OpCode::Multi,
];

/// Behind how many requests, at most: by then all calls have gone on.
const BEHIND: u64 = 14;

/// Runs `life` with each of its writes postponed in turn, until it makes no more.
async fn wherever<F>(life: impl Fn(Client, Client) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut writes = 1;
    while once(&life, writes, 0).await {
        for behind in 1..BEHIND {
            assert!(once(&life, writes, behind).await);
        }
        writes += 1;
    }
    assert!(writes > 1, "it writes nothing");
}

/// Runs `life` with one of its writes postponed, and a handshake given up behind it, as it is where such things happen: then it
/// must end, and leave nothing below the path. False if it does not write so often.
async fn once<F>(life: impl Fn(Client, Client) -> F, write: u64, behind: u64) -> bool
where
    F: Future<Output = ()> + Send + 'static,
{
    let place = format!("write {write}, behind {behind}");
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let session = zk.session_id().unwrap();
    let write = Match::ops(WRITES).session(session).nth(write);
    let write = world.hooks.on(write).postpone();
    let life = spawned(life(zk.clone(), other));
    while world.hooks.fired(write) == 0 {
        if life.is_finished() {
            life.await.unwrap();
            return false;
        }
        sleep(Duration::from_millis(1)).await;
    }
    let handshake = Match::op(OpCode::CreateSession).session(session);
    world.hooks.on(handshake).cut_before_apply();
    world
        .apply_behind(write, behind, || life.is_finished())
        .await;
    let Ok(ended) = timeout(Duration::from_secs(300), life).await else {
        panic!("{place}: it waits for ever, with {:?}", world.left(PATH));
    };
    ended.unwrap_or_else(|panic| panic!("{place}: {panic}"));
    // As long as lost creates are looked for again.
    sleep(Duration::from_secs(150)).await;
    assert_eq!(zk.generation(), 1, "{place}");
    assert_eq!(world.left(PATH), [""; 0], "{place}");
    true
}

async fn lock(zk: Client, other: Client) {
    let [mutex, theirs] = [&zk, &other].map(|zk| Mutex::new(zk, PATH).unwrap());
    let guard = mutex.acquire().await.unwrap();
    assert!(theirs.try_acquire().await.unwrap().is_none());
    guard.release().await.unwrap();
    theirs.acquire().await.unwrap().release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_had_and_let_go_of_whichever_write_comes_late() {
    wherever(lock).await;
}

async fn read_and_write(zk: Client, other: Client) {
    let [lock, theirs] = [&zk, &other].map(|zk| RwLock::new(zk, PATH).unwrap());
    let reading = lock.read().await.unwrap();
    assert!(theirs.try_write().await.unwrap().is_none());
    reading.release().await.unwrap();
    let writing = lock.write().await.unwrap();
    assert!(theirs.try_read().await.unwrap().is_none());
    writing.release().await.unwrap();
    theirs.write().await.unwrap().release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_read_write_lock_is_had_and_let_go_of_whichever_write_comes_late() {
    wherever(read_and_write).await;
}

async fn permits(zk: Client, other: Client) {
    let [semaphore, theirs] = [&zk, &other].map(|zk| Semaphore::new(zk, PATH, 2).unwrap());
    let (one, two) = (
        semaphore.acquire().await.unwrap(),
        semaphore.acquire().await.unwrap(),
    );
    assert!(theirs.try_acquire().await.unwrap().is_none());
    one.release().await.unwrap();
    two.release().await.unwrap();
    theirs.acquire().await.unwrap().release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn permits_are_had_and_given_back_whichever_write_comes_late() {
    wherever(permits).await;
}

async fn terms(zk: Client, other: Client) {
    let [election, theirs] = [&zk, &other].map(|zk| Election::new(zk, PATH).unwrap());
    let first = election.elected().await.unwrap();
    let epoch = first.epoch();
    first.resign().await.unwrap();
    let second = theirs.elected().await.unwrap();
    assert!(second.epoch() > epoch);
    second.resign().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_term_is_led_and_resigned_from_whichever_write_comes_late() {
    wherever(terms).await;
}

async fn enter_and_leave(zk: Client, other: Client) {
    let [barrier, theirs] = [&zk, &other].map(|zk| DoubleBarrier::new(zk, PATH, 2).unwrap());
    let (ours, theirs) = tokio::join!(barrier.enter(), theirs.enter());
    let (ours, theirs) = tokio::join!(ours.unwrap().leave(), theirs.unwrap().leave());
    // Which of its own deletes took the member away is not known, and then it may be told as deleted by somebody else.
    let _ = ours.unwrap();
    assert!(theirs.unwrap().was_member);
}

#[tokio::test(start_paused = true)]
async fn a_double_barrier_is_entered_and_left_whichever_write_comes_late() {
    wherever(enter_and_leave).await;
}

async fn arrive(zk: Client, other: Client) {
    let [barrier, theirs] = [&zk, &other].map(|zk| CyclicBarrier::new(zk, PATH, 2).unwrap());
    let (ours, theirs) = tokio::join!(barrier.arrive(), theirs.arrive());
    assert_eq!(ours.unwrap(), theirs.unwrap());
}

/// A party that came late does not stay; until it is found, a further round may count it: see `docs/recipes/barriers.md`.
#[tokio::test(start_paused = true)]
async fn parties_of_a_cyclic_barrier_pass_in_one_round_whichever_write_comes_late() {
    wherever(arrive).await;
}

async fn set(zk: Client, other: Client) {
    Barrier::new(&zk, PATH).unwrap().set().await.unwrap();
    assert!(Barrier::new(&other, PATH).unwrap().is_set().await.unwrap());
    EventFlag::new(&zk, "/d/flag").unwrap().set().await.unwrap();
    EventFlag::new(&other, "/d/flag")
        .unwrap()
        .wait()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_barrier_and_a_flag_are_set_whichever_write_comes_late() {
    wherever(set).await;
}

async fn remove(zk: Client, other: Client) {
    let [barrier, theirs] = [&zk, &other].map(|zk| Barrier::new(zk, PATH).unwrap());
    theirs.set().await.unwrap();
    assert!(barrier.remove().await.unwrap());
    theirs.wait().await.unwrap();
    let [flag, theirs] = [&zk, &other].map(|zk| EventFlag::new(zk, "/d/flag").unwrap());
    theirs.set().await.unwrap();
    assert!(flag.clear().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_barrier_and_a_flag_are_removed_whichever_write_comes_late() {
    wherever(remove).await;
}

/// What cannot be had without a mark for each: see `docs/recipes/barriers.md` and `docs/recipes/persistent-node.md`.
#[tokio::test(start_paused = true)]
async fn a_create_that_comes_behind_the_removal_makes_a_barrier_or_a_lasting_node_again() {
    let world = World::new();
    let zk = world.client().await;
    zk.create(PATH, "").parents().await.unwrap();
    let barrier = Barrier::new(&zk, "/d/n/barrier").unwrap();
    let create = |path| world.hooks.on(Match::op(OpCode::Create2).path(path));
    create("/d/n/barrier").postpone();
    barrier.set().await.unwrap();
    assert!(barrier.remove().await.unwrap());
    create("/d/n/node").postpone();
    let node = PersistentNode::new(&zk, "/d/n/node", "x").unwrap();
    let (presence, driver) = node.lasting().keep();
    let driver = spawned(driver);
    presence.present().await.unwrap();
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(world.left(PATH), [""; 0]);
    world.hooks.apply_postponed();
    assert_eq!(world.left(PATH), ["/d/n/barrier", "/d/n/node"]);
}

async fn count_down(zk: Client, other: Client) {
    let [latch, theirs] = [&zk, &other].map(|zk| CountDownLatch::new(zk, PATH, 3).unwrap());
    assert_eq!(latch.count_down().await.unwrap(), 2);
    assert_eq!(theirs.count_down().await.unwrap(), 1);
    assert_eq!(latch.count_down().await.unwrap(), 0);
    theirs.wait().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_latch_counts_each_once_whichever_write_comes_late() {
    wherever(count_down).await;
}

async fn members(zk: Client, other: Client) {
    let (membership, driver) = Group::new(&zk, PATH).unwrap().join("a", "x").unwrap();
    let driver = spawned(driver);
    membership.presence().present().await.unwrap();
    let members = Group::new(&other, PATH).unwrap().members().await.unwrap();
    assert_eq!(members.len(), 1);
    membership.leave();
    driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_member_comes_and_goes_whichever_write_comes_late() {
    wherever(members).await;
}

async fn kept(zk: Client, other: Client) {
    let (presence, driver) = PersistentNode::new(&zk, "/d/n/x", "x").unwrap().keep();
    let driver = spawned(driver);
    presence.present().await.unwrap();
    presence.set("y");
    while other.get("/d/n/x").await.is_ok_and(|node| node.data != "y") {
        sleep(Duration::from_millis(10)).await;
    }
    presence.close();
    driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_kept_node_is_there_with_its_latest_data_whichever_write_comes_late() {
    wherever(kept).await;
}

async fn locks(zk: Client, other: Client) {
    let [several, theirs] =
        [&zk, &other].map(|zk| MultiLock::new(zk, ["/d/n/a", "/d/n/b"]).unwrap());
    several.acquire().await.unwrap().release().await.unwrap();
    theirs.acquire().await.unwrap().release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn several_locks_are_had_and_let_go_of_whichever_write_comes_late() {
    wherever(locks).await;
}

async fn jobs(zk: Client, other: Client) {
    let [ours, theirs] = [&zk, &other].map(|zk| {
        let lease = Lease::new(zk, "/d/job").unwrap();
        lease.min_hold(Duration::from_secs(600))
    });
    // What came late keeps the job from everybody until it is found.
    while ours.try_run(|_| async {}).await.unwrap() != Ran::Done(()) {
        sleep(Duration::from_secs(1)).await;
    }
    assert_ne!(theirs.try_run(|_| async {}).await.unwrap(), Ran::Done(()));
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_once_in_its_time_whichever_write_comes_late() {
    wherever(jobs).await;
}

async fn claims(zk: Client, other: Client) {
    let [queue, theirs] = [&zk, &other].map(|zk| Queue::new(zk, PATH).unwrap());
    for n in 0..2 {
        queue.put(n.to_string()).await.unwrap();
    }
    // A claim that came late keeps its item from everybody until it is found: the other one goes ahead.
    let claimed = queue.claim().await.unwrap();
    let first = claimed.data().to_vec();
    claimed.complete().await.unwrap();
    let claimed = queue.claim().await.unwrap();
    claimed.release().await.unwrap();
    let last = theirs.take().await.unwrap();
    assert_ne!(first, last.data());
}

#[tokio::test(start_paused = true)]
async fn items_are_put_claimed_and_completed_once_whichever_write_comes_late() {
    wherever(claims).await;
}
