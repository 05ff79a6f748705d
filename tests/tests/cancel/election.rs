//! The functions of elections: each in its class, dropped at every poll.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_client::Client;
use zk_recipes::{Election, Leadership};

use crate::kit::{Naming, World, in_virtual_time, settle, until};
use crate::polls::{NOW_AND_LATE, Stop, at_every_poll, poll_then_drop};

const AT: &str = "/election";

fn election(zk: &Client) -> Election {
    Election::new(zk, AT).unwrap().contender("a")
}

/// A world, a client, and another one that leads.
async fn led() -> (World, Client, Client, Leadership) {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let leadership = election(&other).elected().await.unwrap();
    settle().await;
    (world, zk, other, leadership)
}

/// Drops what stands for election after each of its polls, while somebody else leads who resigns after a while: no
/// candidate, watch or task of it is left.
fn leaves_no_candidate<T>(stand: impl AsyncFn(&Client) -> T) {
    let cases = at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk, other, leadership) = led().await;
            let resign = tokio::spawn(async move {
                sleep(Duration::from_millis(300)).await;
                leadership.resign().await.unwrap();
            });
            let ready = poll_then_drop(stand(&zk), stop).await.is_some();
            resign.await.unwrap();
            until("without candidates", || world.below(AT).is_empty()).await;
            settle().await;
            for zk in [&zk, &other] {
                let stats = zk.stats();
                assert_eq!((stats.watches, stats.duties, stats.held), (0, 0, 0));
            }
            ready
        })
    });
    // Unpolled, and more than one await point.
    assert!(cases > 3, "{cases}");
}

#[test]
fn a_dropped_candidacy_leaves_no_candidate() {
    leaves_no_candidate(async |zk| drop(election(zk).elected().await.unwrap()));
    leaves_no_candidate(async |zk| drop(election(zk).terms().next().await.unwrap()));
}

#[test]
fn a_dropped_try_leaves_no_candidate() {
    leaves_no_candidate(async |zk| election(zk).elected().if_free().await.unwrap().is_none());
}

#[test]
fn dropped_work_of_a_leader_leaves_no_candidate() {
    leaves_no_candidate(async |zk| {
        let work = |_| sleep(Duration::from_millis(50));
        election(zk).lead(work).await.unwrap();
    });
}

#[test]
fn a_dropped_driver_of_a_latch_leaves_no_candidate() {
    leaves_no_candidate(async |zk| {
        let (latch, driver) = election(zk).latch();
        let close = async {
            if latch.leader().await.is_some() {
                latch.close();
            }
        };
        let (driven, ()) = tokio::join!(driver, close);
        driven.unwrap();
    });
}

#[test]
fn a_dropped_resignation_is_carried_out_all_the_same() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, _zk, other, leadership) = led().await;
            let ready = poll_then_drop(leadership.resign(), stop).await.is_some();
            until("resigned", || world.below(AT).is_empty()).await;
            settle().await;
            assert_eq!(other.stats().duties, 0);
            ready
        })
    });
}

/// Drops what looks on after each of its polls: nothing has changed anywhere.
fn inert<T>(look: impl AsyncFn(&Client) -> T) {
    let cases = at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk, _other, leadership) = led().await;
            let before = (world.tree(), world.open(&[&zk]));
            let ready = poll_then_drop(look(&zk), stop).await.is_some();
            settle().await;
            assert_eq!((world.tree(), world.open(&[&zk])), before);
            drop(leadership);
            ready
        })
    });
    assert!(cases > 3, "{cases}");
}

#[test]
fn a_dropped_look_at_an_election_changes_nothing() {
    inert(async |zk| election(zk).leader().await.unwrap().unwrap());
    inert(async |zk| assert_eq!(election(zk).candidates().await.unwrap().len(), 1));
}

/// Waits for the end of a term, or for doubt in it, and is dropped before.
fn waits_for_the_end<F: Future>(wait: impl Fn(&Leadership) -> F) {
    at_every_poll(&NOW_AND_LATE[..1], |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, _zk, other, leadership) = led().await;
            let (hooks, session) = (world.hooks.clone(), other.session_id().unwrap());
            let end = tokio::spawn(async move {
                sleep(Duration::from_secs(1)).await;
                hooks.expire(session);
            });
            let before = world.open(&[&other]);
            let ready = poll_then_drop(wait(&leadership), stop).await.is_some();
            if !ready {
                settle().await;
                assert_eq!(world.open(&[&other]), before);
                assert!(leadership.term().is_leader());
            }
            end.await.unwrap();
            leadership.lost().await;
            ready
        })
    });
}

#[test]
fn dropped_listening_for_the_end_of_a_term_changes_nothing() {
    waits_for_the_end(Leadership::lost);
    waits_for_the_end(|leadership| leadership.term().lost());
    waits_for_the_end(|leadership| leadership.term().doubted());
}

