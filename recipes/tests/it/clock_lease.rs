//! Leases by the clocks of their holders, as kazoo's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Client, ClockLease, ErrorKind, Tenure};
use zk_wire::OpCode;

use crate::kit::{World, polled, settle, spawned};

const LEASE: &str = "/leases/cleanup";
const HOLDER: &str = "/leases/cleanup/lease_holder";
const HOUR: Duration = Duration::from_secs(3600);
const START: Duration = Duration::from_secs(1_700_000_000);

/// A clock that goes as the runtime's does, ahead by so much.
fn clock(ahead: Duration) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let begun = Instant::now();
    move || UNIX_EPOCH + START + ahead + begun.elapsed()
}

fn lease(zk: &Client, who: &str) -> ClockLease {
    let lease = ClockLease::new(zk, LEASE).unwrap();
    lease.identifier(who).clock(clock(Duration::ZERO))
}

/// Whether somebody has, or had, the lock.
fn is_locked(world: &World) -> bool {
    world
        .hooks
        .paths()
        .iter()
        .any(|path| path.contains("__lock__"))
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_its_holders_until_it_is_over_whether_that_lives_or_not() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (ours, theirs) = (lease(&zk, "a"), lease(&other, "b"));
    assert_eq!(theirs.spans().await.unwrap(), []);
    let Tenure::Obtained(span) = ours.obtain(HOUR).await.unwrap() else {
        panic!("nobody else has it");
    };
    assert_eq!((&*span.path, &*span.holder), (LEASE, "a"));
    assert_eq!(span.until, UNIX_EPOCH + START + HOUR);
    zk.close().await.unwrap();
    assert_eq!(
        theirs.obtain(HOUR).await.unwrap(),
        Tenure::Taken(span.clone())
    );
    assert_eq!(theirs.spans().await.unwrap(), [span]);
    sleep(HOUR).await;
    assert!(theirs.obtain(HOUR).await.unwrap().is_obtained());
    settle().await;
    assert!(!is_locked(&world));
}

#[tokio::test(start_paused = true)]
async fn its_holder_renews_a_lease_and_gives_it_back() {
    let world = World::new();
    let zk = world.client().await;
    let (ours, theirs) = (lease(&zk, "a"), lease(&zk, "b"));
    assert!(ours.obtain(HOUR).await.unwrap().is_obtained());
    sleep(HOUR / 2).await;
    let Tenure::Obtained(span) = ours.obtain(HOUR).await.unwrap() else {
        panic!("it is its own");
    };
    assert!(span.until >= UNIX_EPOCH + START + HOUR + HOUR / 2);
    sleep(HOUR / 2).await;
    assert!(!theirs.obtain(HOUR).await.unwrap().is_obtained());
    assert!(ours.obtain(Duration::ZERO).await.unwrap().is_obtained());
    assert!(theirs.obtain(HOUR).await.unwrap().is_obtained());
}

