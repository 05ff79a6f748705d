//! C55: every recipe is used once by clients that see a part of the tree alone, and leaves the rest as it was.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{
    AtomicInt, AtomicValue, Barrier, BlockCounter, ChildrenCache, Client, Conditional,
    CountDownLatch, CyclicBarrier, Decided, DoubleBarrier, Election, Error, EventFlag, Group, Held,
    Lease, MultiLock, NodeCache, Partitioner, PersistentNode, Queue, Ran, RateLimiter, RwLock,
    Semaphore, SemaphoreMutex, ShardedQueue, SharedCount, SharedValue, Stm, Transaction, TtlNode,
};

use crate::kit::{World, settle, spawned};

const CHROOT: &str = "/team/app";
const SOON: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// Two clients that see what is below the chroot and nothing else.
struct Scene {
    world: World,
    one: Client,
    two: Client,
    outside: Vec<String>,
}

/// What there is that those clients do not see.
fn outside(world: &World) -> Vec<String> {
    let mut paths = world.hooks.paths();
    paths.retain(|path| !path.starts_with("/team/app/"));
    paths
}

impl Scene {
    async fn new() -> Self {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        zk.create(CHROOT, "").parents().await.unwrap();
        Self {
            one: zk.chroot(CHROOT).unwrap(),
            two: other.chroot(CHROOT).unwrap(),
            outside: outside(&world),
            world,
        }
    }

    /// Whether the server has what these clients call so.
    fn has(&self, path: &str) -> bool {
        let path = format!("{CHROOT}{path}");
        self.world.hooks.node(&path).is_some()
    }

    /// Whether somebody holds, by a node that is told as these clients call it.
    fn holds(&self, held: &Held, at: &str) -> bool {
        let node = held.node();
        held.is_held() && held.path() == at && node.starts_with(at) && self.has(node)
    }

    /// Nothing was touched that these clients do not see.
    fn end(self) {
        assert_eq!(outside(&self.world), self.outside);
    }
}

/// What has to come without waiting for long.
async fn soon<T>(coming: impl IntoFuture<Output = T>) -> T {
    let coming = timeout(SOON, coming.into_future());
    coming.await.unwrap()
}

