//! X3 for what is awaited by itself: every function of the client and of the lock, given up at every poll in every
//! context. Afterwards the client works, keeps nothing, and leaves nothing behind.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_client::{Acl, AddWatchMode, Bytes, Client, CreateMode, State};
use zk_recipes::Mutex;
use zk_sim::process::{ProcessClock, SeededEntropy, SimTransport, Wire};
use zk_sim::schedule::{Action, Direction};
use zk_sim::seed::Seed;
use zk_sim::world::{Reach, SELDOM, Servers, ServersConfig, World};
use zk_wire::{Moment, SessionId};

const SESSION: Duration = Duration::from_millis(1000);
const TICK: Duration = Duration::from_millis(100);
const POLLS: u32 = 12;

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A function, and how it is awaited. Whatever it yields is dropped.
type Row = (&'static str, for<'a> fn(&'a Client) -> Work<'a>);

macro_rules! rows {
    ($($name:literal: $zk:ident => $work:expr;)*) => {
        [$(($name, |$zk| Box::pin(async move { let _ = $work; })),)*]
    };
}

/// Everything that a user of the client and of the lock awaits.
static FUNCTIONS: [Row; 36] = rows! {
    "get": zk => zk.get("/a").await;
    "get watched": zk => zk.get("/a").watch().await;
    "get in a set": zk => { let set = zk.watch_set(); zk.get("/a").watch_in(&set).await };
    "exists": zk => zk.exists("/a").await;
    "exists watched": zk => zk.exists("/nowhere").watch().await;
    "children": zk => zk.children("/a").await;
    "children watched": zk => zk.children("/a").watch().await;
    "children with stat": zk => zk.children("/a").with_stat().await;
    "acl": zk => zk.acl("/a").await;
    "ephemerals": zk => zk.ephemerals("/").await;
    "sync": zk => zk.sync("/a").await;
    "barrier": zk => zk.barrier().await;
    "watch": zk => zk.watch("/a", AddWatchMode::PersistentRecursive).await;
    "create": zk => zk.create("/new", "").await;
    "create ephemeral": zk => zk.create("/new-", "").mode(CreateMode::EphemeralSequential).await;
    "create with parents": zk => zk.create("/x/y/z", "").parents().await;
    "create_parents": zk => zk.create_parents("/x/y/z", CreateMode::Persistent, &[Acl::open()]).await;
    "delete": zk => zk.delete("/a/b").await;
    "set": zk => zk.set("/a", "2").await;
    "set_acl": zk => zk.set_acl("/a", vec![Acl::open()]).await;
    "multi": zk => zk.multi().check("/a", None).set("/a", "2", None).await;
    "submitted": zk => zk.set("/a", "2").submit().await;
    "explain": zk => match zk.terse().create("/p/q", "").await {
        Err(error) => Some(zk.explain(error).await),
        Ok(_) => None,
    };
    "Watch::next": zk => match zk.get("/a").watch().await {
        Ok((_, mut watch)) => watch.next().await,
        Err(_) => None,
    };
    "WatchSet::next": zk => {
        let mut set = zk.watch_set();
        drop(zk.get_in("/a", &set).await);
        set.next().await
    };
    "StateStream::changed": zk => zk.watch_state().changed().await;
    "Claim::create": zk => zk
        .claim("/a", "mark")
        .create("/a/mark-", Bytes::new(), vec![Acl::open()], CreateMode::EphemeralSequential)
        .await;
    "Claim::release": zk => zk.claim("/a", "mark").release().await;
    "Mutex::acquire": zk => mutex(zk).acquire().contender("x").await;
    "Mutex::acquire with a limit": zk => mutex(zk)
        .acquire()
        .contender("x")
        .timeout(Duration::from_millis(40))
        .await;
    "Mutex::try_acquire": zk => mutex(zk).acquire().contender("x").if_free().await;
    "Mutex::hold": zk => mutex(zk)
        .acquire()
        .contender("x")
        .hold(|_| sleep(Duration::from_millis(20)))
        .await;
    "Mutex::contenders": zk => mutex(zk).contenders().await;
    "LockGuard::release": zk => match mutex(zk).acquire().contender("x").await {
        Ok(guard) => guard.release().await.is_ok(),
        Err(_) => false,
    };
    "LockGuard::lost": zk => match mutex(zk).acquire().contender("x").await {
        Ok(guard) => Some(guard.lost().await),
        Err(_) => None,
    };
    "Held::doubted": zk => if let Ok(guard) = mutex(zk).acquire().contender("x").await {
        guard.held().doubted().await
    };
};

fn mutex(zk: &Client) -> Mutex {
    Mutex::new(zk, "/a/lock").unwrap()
}

/// What goes wrong, in the direction where there is one.
const CONTEXTS: [Option<(Action, Direction)>; 22] = {
    use Action::{
        Blackhole, CrashFollower, CrashLeader, CutAfterApply, CutAtByte, CutBeforeApply, Delay,
        Expire, HalfOpen, Lag, LingerEphemerals, LoseTail, NoQuorum, ReapContainers, Refuse,
        SetSuffix, Throttle,
    };
    use Direction::{ToClient, ToServer};
    let ms = Duration::from_millis;
    [
        None,
        Some((CutBeforeApply, ToServer)),
        Some((CutAfterApply, ToServer)),
        Some((CutAtByte(7), ToServer)),
        Some((CutBeforeApply, ToClient)),
        Some((CutAfterApply, ToClient)),
        Some((CutAtByte(7), ToClient)),
        Some((HalfOpen, ToServer)),
        Some((Blackhole(ToServer), ToServer)),
        Some((Blackhole(ToClient), ToServer)),
        Some((Refuse, ToServer)),
        Some((Delay(ms(200)), ToServer)),
        Some((Expire, ToServer)),
        Some((NoQuorum, ToServer)),
        Some((Throttle, ToServer)),
        Some((ReapContainers, ToServer)),
        Some((SetSuffix(i32::MAX), ToServer)),
        Some((CrashLeader, ToServer)),
        Some((CrashFollower, ToServer)),
        Some((Lag(ms(200)), ToServer)),
        Some((LoseTail, ToServer)),
        Some((LingerEphemerals(ms(100)), ToServer)),
    ]
};

fn strike(wire: &Wire, session: SessionId, (action, way): (Action, Direction)) {
    wire.act(|world| {
        let now = world.now();
        let server = world.server_of(0).unwrap_or(0);
        match action {
            Action::HalfOpen => world.silence(0, &[Direction::ToServer, Direction::ToClient]),
            Action::Blackhole(way) => world.silence(0, &[way]),
            Action::Refuse => {
                world.refuse(0, true);
                let cut = Action::CutBeforeApply;
                world.armed.add(0, cut, Some(0), Reach::Next(way));
            }
            Action::Delay(by) => world.delay(0, by),
            Action::Expire => {
                world.servers.expire(now, session);
            }
            Action::NoQuorum => world.servers.scatter(now),
            Action::Throttle => world.servers.throttle(now, session, 2),
            Action::ReapContainers => world.servers.reap_containers(now),
            Action::SetSuffix(next) => {
                world.servers.set_sequence("/a/lock", next);
            }
            Action::CrashLeader => {
                world.servers.crash(now, true);
            }
            Action::CrashFollower => {
                world.servers.crash(now, false);
            }
            Action::Lag(by) => {
                world.servers.lag(now, server, by);
            }
            Action::LoseTail => world.servers.lose_tail(now),
            Action::LingerEphemerals(each) => world.servers.linger(server, each),
            cut => world.armed.add(0, cut, Some(0), Reach::Next(way)),
        }
    });
}

fn heal(wire: &Wire) {
    wire.act(|world| {
        let now = world.now();
        world.armed.clear();
        world.refuse(0, false);
        world.delay(0, Duration::ZERO);
        world.servers.heal(now);
        world.mend();
    });
}

/// Servers and a client, some nodes, and a lock's directory.
async fn scene() -> (Wire, Client) {
    // Begins at a tick of the timers, as every run does.
    sleep(Duration::from_millis(1)).await;
    let start = Instant::now();
    let config = ServersConfig {
        servers: 3,
        tick: TICK,
        election: Duration::from_millis(200),
        reaping: SELDOM,
        seed: 1,
    };
    let latency = Duration::from_millis(3);
    let net = Seed(1).stream("net");
    let world = World::new(Servers::new(config), 1, latency, Duration::ZERO, net);
    let wire = Wire::new(world, start);
    tokio::spawn(wire.clone().run());
    let zk = Client::builder("s:1,s:2,s:3")
        .session_timeout(SESSION)
        .transport(Arc::new(SimTransport::new(wire.clone(), 0)))
        .clock(Arc::new(ProcessClock::new(
            start,
            Moment::from_nanos(1 << 42),
        )))
        .entropy(Arc::new(SeededEntropy::new(Seed(1).stream("entropy"))))
        .seed(1)
        .connect()
        .await
        .unwrap();
    zk.create("/a", "1").await.unwrap();
    zk.create("/a/b", "").await.unwrap();
    let lock = zk.create("/a/lock", "").mode(CreateMode::Container);
    lock.await.unwrap();
    (wire, zk)
}

/// Polls so often, with the fault half-way there, then drops it. True if it was ready before.
async fn give_up(work: Work<'_>, polls: u32, mut fault: impl FnMut()) -> bool {
    let mut work = Some(work);
    let mut polled = 0;
    let limited = poll_fn(|cx| {
        let Some(future) = work.as_mut() else {
            return Poll::Ready(false);
        };
        let polling = future.as_mut().poll(cx);
        polled += 1;
        if polled == polls.div_ceil(2) {
            fault();
        }
        match polling {
            Poll::Ready(()) => Poll::Ready(polled < polls),
            Poll::Pending if polled == polls => {
                work = None;
                Poll::Ready(false)
            }
            Poll::Pending => Poll::Pending,
        }
    });
    // What is not woken any more, for want of news, is dropped as it is.
    timeout(Duration::from_millis(800), limited)
        .await
        .unwrap_or(false)
}

/// One case; true if the function was ready before that poll.
async fn case((name, work): Row, polls: u32, context: Option<(Action, Direction)>) -> bool {
    let what = format!("{name}, dropped after {polls} polls, with {context:?}");
    let (wire, zk) = scene().await;
    let session = zk.session_id().unwrap();
    let fault = || {
        if let Some(context) = context {
            strike(&wire, session, context);
        }
    };
    let ready = give_up(work(&zk), polls, fault).await;
    sleep(Duration::from_millis(300)).await;
    heal(&wire);

    // A session and an election later everything is as it was.
    sleep(SESSION * 2 + Duration::from_secs(4)).await;
    assert!(
        matches!(zk.state(), State::Connected { .. }),
        "{what}: {:?}",
        zk.state()
    );
    zk.get("/a").await.expect(&what);
    let guard = mutex(&zk).acquire().contender("x").await.expect(&what);
    guard.release().await.expect(&what);
    let stats = zk.stats();
    let kept = [
        stats.queued,
        stats.in_flight,
        stats.watches,
        stats.duties,
        stats.held,
    ];
    assert_eq!(kept, [0; 5], "{what}: kept in the client");
    assert_eq!(
        wire.look(|world| world.servers.watch_count()),
        0,
        "{what}: watches"
    );
    zk.close().await.expect(&what);
    drop(zk);
    sleep(SESSION * 2 + TICK * 3).await;
    wire.act(|world| {
        assert_eq!(world.servers.sessions().len(), 0, "{what}: sessions");
        assert_eq!(world.open_links(), 0, "{what}: connections");
        for path in world.servers.paths() {
            let owner = world.servers.owner(&path).unwrap_or_default();
            assert!(owner.is_none(), "{what}: {path} is left");
        }
    });
    ready
}

fn run(row: Row, polls: u32, context: Option<(Action, Direction)>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(case(row, polls, context))
}

#[test]
fn every_function_may_be_dropped_at_every_poll_in_every_context() {
    let mut cases: BTreeMap<&str, usize> = BTreeMap::new();
    std::thread::scope(|scope| {
        let halves = FUNCTIONS.chunks(FUNCTIONS.len() / 2);
        let parts: Vec<_> = halves
            .map(|rows| {
                scope.spawn(move || {
                    let mut cases = Vec::new();
                    for row in rows {
                        let mut count = 0;
                        for context in CONTEXTS {
                            for polls in 1..=POLLS {
                                count += 1;
                                if run(*row, polls, context) {
                                    break;
                                }
                            }
                        }
                        cases.push((row.0, count));
                    }
                    cases
                })
            })
            .collect();
        for part in parts {
            cases.extend(part.join().unwrap());
        }
    });
    let sum: usize = cases.values().sum();
    println!("X3 of {} functions: {sum} cases, {cases:?}", cases.len());
    assert_eq!(cases.len(), FUNCTIONS.len());
    // Each was dropped at its first poll at the least, in each context.
    assert!(cases.values().all(|count| *count >= CONTEXTS.len()));
    assert!(sum > 2000, "{sum} cases");
}
