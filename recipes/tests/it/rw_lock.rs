//! Readers and writers of one lock.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{CreateMode, ErrorKind, Family, Layout, Mutex, RwLock};
use zk_wire::OpCode;

use crate::kit::{WAITS_FOR_EVER, World, polled, settle, spawned};

const LOCK: &str = "/locks/rw";
const LIMIT: Duration = Duration::from_secs(5);

/// A lock whose parents exist.
pub(crate) async fn warm(world: &World) -> RwLock {
    let zk = world.client().await;
    let lock = RwLock::new(&zk, LOCK).unwrap();
    let guard = lock.write().await.unwrap();
    guard.release().await.unwrap();
    lock
}

#[tokio::test(start_paused = true)]
async fn readers_hold_together_and_a_writer_holds_alone() {
    let world = World::new();
    let lock = warm(&world).await;
    let readers = [lock.read().await.unwrap(), lock.read().await.unwrap()];
    assert!(readers.iter().all(|guard| guard.held().is_held()));
    assert!(readers.iter().all(|guard| guard.held().is_shared()));
    assert_ne!(readers[0].identity(), readers[1].identity());
    assert!(lock.try_write().await.unwrap().is_none());
    for reader in readers {
        assert!(reader.release().await.unwrap().was_held);
    }
    let writer = lock.try_write().await.unwrap().unwrap();
    assert!(!writer.held().is_shared());
    assert!(lock.try_read().await.unwrap().is_none());
    assert!(lock.try_write().await.unwrap().is_none());
    writer.release().await.unwrap();
    world.until_empty(LOCK).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_overtakes_whoever_it_would_have_to_wait_for() {
    let world = World::new();
    let lock = warm(&world).await;
    let reading = lock.read().await.unwrap();
    let writer = spawned(lock.write());
    settle().await;
    let late = spawned(lock.read());
    settle().await;
    assert!(!writer.is_finished(), "a reader is ahead");
    assert!(!late.is_finished(), "a writer is ahead");
    assert!(lock.try_read().await.unwrap().is_none());
    reading.release().await.unwrap();
    let writing = timeout(LIMIT, writer).await.unwrap().unwrap().unwrap();
    settle().await;
    assert!(!late.is_finished());
    writing.release().await.unwrap();
    let reading = timeout(LIMIT, late).await.unwrap().unwrap().unwrap();
    reading.release().await.unwrap();
}

/// Readers behind one writer come in together, with one list each; whoever waits for another is left alone.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_writer_wakes_the_readers_behind_it_and_nobody_else() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    let mut queue = Vec::new();
    for place in 0..7 {
        let zk = world.client().await;
        let theirs = RwLock::new(&zk, LOCK).unwrap();
        let writes = place == 3;
        let task = tokio::spawn(async move {
            if writes {
                let guard = theirs.write().await.unwrap();
                guard.release().await.unwrap();
            } else {
                let guard = theirs.read().await.unwrap();
                sleep(Duration::from_secs(1)).await;
                guard.release().await.unwrap();
            }
        });
        settle().await;
        queue.push((zk.session_id().unwrap(), task));
    }
    let asked = || -> Vec<_> { queue.iter().map(|(id, _)| world.asked(*id)).collect() };
    let before = asked();
    writing.release().await.unwrap();
    settle().await;
    let after = asked();
    let lists: Vec<u64> = after
        .iter()
        .zip(&before)
        .map(|(after, before)| after.since(before, OpCode::GetChildren))
        .collect();
    assert_eq!(lists, [1, 1, 1, 0, 0, 0, 0]);
    let idle = |at: usize| after[at].all_since(&before[at]);
    assert_eq!([idle(3), idle(4), idle(5), idle(6)], [0; 4]);
    for (_, task) in queue {
        timeout(LIMIT, task).await.unwrap().unwrap();
    }
    world.until_empty(LOCK).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_of_many_readers_wakes_no_writer_that_waits_for_another() {
    let world = World::new();
    let lock = warm(&world).await;
    let readers = [lock.read().await.unwrap(), lock.read().await.unwrap()];
    let zk = world.client().await;
    let writer = spawned(RwLock::new(&zk, LOCK).unwrap().write());
    settle().await;
    let before = world.asked(zk.session_id().unwrap());
    let [first, second] = readers;
    first.release().await.unwrap();
    settle().await;
    let after = world.asked(zk.session_id().unwrap());
    assert_eq!(after.all_since(&before), 0, "the nearest is still there");
    second.release().await.unwrap();
    let guard = timeout(LIMIT, writer).await.unwrap().unwrap().unwrap();
    guard.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn c20_a_reader_or_writer_dropped_at_any_poll_leaves_no_contender_and_no_watch() {
    for (held, writes) in [(true, true), (true, false), (false, true), (false, false)] {
        for polls in 1.. {
            let world = World::new();
            let other = warm(&world).await;
            let ahead = other.write().await.unwrap();
            let ahead = if held {
                Some(ahead)
            } else {
                ahead.release().await.unwrap();
                None
            };
            let zk = world.client().await;
            let lock = RwLock::new(&zk, LOCK).unwrap();
            let ready = if writes {
                polled(lock.write(), polls).await.is_some()
            } else {
                polled(lock.read(), polls).await.is_some()
            };
            settle().await;
            let left: Vec<_> = ahead.iter().map(|g| g.held().node().to_owned()).collect();
            assert_eq!(world.left(LOCK), left, "after {polls} polls");
            let stats = zk.stats();
            assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
            if ready || (held && polls > WAITS_FOR_EVER) {
                assert!(polls > 2, "there is more than one await point");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn c20_a_try_dropped_at_any_poll_leaves_no_contender() {
    for writes in [true, false] {
        for polls in 0.. {
            let world = World::new();
            let other = warm(&world).await;
            let ahead = other.write().await.unwrap();
            let zk = world.client().await;
            let lock = RwLock::new(&zk, LOCK).unwrap();
            let ready = if writes {
                polled(lock.try_write(), polls)
                    .await
                    .map(|tried| tried.unwrap().is_none())
            } else {
                polled(lock.try_read(), polls)
                    .await
                    .map(|tried| tried.unwrap().is_none())
            };
            settle().await;
            assert_eq!(
                world.left(LOCK),
                [ahead.held().node()],
                "after {polls} polls"
            );
            let stats = zk.stats();
            assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
            if let Some(refused) = ready {
                assert!(refused && polls > 1);
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_neither_duplicated_nor_forgotten() {
    for applied in [true, false] {
        for writes in [true, false] {
            let world = World::new();
            let lock = warm(&world).await;
            let create = world.hooks.on(Match::op(OpCode::Create2));
            let rule = if applied {
                create.cut_after_apply()
            } else {
                create.cut_before_apply()
            };
            let node = if writes {
                let guard = lock.write().timeout(LIMIT).await.unwrap();
                let node = guard.held().node().to_owned();
                assert_eq!(world.left(LOCK), std::slice::from_ref(&node));
                guard.release().await.unwrap();
                node
            } else {
                let guard = lock.read().timeout(LIMIT).await.unwrap();
                let node = guard.held().node().to_owned();
                assert_eq!(world.left(LOCK), std::slice::from_ref(&node));
                guard.release().await.unwrap();
                node
            };
            assert_eq!(world.hooks.fired(rule), 1);
            assert_eq!(node.contains("__WRIT__"), writes, "{node}");
            world.until_empty(LOCK).await;
        }
    }
}

/// Curator once took the missing node of a reader for index −1, which is smaller than any writer's.
#[tokio::test(start_paused = true)]
async fn c26_a_reader_whose_own_node_is_gone_queues_again_and_holds_nothing_meanwhile() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    let zk = world.client().await;
    let reader = spawned(RwLock::new(&zk, LOCK).unwrap().read());
    settle().await;
    let operator = world.client().await;
    let queue = lock.contenders().await.unwrap();
    assert_eq!(queue.len(), 2);
    operator.delete(&queue[1].node).await.unwrap();
    settle().await;
    assert!(!reader.is_finished());
    let again = lock.contenders().await.unwrap();
    assert_eq!(again.len(), 2, "it has a node again");
    assert_ne!(again[1].node, queue[1].node);
    writing.release().await.unwrap();
    let guard = timeout(LIMIT, reader).await.unwrap().unwrap().unwrap();
    assert_eq!(guard.held().node(), again[1].node);
}

#[tokio::test(start_paused = true)]
async fn k01_readers_and_writers_in_any_order_all_have_their_turn() {
    let world = World::new();
    let _parents = warm(&world).await;
    let mut tasks = Vec::new();
    for turn in 0..6_u32 {
        let zk = world.client().await;
        let lock = RwLock::new(&zk, LOCK).unwrap();
        tasks.push(tokio::spawn(async move {
            for round in 0..20_u32 {
                // Some pattern in which each meets each.
                if (turn * 7 + round * 5) % 3 == 0 {
                    let guard = lock.write().await.unwrap();
                    sleep(Duration::from_millis(3)).await;
                    guard.release().await.unwrap();
                } else {
                    let guard = lock.read().await.unwrap();
                    sleep(Duration::from_millis(7)).await;
                    guard.release().await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        timeout(Duration::from_secs(120), task)
            .await
            .unwrap()
            .unwrap();
    }
    world.until_empty(LOCK).await;
}

#[tokio::test(start_paused = true)]
async fn a29_readers_and_writers_keep_their_order_when_the_sequence_overflows() {
    let world = World::new();
    let lock = warm(&world).await;
    assert!(world.hooks.set_sequence(LOCK, i32::MAX - 1));
    let writing = lock.write().await.unwrap();
    let readers = [spawned(lock.read()), spawned(lock.read())];
    settle().await;
    let writer = spawned(lock.write());
    settle().await;
    let late = spawned(lock.read());
    settle().await;
    let mut last = writing.token();
    writing.release().await.unwrap();
    settle().await;
    assert!(!writer.is_finished() && !late.is_finished());
    for reader in readers {
        let guard = timeout(LIMIT, reader).await.unwrap().unwrap().unwrap();
        assert!(guard.identity() > last);
        guard.release().await.unwrap();
    }
    let guard = timeout(LIMIT, writer).await.unwrap().unwrap().unwrap();
    assert!(guard.token() > last, "tokens of writers grow");
    last = guard.token();
    settle().await;
    assert!(!late.is_finished());
    guard.release().await.unwrap();
    let guard = timeout(LIMIT, late).await.unwrap().unwrap().unwrap();
    assert!(guard.identity() > last);
}

#[tokio::test(start_paused = true)]
async fn a_timed_wait_ends_in_time_and_leaves_nothing() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    let limit = Duration::from_millis(200);
    let start = tokio::time::Instant::now();
    let error = lock.read().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    assert_eq!(start.elapsed(), limit);
    settle().await;
    assert_eq!(world.left(LOCK), [writing.held().node()]);
    // Whoever was behind it is not held up by a ghost.
    let reading = writing.downgrade().await.unwrap();
    drop(lock.read().timeout(limit).await.unwrap());
    drop(reading);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_ends_the_holds_of_readers_and_writers() {
    let world = World::new();
    let lock = warm(&world).await;
    let reading = lock.read().await.unwrap();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let reading_too = RwLock::new(&zk, LOCK).unwrap().read().await.unwrap();
    let (lost, held) = (reading_too.lost(), reading_too.held());
    world.hooks.expire(session);
    let lost = timeout(Duration::from_secs(60), lost).await.unwrap();
    assert_eq!(
        (lost.path.as_str(), lost.token),
        (LOCK, reading_too.identity())
    );
    assert!(!held.is_held());
    assert!(!reading_too.release().await.unwrap().was_held);
    assert!(reading.held().is_held(), "it was another's session");
}

#[tokio::test(start_paused = true)]
async fn contenders_tell_who_reads_and_who_waits() {
    let world = World::new();
    let lock = warm(&world).await;
    let first = lock.read().contender("one").await.unwrap();
    let _second = lock.read().contender("two").await.unwrap();
    let _waiting = spawned(lock.write().contender("three"));
    settle().await;
    let _late = spawned(lock.read().contender("four"));
    settle().await;
    let told: Vec<_> = lock
        .contenders()
        .await
        .unwrap()
        .into_iter()
        .map(|one| (one.text, one.family, one.holds))
        .collect();
    let expected = [
        ("one", Family::Reader, true),
        ("two", Family::Reader, true),
        ("three", Family::Writer, false),
        ("four", Family::Reader, false),
    ];
    assert_eq!(
        told,
        expected.map(|(text, family, holds)| (text.to_owned(), family, holds))
    );
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_path_with_a_mutex_is_refused_and_one_with_readers_to_a_mutex() {
    let world = World::new();
    let lock = warm(&world).await;
    let zk = world.client().await;
    let mutex = Mutex::new(&zk, LOCK).unwrap();
    let guard = mutex.acquire().await.unwrap();
    for error in [
        lock.read().await.err().unwrap(),
        lock.write().await.err().unwrap(),
    ] {
        assert_eq!(error.kind(), ErrorKind::MixedContenders);
        assert!(error.to_string().contains("-lock-00000"), "{error}");
    }
    guard.release().await.unwrap();
    settle().await;
    let _reading = lock.read().await.unwrap();
    let error = mutex.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MixedContenders);
}

#[tokio::test(start_paused = true)]
async fn with_kazoos_layout_names_and_parents_are_kazoos() {
    let world = World::new();
    let zk = world.client().await;
    let lock = RwLock::new(&zk, "/kazoo/rw").unwrap().layout(Layout::Kazoo);
    let reading = lock.read().await.unwrap();
    let waiting = spawned(lock.write());
    settle().await;
    let names: Vec<_> = world.left("/kazoo/rw");
    let [reader, writer] = &lock.contenders().await.unwrap()[..] else {
        panic!("{names:?}");
    };
    assert_eq!(
        (reader.family, writer.family),
        (Family::OtherKazoo, Family::Kazoo)
    );
    for (node, ending) in [
        (&reader.node, "__rlock__0000000000"),
        (&writer.node, "__lock__0000000001"),
    ] {
        let name = node.strip_prefix("/kazoo/rw/").unwrap();
        let (mark, rest) = name.split_at(32);
        assert!(mark.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        assert_eq!(rest, ending);
    }
    reading.release().await.unwrap();
    let writing = timeout(LIMIT, waiting).await.unwrap().unwrap().unwrap();
    writing.release().await.unwrap();
    // kazoo makes the parents once per lock, so they may not be containers.
    assert_eq!(zk.stats().sent(OpCode::CreateContainer), 0);
    // Contenders of the other layout are refused, whoever is first.
    let curator = RwLock::new(&zk, "/kazoo/rw").unwrap();
    let _reading = lock.read().await.unwrap();
    let error = curator.read().into_future().await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::MixedContenders);
}

#[tokio::test(start_paused = true)]
async fn children_that_are_no_contenders_hold_up_nobody() {
    let world = World::new();
    let lock = warm(&world).await;
    let zk = world.client().await;
    for name in [
        "!x",
        "0",
        "__WRIT__",
        "x-__READ__12",
        "-__WRIT__0000000000-y",
    ] {
        let node = format!("{LOCK}/{name}");
        let create = zk.create(&node, "").mode(CreateMode::Ephemeral);
        create.await.unwrap();
    }
    assert!(lock.try_read().await.unwrap().is_some());
    settle().await;
    assert!(lock.try_write().await.unwrap().is_some());
}