/// A driver that has ended as it should.
async fn ended(driver: tokio::task::JoinHandle<Result<(), Error>>) {
    soon(driver).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn c55_locks_permits_and_elections_work_under_a_chroot() {
    let scene = Scene::new().await;
    let (zk, other) = (&scene.one, &scene.two);
    let writer = RwLock::new(zk, "/rw").unwrap().write().await.unwrap();
    assert!(scene.holds(&writer.held(), "/rw"));
    let theirs = RwLock::new(other, "/rw").unwrap();
    assert!(theirs.try_read().await.unwrap().is_none());
    assert_eq!(theirs.contenders().await.unwrap().len(), 1);
    let permit = Semaphore::new(zk, "/permits", 1).unwrap().acquire().await;
    assert!(scene.holds(&permit.unwrap().held(), "/permits"));
    let alone = SemaphoreMutex::new(zk, "/alone").unwrap().acquire().await;
    assert!(scene.holds(&alone.unwrap().held(), "/alone"));
    let both = MultiLock::new(zk, ["/a", "/b"]).unwrap();
    let both = both.acquire().await.unwrap();
    for at in ["/a", "/b"] {
        assert!(scene.holds(&both.held_at(at).unwrap(), at));
    }
    let election = Election::new(zk, "/election").unwrap().contender("one");
    let leads = election.elected().await.unwrap();
    assert!(scene.holds(leads.term().held(), "/election"));
    let seen = Election::new(other, "/election").unwrap().leader().await;
    let seen = seen.unwrap().unwrap();
    assert!(seen.node.starts_with("/election/"), "{}", seen.node);
    assert!(leads.resign().await.unwrap().was_held);
    let (latch, driver) = election.latch();
    let driver = spawned(driver);
    let term = soon(latch.leader()).await.unwrap();
    assert!(scene.holds(term.held(), "/election"));
    latch.close();
    ended(driver).await;
    scene.end();
}

#[tokio::test(start_paused = true)]
async fn c55_values_transactions_and_barriers_work_under_a_chroot() {
    let scene = Scene::new().await;
    let (zk, other) = (&scene.one, &scene.two);
    let number = AtomicInt::new(zk, "/number").unwrap();
    assert_eq!(number.add(7).await.unwrap().after, 7);
    let blocks = BlockCounter::new(AtomicInt::new(other, "/number").unwrap(), 10).unwrap();
    assert_eq!(blocks.next().await.unwrap(), 7);
    let value = AtomicValue::new(zk, "/value").unwrap();
    value.set("x").await.unwrap();
    let theirs = AtomicValue::new(other, "/value").unwrap();
    assert_eq!(theirs.get().await.unwrap().unwrap(), "x");
    let shared = SharedValue::new(zk, "/shared", "").unwrap();
    shared.set("y").await.unwrap();
    let theirs = SharedValue::new(other, "/shared", "").unwrap();
    assert_eq!(theirs.get().await.unwrap().value, "y");
    SharedCount::new(zk, "/count", 3)
        .unwrap()
        .set(4)
        .await
        .unwrap();
    let theirs = SharedCount::new(other, "/count", 0).unwrap();
    assert_eq!(theirs.get().await.unwrap().value, 4);

    let made = Transaction::new(zk).with(zk.create("/made", "1")).await;
    assert_eq!(made.unwrap().0.path, "/made");
    let when = Conditional::new(zk).version("/made", 0);
    let decided = when
        .then(Transaction::new(zk).with(zk.set("/made", "2")))
        .await;
    assert!(matches!(decided.unwrap(), Decided::Then(_)));
    let stm = Stm::new(zk, "/stm").unwrap();
    let read = stm.run(|tx| async move {
        tx.set("/made", "3")?;
        tx.get("/shared").await
    });
    assert_eq!(read.await.unwrap().unwrap(), "y");
    assert_eq!(other.get("/made").await.unwrap().data, "3");

    let barrier = Barrier::new(zk, "/barrier").unwrap();
    barrier.set().await.unwrap();
    let waits = spawned(Barrier::new(other, "/barrier").unwrap().wait());
    settle().await;
    assert!(scene.has("/barrier") && !waits.is_finished());
    assert!(barrier.remove().await.unwrap());
    soon(waits).await.unwrap().unwrap();
    EventFlag::new(zk, "/flag").unwrap().set().await.unwrap();
    soon(EventFlag::new(other, "/flag").unwrap().wait())
        .await
        .unwrap();
    let latch = CountDownLatch::new(zk, "/latch", 1).unwrap();
    assert_eq!(latch.count_down().await.unwrap(), 0);
    let theirs = CountDownLatch::new(other, "/latch", 1).unwrap();
    soon(theirs.wait()).await.unwrap();
    let parties = [zk, other].map(|zk| CyclicBarrier::new(zk, "/cyclic", 2).unwrap().arrive());
    for party in parties.map(spawned) {
        assert_eq!(soon(party).await.unwrap().unwrap(), 1);
    }
    let members = [zk, other].map(|zk| DoubleBarrier::new(zk, "/double", 2).unwrap());
    let members = members.map(|double| {
        tokio::spawn(async move {
            let member = double.enter().await.unwrap();
            let node = member.node().to_owned();
            member.leave().await.unwrap();
            node
        })
    });
    for member in members {
        let node = soon(member).await.unwrap();
        assert!(node.starts_with("/double/"), "{node}");
    }
    scene.end();
}

#[tokio::test(start_paused = true)]
async fn c55_queues_leases_and_rates_work_under_a_chroot() {
    let scene = Scene::new().await;
    let (zk, other) = (&scene.one, &scene.two);
    let ours = Queue::new(zk, "/queue").unwrap();
    let placed = ours.put("x").await.unwrap().node.unwrap();
    assert!(placed.starts_with("/queue/") && scene.has(&placed));
    let claimed = Queue::new(other, "/queue").unwrap().claim().await.unwrap();
    assert!(scene.has(claimed.held().node()));
    claimed.complete().await.unwrap();
    assert!(!scene.has(&placed));
    let sharded = |zk: &Client| ShardedQueue::new(&Queue::new(zk, "/sharded").unwrap());
    let ours = sharded(zk);
    let part = ours.pick().await.unwrap();
    let placed = part.put("y").await.unwrap().node.unwrap();
    assert!(placed.starts_with("/sharded/") && scene.has(&placed));
    let theirs = sharded(other).parts().await.unwrap();
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].path(), part.path());
    assert_eq!(theirs[0].take().await.unwrap().data(), b"y");

    let lease = |zk: &Client| Lease::new(zk, "/job").unwrap().min_hold(HOUR);
    let ours = lease(zk);
    let ran = ours.try_run(|held| async move { held.node().to_owned() });
    let Ran::Done(node) = ran.await.unwrap() else {
        panic!("nobody else runs it");
    };
    assert!(node.starts_with("/job/"), "{node}");
    let again = lease(other).try_run(|_| async {}).await.unwrap();
    assert!(matches!(again, Ran::TooSoon { .. }), "{again:?}");
    let limiter = |zk: &Client| RateLimiter::new(zk, "/rate", 1, HOUR).unwrap();
    assert!(limiter(zk).try_acquire(1).await.unwrap());
    assert!(!limiter(other).try_acquire(1).await.unwrap());
    scene.end();
}

