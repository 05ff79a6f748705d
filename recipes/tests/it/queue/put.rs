//! Putting: several at once, and no more than there is room for.

use std::future::IntoFuture as _;
use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{Entry, ErrorKind, Fate, QueueLayout};
use zk_wire::OpCode;

use super::{LAYOUTS, PATH, SOON, entry, items, queue, queue_of, take};
use crate::kit::{World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn what_was_put_is_told_with_its_node_and_its_transaction() {
    let world = World::new();
    let queue = queue_of(&world).await;
    let mut last = None;
    for _ in 0..3 {
        let placed = queue.put("x").await.unwrap();
        let node = world.hooks.node(&placed.node.unwrap()).unwrap();
        assert_eq!(node.stat.czxid, placed.zxid);
        assert!(Some(placed.zxid) > last);
        last = Some(placed.zxid);
    }
}

/// Curator's multi put.
#[tokio::test(start_paused = true)]
async fn several_records_are_one_item() {
    let world = World::new();
    let queue = queue_of(&world).await;
    queue.put(Entry::records(["a", "bc"])).await.unwrap();
    queue.put(Entry::records([""; 0])).await.unwrap();
    assert_eq!(items(&world).len(), 2);
    let item = queue.take().await.unwrap();
    assert_eq!(item.records(), ["a", "bc"]);
    let item = queue.take().await.unwrap();
    assert_eq!((item.records().len(), item.data()), (0, &b""[..]));
}

/// kazoo's `put_all`.
#[tokio::test(start_paused = true)]
async fn several_entries_are_put_in_one_transaction_or_none_is() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::KazooLocking);
    let placed = queue.put_all(["a", "b", "c"]).await.unwrap();
    assert!(placed.iter().all(|one| one.zxid == placed[0].zxid));
    let nodes: Vec<String> = placed.into_iter().map(|one| one.node.unwrap()).collect();
    assert_eq!(nodes, items(&world));
    let bad = [Entry::new("d"), Entry::new("e").priority(1000)];
    let error = queue.put_all(bad).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    assert_eq!(items(&world).len(), 3);
    assert_eq!(queue.put_all([""; 0]).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_bounded_queue_waits_for_room_and_a_put_without_any_is_given_up() {
    for is_strict in [false, true] {
        let world = World::new();
        let zk = world.client().await;
        let bounded = |queue: zk_recipes::Queue| match is_strict {
            true => queue.strict_bound(2),
            false => queue.bound(2),
        };
        let queue = bounded(queue(&zk));
        queue.put("a").await.unwrap();
        queue.put("b").await.unwrap();
        let error = queue
            .put("c")
            .timeout(Duration::from_secs(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
        assert!(error.to_string().contains("full"), "{error}");
        let waits = spawned(queue.put("d").timeout(SOON));
        settle().await;
        assert_eq!(items(&world).len(), 2);
        assert_eq!(take(&queue).await, "a");
        waits.await.unwrap().unwrap();
        let error = queue.put_all(["1", "2", "3"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse, "it never fits: {error}");
        assert_eq!(zk.stats().watches, 0);
    }
}

/// Whenever there is room, somebody else is faster.
#[tokio::test(start_paused = true)]
async fn a_bounded_put_that_loses_race_after_race_is_given_up_in_time() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (queue, other) = (queue(&zk).strict_bound(1), queue(&other).strict_bound(1));
    other.put("first").await.unwrap();
    let put = spawned(queue.put("x").timeout(SOON));
    let begun = tokio::time::Instant::now();
    // It is told late that there is room.
    let looks = Match::op(OpCode::Exists).path(PATH);
    let looks = looks.session(zk.session_id().unwrap()).times(100);
    let rule = world
        .hooks
        .on(looks)
        .delay_reply(Duration::from_millis(500));
    let rivals = spawned(async move {
        loop {
            tokio::time::sleep(SOON / 3).await;
            take(&other).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            other.put("another").await.unwrap();
        }
    });
    let error = put.await.unwrap().unwrap_err();
    rivals.abort();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut, "{error}");
    assert!(world.hooks.fired(rule) > 3, "it has tried");
    let taken = begun.elapsed();
    assert!((SOON..SOON * 3 / 2).contains(&taken), "{taken:?}");
}

/// How many items there were at most while each of `producers` put `each` without anybody taking any.
async fn most_of(world: &World, producers: usize, is_strict: bool) -> usize {
    let mut puts = Vec::new();
    for _ in 0..producers {
        let queue = queue_of(world).await;
        let queue = match is_strict {
            true => queue.strict_bound(5),
            false => queue.bound(5),
        };
        puts.push(spawned(async move {
            while queue.put("x").timeout(Duration::from_secs(2)).await.is_ok() {}
        }));
    }
    for put in puts {
        put.await.unwrap();
    }
    items(world).len()
}

#[tokio::test(start_paused = true)]
async fn c44_a_bound_is_exceeded_by_less_than_the_number_of_producers_and_a_strict_one_never() {
    for producers in [1, 4, 9] {
        let most = most_of(&World::new(), producers, false).await;
        assert!((5..5 + producers).contains(&most), "{most} of {producers}");
        let most = most_of(&World::new(), producers, true).await;
        assert_eq!(most, 5, "{producers} producers");
    }
    // The slack is real: all four looked at the same moment.
    assert!(most_of(&World::new(), 4, false).await > 5);
}

#[tokio::test(start_paused = true)]
async fn what_a_queue_cannot_have_is_refused_before_anything_is_sent() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    for (entry, layout) in [
        (Entry::new("x").priority(1), QueueLayout::Fifo),
        (Entry::new("x").id("a"), QueueLayout::Simple),
        (Entry::new("x"), QueueLayout::Id),
        (Entry::records(["x", "y"]), QueueLayout::Kazoo),
    ] {
        let error = queue(&zk).layout(layout).put(entry).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(error.to_string().contains(PATH), "{error}");
    }
    let bad = Entry::new("x").id("a\0b");
    let error = queue(&zk)
        .layout(QueueLayout::Id)
        .put(bad)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPath);
    let error = queue(&zk).remove("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(zk_recipes::Queue::new(&zk, "/").is_err());
    assert_eq!(world.asked(session).all_since(&before), 0);
}

#[tokio::test(start_paused = true)]
async fn a_missing_chroot_is_named() {
    let world = World::new();
    let zk = world.client().await;
    let error = queue(&zk.chroot("/nowhere").unwrap())
        .put("x")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    assert!(error.to_string().contains("/nowhere"), "{error}");
}

/// Clients may write into the queue and nowhere beside it.
#[tokio::test(start_paused = true)]
async fn where_nothing_may_stand_beside_the_queue_that_is_told_and_another_place_will_do() {
    let world = World::new();
    let zk = world.client().await;
    let read_only = zk_recipes::Permissions::READ;
    let closed = vec![zk_recipes::Acl::open().with_perms(read_only)];
    zk.create("/queues", "").await.unwrap();
    zk.create(PATH, "").await.unwrap();
    zk.create("/free", "").await.unwrap();
    zk.set_acl("/queues", closed).await.unwrap();
    let open = queue(&zk);
    let error = open.put("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert_eq!(error.path(), Some("/queues/_marks_jobs"));
    assert!(
        error.to_string().contains("create under /queues"),
        "{error}"
    );
    let open = open.marks_at("/free/marks").unwrap();
    open.put("x").await.unwrap();
    let error = open.claim().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert_eq!(error.path(), Some("/queues/_locks_jobs"), "{error}");
    let open = open.lock_path("/free/locks").unwrap();
    super::claim(&open).await.complete().await.unwrap();
    open.put("y").await.unwrap();
    assert_eq!(take(&open).await, "y");
    assert_eq!(world.left("/free/locks"), [""; 0]);
}

/// Servers count what was ever put, and stop at 2³¹ − 1.
#[tokio::test(start_paused = true)]
async fn a29_where_the_servers_numbers_end_puts_say_so_and_nothing_is_lost_or_out_of_order() {
    for layout in LAYOUTS {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk).layout(layout);
        queue.put(entry(layout, "a")).await.unwrap();
        assert_eq!(take(&queue).await, "a");
        let parent = items_node(layout);
        assert!(world.hooks.set_sequence(&parent, i32::MAX - 1));
        // Ids and due times stand in the names, so all are of one name here.
        let put = |data: &str| queue.put(entry(layout, data)).into_future();
        for data in ["b", "c"] {
            put(data).await.unwrap();
        }
        for _ in 0..2 {
            let error = put("d").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NodeExists, "{layout}");
            assert_eq!(error.fate(), Fate::NotApplied);
            let text = format!("{error:#}");
            for part in [&*parent, "2147483647", "another queue"] {
                assert!(text.contains(part), "{layout}: {text}");
            }
        }
        // With the last number, there is room for one.
        assert_eq!(take(&queue).await, "b");
        put("e").await.unwrap_err();
        assert_eq!(take(&queue).await, "c");
        put("f").await.unwrap();
        assert_eq!(take(&queue).await, "f");
        // What the error says to do.
        zk.delete(&parent).await.unwrap();
        for data in ["g", "h", "i"] {
            put(data).await.unwrap();
        }
        for data in ["g", "h", "i"] {
            assert_eq!(take(&queue).await, data, "{layout}");
        }
    }
}

/// Where the items of such a queue stand.
fn items_node(layout: QueueLayout) -> String {
    match layout {
        QueueLayout::KazooLocking => format!("{PATH}/entries"),
        _ => PATH.to_owned(),
    }
}
