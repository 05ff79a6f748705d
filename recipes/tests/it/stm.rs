//! Optimistic transactions: what they cost, where they end, what they cannot see. What they do on every server is in the
//! conformance bodies.

mod lost;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::sleep;
use zk_embedded::Match;
use zk_recipes::{Bytes, Client, Error, ErrorKind, Fate, Stm, Tx};
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, settle, spawned};

const HOME: &str = "/marks";

/// A node to write to, and transactions whose home exists.
async fn scene(world: &World) -> (Client, Stm) {
    let zk = world.client().await;
    zk.create("/n", "0").await.unwrap();
    zk.create(HOME, "").await.unwrap();
    let stm = Stm::new(&zk, HOME).unwrap();
    (zk, stm)
}

fn number(data: Option<Bytes>) -> i64 {
    let data = data.unwrap();
    std::str::from_utf8(&data).unwrap().parse().unwrap()
}

fn stored(world: &World, path: &str) -> i64 {
    number(world.hooks.node(path).unwrap().data)
}

/// Adds 1, and yields what came of it.
async fn count(tx: Tx) -> Result<i64, Error> {
    let next = number(tx.get("/n").await?) + 1;
    tx.set("/n", next.to_string())?;
    Ok(next)
}

#[tokio::test(start_paused = true)]
async fn a_transaction_costs_its_reads_and_one_write() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    let session = zk.session_id().unwrap();
    for expected in 1..=3 {
        let before = world.asked(session);
        assert_eq!(stm.run(count).await.unwrap(), expected);
        // The first one makes the mark, and looks at its home before.
        let looks = u64::from(expected == 1);
        assert_eq!(world.asked(session).all_since(&before), 2 + looks);
    }
    assert_eq!(world.left(HOME).len(), 1, "one mark for all of them");
    // One that only reads compares, in one more request.
    let before = world.asked(session);
    stm.run(|tx| async move { tx.get("/n").await })
        .await
        .unwrap();
    assert_eq!(world.asked(session).all_since(&before), 2);
    let before = world.asked(session);
    stm.run(|_| async { Ok::<_, Error>(()) }).await.unwrap();
    assert_eq!(world.asked(session).all_since(&before), 0);
    drop(stm);
    world.until_empty(HOME).await;
}

#[tokio::test(start_paused = true)]
async fn a_home_that_is_missing_is_made_when_it_is_first_needed() {
    let world = World::new();
    let zk = world.client().await;
    let stm = Stm::new(&zk, "/far/away").unwrap();
    stm.run(|tx| async move { tx.create("/n", "0") })
        .await
        .unwrap();
    assert_eq!(world.left("/far/away").len(), 1);
    assert_eq!(stored(&world, "/n"), 0);
    assert!(Stm::new(&zk, "/").is_err());
}

#[tokio::test(start_paused = true)]
async fn transactions_of_one_handle_run_at_once_each_with_its_mark() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    for n in 0..4 {
        zk.create(&format!("/n{n}"), "0").await.unwrap();
    }
    let start = tokio::time::Instant::now();
    let one = |n: usize| {
        let stm = stm.clone();
        async move {
            let path = &format!("/n{n}");
            stm.run(|tx| async move { tx.put(path, "1").await }).await
        }
    };
    let runs: Vec<_> = (0..4).map(|n| spawned(one(n))).collect();
    for run in runs {
        run.await.unwrap().unwrap();
    }
    // A read, a look at the home of marks, a commit; one after the other would take four times that.
    assert!(start.elapsed() < ROUND_TRIP * 4, "{:?}", start.elapsed());
    assert_eq!(world.left(HOME).len(), 4);
    drop(stm);
    world.until_empty(HOME).await;
}

#[tokio::test(start_paused = true)]
async fn others_who_are_always_faster_are_told_after_so_many_attempts_or_so_long() {
    let world = World::new();
    let (_zk, stm) = scene(&world).await;
    let other = world.client().await;
    let runs = Cell::new(0);
    let beaten = |tx: Tx| {
        runs.set(runs.get() + 1);
        let other = other.clone();
        async move {
            let next = count(tx).await?;
            other.set("/n", "7").await?;
            Ok::<_, Error>(next)
        }
    };
    let error = stm.clone().attempts(3).run(beaten).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::Contended, Fate::NotApplied)
    );
    assert_eq!(runs.get(), 3);
    assert!(error.to_string().contains("3 times"), "{error}");
    runs.set(0);
    let limited = stm.clone().timeout(ROUND_TRIP * 20);
    let start = tokio::time::Instant::now();
    let error = limited.run(beaten).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contended);
    assert!(runs.get() > 1);
    // One attempt and the pause before it may come on top.
    let spent = start.elapsed();
    assert!(spent >= ROUND_TRIP * 20 && spent < ROUND_TRIP * 20 + Duration::from_secs(1));
    assert_eq!(stored(&world, "/n"), 7);
}