#[cfg(feature = "serde")]
#[tokio::test(start_paused = true)]
async fn c55_leases_by_their_holders_clocks_work_under_a_chroot() {
    use zk_recipes::{ClockLease, Tenure};
    let scene = Scene::new().await;
    let lease = |zk: &Client, who: &str| ClockLease::new(zk, "/clock").unwrap().identifier(who);
    let ours = lease(&scene.one, "one").obtain(HOUR).await.unwrap();
    assert!(ours.is_obtained());
    let theirs = lease(&scene.two, "two").obtain(HOUR).await.unwrap();
    let Tenure::Taken(span) = theirs else {
        panic!("two have it");
    };
    assert_eq!((&*span.holder, &*span.path), ("one", "/clock"));
    scene.end();
}

#[tokio::test(start_paused = true)]
async fn c55_kept_nodes_groups_divisions_and_caches_work_under_a_chroot() {
    let scene = Scene::new().await;
    let (zk, other) = (&scene.one, &scene.two);
    let (loading, driver) = NodeCache::new(other, "/kept").unwrap().keep();
    let _node = spawned(driver);
    let node = soon(loading.loaded()).await.unwrap();
    let (loading, driver) = ChildrenCache::new(other, "/group").unwrap().keep();
    let _children = spawned(driver);
    let children = soon(loading.loaded()).await.unwrap();

    let (kept, driver) = PersistentNode::new(zk, "/kept", "1").unwrap().keep();
    let keeper = spawned(driver);
    soon(kept.present()).await.unwrap();
    assert_eq!(kept.node().as_deref(), Some("/kept"));
    settle().await;
    assert_eq!(node.top().unwrap().data(), b"1");
    kept.close();
    ended(keeper).await;
    assert!(!scene.has("/kept"));
    let ttl = TtlNode::new(zk, "/ttl", "2", HOUR).unwrap();
    let (touched, driver) = ttl.keep();
    let keeper = spawned(driver);
    soon(touched.present()).await.unwrap();
    assert!(scene.has("/ttl"));
    assert_eq!(ttl.find().await.unwrap().unwrap().data, "2");
    touched.close();
    ended(keeper).await;

    let (member, driver) = Group::new(zk, "/group").unwrap().join("a", "").unwrap();
    let joined = spawned(driver);
    soon(member.presence().present()).await.unwrap();
    let seen = Group::new(other, "/group")
        .unwrap()
        .members()
        .await
        .unwrap();
    assert_eq!((seen.len(), &*seen[0].id), (1, "a"));
    settle().await;
    assert!(children.get("/group/a").is_some());
    member.leave();
    ended(joined).await;

    let shards = Partitioner::new(zk, "/shards", ["x"]).unwrap();
    let (mut division, driver) = shards.join("a").unwrap();
    let divided = spawned(driver);
    let owned = soon(division.next()).await.unwrap();
    assert!(owned.held().node().starts_with("/shards/"));
    assert!(scene.has(owned.held().node()));
    assert!(owned.release().await.unwrap().was_held);
    division.leave();
    ended(divided).await;
    scene.end();
}

#[cfg(feature = "discovery")]
#[tokio::test(start_paused = true)]
async fn c55_services_are_found_under_a_chroot() {
    use zk_recipes::discovery::{Discovery, Instance};
    let scene = Scene::new().await;
    let (ours, theirs) = (&scene.one, &scene.two);
    let [ours, theirs] = [ours, theirs].map(|zk| Discovery::new(zk, "/services").unwrap());
    let (loading, driver) = theirs.view("billing").unwrap().keep();
    let _view = spawned(driver);
    let view = soon(loading.loaded()).await.unwrap();
    let me = Instance::builder("billing").id("i-1").port(80).build();
    let (registration, driver) = ours.register(me).unwrap();
    let driver = spawned(driver);
    soon(registration.applied()).await.unwrap();
    assert_eq!(registration.path(), "/services/billing/i-1");
    assert!(scene.has("/services/billing/i-1"));
    assert_eq!(theirs.names().await.unwrap(), ["billing"]);
    settle().await;
    assert_eq!(view.instances().len(), 1);
    registration.unregister();
    ended(driver).await;
    assert!(!scene.has("/services/billing/i-1"));
    scene.end();
}