#[test]
fn a_dropped_announcement_was_made_or_not() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk, other, leadership) = led().await;
            let before = world.open(&[&zk, &other]);
            let term = leadership.term();
            let announce = term.announce("here");
            let ready = poll_then_drop(announce, stop).await.is_some();
            settle().await;
            let leader = election(&zk).leader().await.unwrap().unwrap();
            assert_eq!(leader.epoch, Some(term.epoch()), "the term is the same");
            let said = &leader.announcement[..];
            assert!(said == b"here" || (!ready && said.is_empty()));
            assert_eq!(world.open(&[&zk, &other]), before);
            ready
        })
    });
}

#[test]
fn a_dropped_offer_to_a_successor_is_withdrawn() {
    let cases = at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (world, zk, other, leadership) = led().await;
            let successor = election(&zk).contender("b").accepts_succession();
            let successor = tokio::spawn(successor.elected().into_future());
            settle().await;
            let limit = Duration::from_secs(20);
            let name = leadership.name_successor("b", limit);
            let ready = poll_then_drop(name, stop).await.is_some();
            sleep(Duration::from_secs(1)).await;
            let offers = world.hooks.paths().into_iter();
            assert_eq!(offers.filter(|path| path.contains("handover")).count(), 0);
            assert_eq!((other.stats().watches, other.stats().duties), (1, 1));
            assert!(leadership.term().is_leader());
            leadership.resign().await.unwrap();
            let next = timeout(limit, successor).await.unwrap().unwrap();
            next.unwrap().resign().await.unwrap();
            until("without candidates", || world.below(AT).is_empty()).await;
            settle().await;
            assert_eq!((zk.stats().watches, zk.stats().duties), (0, 0));
            ready
        })
    });
    assert!(cases > 5, "{cases}");
}

#[test]
fn a_dropped_wait_for_a_latch_changes_nothing() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (_world, zk, _other, leadership) = led().await;
            let (latch, driver) = election(&zk).latch();
            let driver = tokio::spawn(driver);
            let resign = tokio::spawn(async move {
                sleep(Duration::from_millis(100)).await;
                drop(leadership);
            });
            let ready = poll_then_drop(latch.leader(), stop).await.is_some();
            resign.await.unwrap();
            assert!(latch.leader().await.is_some(), "it goes on");
            latch.close();
            driver.await.unwrap().unwrap();
            ready
        })
    });
}

/// Calls `next` until the wanted is seen, every other call dropped after some polls.
fn loses_nothing<L, T>(
    make: impl AsyncFn(&Client) -> L,
    next: impl AsyncFn(&mut L, Stop) -> Option<T>,
    is_last: impl Fn(&T, u64) -> bool,
) {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (_world, zk, other, leadership) = led().await;
            let mut listener = make(&zk).await;
            let last = tokio::spawn(async move {
                leadership.resign().await.unwrap();
                sleep(Duration::from_millis(100)).await;
                let leadership = election(&other).elected().await.unwrap();
                let epoch = leadership.epoch();
                (leadership, epoch)
            });
            let whole = Stop {
                polls: usize::MAX,
                late: false,
            };
            let mut ready = true;
            let (_leadership, epoch) = timeout(Duration::from_secs(20), last)
                .await
                .unwrap()
                .unwrap();
            loop {
                let first = next(&mut listener, stop).await;
                ready &= first.is_some();
                let seen = match first {
                    Some(seen) => seen,
                    None => next(&mut listener, whole).await.unwrap(),
                };
                if is_last(&seen, epoch) {
                    break;
                }
            }
            ready
        })
    });
}

#[test]
fn a_dropped_wait_for_the_next_leader_loses_none() {
    loses_nothing(
        async |zk| election(zk).observe(),
        async |leaders, stop| Some(poll_then_drop(leaders.next(), stop).await?.unwrap()),
        |seen, epoch| {
            seen.as_ref()
                .is_some_and(|leader| leader.epoch == Some(epoch))
        },
    );
}

#[test]
fn a_dropped_wait_for_a_change_of_a_latch_loses_none() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let (_world, zk, _other, leadership) = led().await;
            let (mut latch, driver) = election(&zk).latch();
            let driver = tokio::spawn(driver.into_future());
            let before = leadership.epoch();
            leadership.resign().await.unwrap();
            let first = poll_then_drop(latch.changed(), stop).await;
            let ready = first.is_some();
            let term = match first {
                Some(term) => term,
                None => latch.changed().await,
            };
            assert!(term.unwrap().epoch() > before);
            latch.close();
            driver.await.unwrap().unwrap();
            ready
        })
    });
}