/// What is said in its documentation: nothing keeps a clock that is ahead from taking it.
#[tokio::test(start_paused = true)]
async fn whose_clock_is_ahead_takes_what_another_still_has() {
    let world = World::new();
    let zk = world.client().await;
    assert!(lease(&zk, "a").obtain(HOUR).await.unwrap().is_obtained());
    let ahead = lease(&zk, "b").clock(clock(HOUR));
    assert!(ahead.obtain(HOUR).await.unwrap().is_obtained());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_before_it_says_who_has_the_lease() {
    for applied in [true, false] {
        for renewal in [true, false] {
            for expires in [true, false] {
                let world = World::new();
                let zk = world.client().await;
                let ours = lease(&zk, "a");
                if renewal {
                    assert!(ours.obtain(HOUR).await.unwrap().is_obtained());
                }
                let write = world.hooks.on(Match::op(OpCode::Multi).path(HOLDER));
                let rule = if applied {
                    write.cut_after_apply()
                } else {
                    write.cut_before_apply()
                };
                let session = zk.session_id().unwrap();
                let obtaining = spawned(async move { ours.obtain(2 * HOUR).await });
                while world.hooks.fired(rule) == 0 {
                    sleep(Duration::from_millis(1)).await;
                }
                if expires {
                    world.hooks.expire(session);
                }
                let case = format!("{applied} {renewal} {expires}");
                let ended = timeout(Duration::from_secs(60), obtaining).await;
                let Ok(Ok(Ok(Tenure::Obtained(span)))) = ended else {
                    panic!("{case}: {ended:?}");
                };
                assert_eq!(lease(&zk, "b").spans().await.unwrap(), [span], "{case}");
                settle().await;
                assert!(!is_locked(&world), "{case}");
            }
        }
    }
}

/// The lock goes between its grant and the write.
#[tokio::test(start_paused = true)]
async fn a_lease_is_not_written_by_whoever_lost_the_lock() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let ours = lease(&zk, "a");
    let look = Match::op(OpCode::GetData).path(HOLDER);
    let rule = world.hooks.on(look).delay_reply(Duration::from_millis(200));
    let obtaining = spawned(async move { ours.obtain(HOUR).await });
    while world.hooks.fired(rule) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    for path in world.hooks.paths() {
        if path.contains("__lock__") {
            operator.delete(&path).await.unwrap();
        }
    }
    let ended = timeout(Duration::from_secs(60), obtaining).await;
    let error = ended.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    assert!(world.hooks.node(HOLDER).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_lease_is_left_and_what_is_asked_for_wrongly_is_refused() {
    let world = World::new();
    let zk = world.client().await;
    let newer = r#"{"version": 2}"#;
    zk.create(HOLDER, newer).parents().await.unwrap();
    let error = lease(&zk, "a").obtain(HOUR).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    assert_eq!(error.path(), Some(HOLDER));
    assert_eq!(zk.get(HOLDER).await.unwrap().data, newer);
    zk.delete(HOLDER).await.unwrap();
    let error = lease(&zk, "a").obtain(Duration::MAX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let none = ClockLease::one_of(&zk, LEASE, 0).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Misuse);
    assert!(ClockLease::new(&zk, "/").is_err());
    settle().await;
    assert!(!is_locked(&world));
}

#[tokio::test(start_paused = true)]
async fn one_of_several_leases_is_had_once_and_renewed_where_it_is() {
    let world = World::new();
    let zk = world.client().await;
    let one_of = |who: &str| {
        let lease = ClockLease::one_of(&zk, LEASE, 2).unwrap();
        lease.identifier(who).clock(clock(Duration::ZERO))
    };
    let (a, b, c) = (one_of("a"), one_of("b"), one_of("c"));
    assert!(a.obtain(HOUR).await.unwrap().is_obtained());
    let Tenure::Obtained(second) = b.obtain(HOUR / 2).await.unwrap() else {
        panic!("the second is free");
    };
    assert_eq!(second.path, format!("{LEASE}/1"));
    assert_eq!(c.obtain(HOUR).await.unwrap(), Tenure::Taken(second));
    assert!(a.obtain(Duration::ZERO).await.unwrap().is_obtained());
    let Tenure::Obtained(renewed) = b.obtain(HOUR).await.unwrap() else {
        panic!("it is its own");
    };
    assert_eq!(renewed.path, format!("{LEASE}/1"));
    let Tenure::Obtained(first) = c.obtain(HOUR).await.unwrap() else {
        panic!("the first was given back");
    };
    assert_eq!(first.path, format!("{LEASE}/0"));
    assert_eq!(a.spans().await.unwrap(), [first, renewed]);
}

#[tokio::test(start_paused = true)]
async fn c20_a_lease_whose_obtaining_is_dropped_at_any_poll_is_had_or_not_and_leaves_no_lock() {
    for polls in 0.. {
        let world = World::new();
        let zk = world.client().await;
        let ours = lease(&zk, "a");
        let ended = polled(ours.obtain(HOUR), polls).await;
        settle().await;
        assert!(!is_locked(&world), "after {polls} polls");
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
        let spans = polled(ours.spans(), usize::MAX).await.unwrap().unwrap();
        assert!(spans.iter().all(|span| span.holder == "a"));
        if let Some(ended) = ended {
            assert!(polls > 3 && ended.unwrap().is_obtained() && spans.len() == 1);
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_at_leases_that_is_dropped_changes_nothing() {
    for polls in 0.. {
        let world = World::new();
        let zk = world.client().await;
        let ours = lease(&zk, "a");
        let before = world.hooks.paths();
        let spans = polled(ours.spans(), polls).await;
        settle().await;
        assert_eq!((world.hooks.paths(), zk.stats().watches), (before, 0));
        if let Some(spans) = spans {
            assert_eq!(spans.unwrap(), []);
            break;
        }
    }
}
