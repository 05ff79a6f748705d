//! In which order items are handed out, and under which names they are.

use std::time::Duration;

use zk_recipes::{CreateMode, Entry, QueueLayout};

use super::{LAYOUTS, PATH, claim, entry, items, queue, queue_of, take, try_take};
use crate::kit::{World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn what_is_put_first_is_taken_first_in_every_layout() {
    for layout in LAYOUTS {
        let world = World::new();
        let queue = queue_of(&world).await.layout(layout);
        for n in 0..12 {
            queue.put(entry(layout, &n.to_string())).await.unwrap();
        }
        for n in 0..6 {
            assert_eq!(take(&queue).await, n.to_string(), "{layout:?}");
        }
        for n in 6..12 {
            let claimed = claim(&queue).await;
            assert_eq!(claimed.data(), n.to_string().as_bytes(), "{layout:?}");
            claimed.complete().await.unwrap();
        }
        assert_eq!(try_take(&queue).await.unwrap(), None);
        assert_eq!(items(&world), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn items_have_the_names_and_bytes_of_the_other_libraries() {
    for (layout, name, data) in [
        (
            QueueLayout::Fifo,
            "queue-0000000000",
            &b"\0\x01\0\x01\x01\0\0\0\x03abc\x02"[..],
        ),
        (
            QueueLayout::Priority,
            "queue-1000000000000000000",
            b"\0\x01\0\x01\x01\0\0\0\x03abc\x02",
        ),
        (
            QueueLayout::Delay,
            "queue-|00000000|0000000000",
            b"\0\x01\0\x01\x01\0\0\0\x03abc\x02",
        ),
        (
            QueueLayout::Id,
            "queue-|x|0000000000",
            b"\0\x01\0\x01\x01\0\0\0\x03abc\x02",
        ),
        (QueueLayout::Simple, "qn-0000000000", b"abc"),
        (QueueLayout::Kazoo, "entry-100-0000000000", b"abc"),
        (
            QueueLayout::KazooLocking,
            "entries/entry-100-0000000000",
            b"abc",
        ),
    ] {
        let world = World::new();
        let queue = queue_of(&world).await.layout(layout);
        let placed = queue.put(entry(layout, "abc")).await.unwrap();
        let path = format!("{PATH}/{name}");
        assert_eq!(placed.node.as_deref(), Some(&*path));
        let node = world.hooks.node(&path).unwrap();
        assert_eq!(node.data.unwrap(), data);
        assert_eq!(node.stat.czxid, placed.zxid);
    }
}

#[tokio::test(start_paused = true)]
async fn a34_a_more_urgent_item_that_comes_later_is_taken_first_by_whoever_listed_before() {
    for layout in [
        QueueLayout::Priority,
        QueueLayout::Kazoo,
        QueueLayout::KazooLocking,
    ] {
        let world = World::new();
        let (ours, theirs) = (
            queue_of(&world).await.layout(layout),
            queue_of(&world).await.layout(layout),
        );
        for n in 0..5 {
            ours.put(Entry::new(format!("low {n}")).priority(200))
                .await
                .unwrap();
        }
        assert_eq!(take(&ours).await, "low 0");
        theirs.put(Entry::new("high").priority(3)).await.unwrap();
        assert_eq!(take(&ours).await, "high", "{layout:?}");
        assert_eq!(take(&ours).await, "low 1");
    }
}

#[tokio::test(start_paused = true)]
async fn priorities_below_0_come_before_0_and_are_first_in_first_out_within_one() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Priority);
    let priorities = [3, -1, 0, i32::MIN, 3, i32::MAX, -1];
    for (n, priority) in priorities.into_iter().enumerate() {
        queue
            .put(Entry::new(n.to_string()).priority(priority))
            .await
            .unwrap();
    }
    let mut taken = Vec::new();
    while let Some(item) = queue.try_take().await.unwrap() {
        taken.push((item.priority().unwrap(), super::text(&item)));
    }
    let expected = [
        (i32::MIN, 3),
        (-1, 1),
        (-1, 6),
        (0, 2),
        (3, 0),
        (3, 4),
        (i32::MAX, 5),
    ];
    assert_eq!(
        taken,
        expected.map(|(priority, n)| (priority, n.to_string()))
    );
}

/// kazoo's `Queue` would take it.
#[tokio::test(start_paused = true)]
async fn a_child_that_is_no_item_is_left_alone() {
    for layout in LAYOUTS {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk).layout(layout);
        queue.put(entry(layout, "a")).await.unwrap();
        let foreign = format!("{PATH}/config");
        zk.create(&foreign, "x").await.unwrap();
        assert_eq!(take(&queue).await, "a");
        assert_eq!(try_take(&queue).await.unwrap(), None);
        assert!(world.hooks.node(&foreign).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_ours_stands_where_kazoo_takes_whatever_it_finds() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Kazoo);
    for n in 0..3 {
        queue.put(n.to_string()).await.unwrap();
    }
    let held = claim(&queue).await;
    assert_eq!(world.left(PATH), items(&world));
    held.complete().await.unwrap();
    queue.take().await.unwrap();
    assert_eq!(world.left(PATH).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a21_items_of_any_id_are_removed_by_it() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Id);
    let ids = [
        "a",
        "a/b",
        "a|b|c",
        "/",
        "..",
        "ü 1",
        "queue-",
        "0000000001",
    ];
    for id in ids {
        queue.put(Entry::new(id).id(id)).await.unwrap();
    }
    for id in ids.into_iter().rev() {
        assert_eq!(queue.remove(id).await.unwrap(), 1, "{id}");
        assert_eq!(queue.remove(id).await.unwrap(), 0, "{id}");
    }
    assert_eq!(items(&world), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_somebody_works_on_is_not_removed_by_its_id() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Id);
    queue.put(Entry::new("1").id("a")).await.unwrap();
    let claimed = claim(&queue).await;
    queue.put(Entry::new("2").id("a")).await.unwrap();
    assert_eq!(queue.remove("a").await.unwrap(), 1);
    assert_eq!(items(&world), [claimed.item().node()]);
    claimed.complete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_taken_in_order_and_in_one_transaction() {
    let world = World::new();
    let queue = queue_of(&world).await;
    queue.put_all(["a", "b", "c", "d", "e"]).await.unwrap();
    let taken = queue.take_many(3).await.unwrap();
    let texts: Vec<String> = taken.iter().map(super::text).collect();
    assert_eq!(texts, ["a", "b", "c"]);
    assert_eq!(queue.take_many(9).await.unwrap().len(), 2);
    let nothing = queue.take_many(9).timeout(Duration::from_millis(100)).await;
    assert_eq!(
        nothing.unwrap_err().kind(),
        zk_recipes::ErrorKind::WaitTimedOut
    );
}

#[tokio::test(start_paused = true)]
async fn ten_consumers_get_every_item_once() {
    for claims in [false, true] {
        let world = World::new();
        let queue = queue_of(&world).await;
        let entries: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
        queue.put_all(entries.clone()).await.unwrap();
        let mut consumers = Vec::new();
        for _ in 0..10 {
            let queue = queue_of(&world).await;
            consumers.push(spawned(async move {
                let mut got = Vec::new();
                loop {
                    if claims {
                        let Some(claimed) = queue.try_claim().await.unwrap() else {
                            break;
                        };
                        got.push(super::text(claimed.item()));
                        claimed.complete().await.unwrap();
                    } else {
                        let Some(item) = try_take(&queue).await.unwrap() else {
                            break;
                        };
                        got.push(item);
                    }
                }
                got
            }));
        }
        let mut got = Vec::new();
        for consumer in consumers {
            got.extend(consumer.await.unwrap());
        }
        got.sort();
        assert_eq!(got, entries, "claims: {claims}");
    }
}

#[tokio::test(start_paused = true)]
async fn looking_takes_nothing_and_shows_what_is_next() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Priority);
    assert!(queue.is_empty().await.unwrap());
    assert_eq!(queue.peek().await.unwrap(), None);
    queue.put(Entry::new("a").priority(4)).await.unwrap();
    queue.put(Entry::new("b").priority(2)).await.unwrap();
    assert_eq!(queue.last_len(), 0, "as of the last look");
    let next = queue.peek().await.unwrap().unwrap();
    assert_eq!((next.data(), next.priority()), (&b"b"[..], Some(2)));
    assert_eq!((queue.len().await.unwrap(), queue.last_len()), (2, 2));
    let claimed = claim(&queue).await;
    assert_eq!(queue.peek().await.unwrap().unwrap().data(), b"a");
    let list = queue.list().await.unwrap();
    let list: Vec<_> = list
        .iter()
        .map(|item| (item.priority, item.is_claimed))
        .collect();
    assert_eq!(list, [(Some(2), true), (Some(4), false)]);
    drop(claimed);
    settle().await;
    assert!(!queue.list().await.unwrap()[0].is_claimed);
}

/// Beyond 2³¹ − 1 the server's numbers are no order any more.
#[tokio::test(start_paused = true)]
async fn items_beyond_the_end_of_the_counter_are_handed_out_too() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk);
    zk.create(PATH, "").parents().await.unwrap();
    assert!(world.hooks.set_sequence(PATH, i32::MAX));
    queue.put("last").await.unwrap();
    zk.create(
        &format!("{PATH}/queue--2147483648"),
        &b"\0\x01\0\x01\x01\0\0\0\x04next\x02"[..],
    )
    .mode(CreateMode::Persistent)
    .await
    .unwrap();
    assert_eq!(take(&queue).await, "last");
    assert_eq!(take(&queue).await, "next");
}