/// Two nodes that are always changed together: a body that reads one before and one after a change sees a mixture. It may
/// end with an error because of that, which is no verdict then.
#[tokio::test(start_paused = true)]
async fn an_error_that_is_due_to_a_mixture_of_reads_is_not_handed_on() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    zk.create("/m", "0").await.unwrap();
    let other = world.client().await;
    let verdicts = RefCell::new(Vec::new());
    let differ = || ErrorKind::Misuse;
    let agreed = stm.run(|tx| {
        let (other, verdicts) = (other.clone(), &verdicts);
        async move {
            let n = number(tx.get("/n").await?);
            if verdicts.borrow().is_empty() {
                let both = other.multi().set("/n", "1", None).set("/m", "1", None);
                both.await?;
            }
            let m = number(tx.get("/m").await?);
            verdicts.borrow_mut().push(n == m);
            match n == m {
                true => Ok(n),
                false => Err(Error::new(differ(), "they differ")),
            }
        }
    });
    assert_eq!(agreed.await.unwrap(), 1);
    assert_eq!(*verdicts.borrow(), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_too_large_names_the_limit() {
    let world = World::new();
    let (_zk, stm) = scene(&world).await;
    let small = stm.clone().max_operations(3);
    let error = small.run(|tx| async move {
        for n in 0..4 {
            tx.create(&format!("/new{n}"), "")?;
        }
        Ok::<_, Error>(())
    });
    let error = error.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FrameTooLarge);
    assert!(error.to_string().contains("3 nodes"), "{error}");
    let error = small.run(|tx| async move {
        for n in 0..4 {
            tx.get(&format!("/new{n}")).await?;
        }
        Ok::<_, Error>(())
    });
    assert_eq!(error.await.unwrap_err().kind(), ErrorKind::FrameTooLarge);
    let error = stm.run(|tx| async move {
        for n in 0..2 {
            tx.create(&format!("/new{n}"), vec![0; 700_000])?;
        }
        Ok::<_, Error>(())
    });
    let error = error.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::FrameTooLarge, Fate::NotApplied)
    );
    assert!(error.to_string().contains("1048575"), "{error}");
    assert!(world.hooks.node("/new0").is_none());
    assert_eq!(stm.run(count).await.unwrap(), 1, "the handle goes on");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_outlives_its_body_does_nothing() {
    let world = World::new();
    let (_zk, stm) = scene(&world).await;
    let kept = stm
        .run(|tx| async move { Ok::<_, Error>(tx) })
        .await
        .unwrap();
    let error = kept.set("/n", "9").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(kept.get("/n").await.unwrap_err().kind(), ErrorKind::Misuse);
    assert_eq!(stored(&world, "/n"), 0);
}

/// The limit that the documentation names: servers compare versions, and a node that was made again has the versions of the
/// one before.
#[tokio::test(start_paused = true)]
async fn a_node_that_was_made_again_with_the_same_version_is_taken_for_the_same() {
    let world = World::new();
    let (_zk, stm) = scene(&world).await;
    let other = world.client().await;
    let once = Cell::new(false);
    let seen = stm.run(|tx| {
        let (other, first) = (other.clone(), !once.replace(true));
        async move {
            let seen = count(tx).await?;
            if first {
                let again = other.multi().delete("/n", None);
                let persistent = zk_recipes::CreateMode::Persistent;
                again.create("/n", "40", persistent).await?;
            }
            Ok::<_, Error>(seen)
        }
    });
    assert_eq!(seen.await.unwrap(), 1);
    assert_eq!(stored(&world, "/n"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_whose_session_ended_runs_again_in_the_next() {
    let world = World::new();
    let (zk, stm) = scene(&world).await;
    stm.run(count).await.unwrap();
    world.hooks.refuse_connections(true);
    let run = spawned(async move { stm.run(count).await });
    world.hooks.cut_all();
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    world.hooks.refuse_connections(false);
    assert_eq!(run.await.unwrap().unwrap(), 2);
    sleep(Duration::from_secs(1)).await;
    world.until_empty(HOME).await;
}

/// That a node is absent is read once more before the commit, to see what to guard. What counts is the guard.
#[tokio::test(start_paused = true)]
async fn a_node_that_appears_right_before_the_commit_is_not_missed() {
    for path in ["/gone", "/far/gone"] {
        let world = World::new();
        let (zk, stm) = scene(&world).await;
        let other = world.client().await;
        let look = Match::op(OpCode::Exists).path(path).times(1);
        let look = look.session(zk.session_id().unwrap());
        let late = Duration::from_millis(200);
        let look = world.hooks.on(look).delay_reply(late);
        let run = spawned(async move {
            let found = stm.run(|tx| async move {
                let found = tx.get(path).await?.is_some();
                tx.set("/n", if found { "1" } else { "2" })?;
                Ok::<_, Error>(found)
            });
            found.await
        });
        sleep(Duration::from_millis(100)).await;
        assert_eq!(world.hooks.fired(look), 1);
        other.create(path, "").parents().await.unwrap();
        assert!(run.await.unwrap().unwrap(), "{path}");
        assert_eq!(stored(&world, "/n"), 1);
    }
}
