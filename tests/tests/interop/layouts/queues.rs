//! Queues.

use std::time::Duration;

use zk_client::EventType;
use zk_recipes::{AddWatchMode, Client, Watch, WatchEvent};
use zk_tests::{Channel, bytes, deadline, word};

use super::{children, client, curator, kazoo};

/// `abc` in Curator's envelope.
const ABC: &str = "00010001010000000361626302";

/// A producer of Curator's queues on `/NAME`, after it was told to put something.
async fn produced(
    name: &str,
    kind: &str,
    orders: &[&str],
) -> (Client, Channel, Vec<(String, String)>) {
    let (connect, zk) = client().await;
    let mut queues = curator("queues", &connect).await;
    queues
        .ask(&format!("start q {kind} /{name} - producer"))
        .await;
    for order in orders {
        queues.ask(order).await;
    }
    let path = format!("/{name}");
    let mut all = Vec::new();
    for (name, _) in children(&zk, &path).await {
        let data = zk.get(&format!("{path}/{name}")).await.unwrap().data;
        all.push((name, word(&data)));
    }
    (zk, queues, all)
}

fn expected(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, data): &(&str, &str)| ((*name).to_owned(), (*data).to_owned());
    all.iter().map(own).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_queue_packs_one_item_many_and_none() {
    let orders = [
        "put q 616263",
        "put-many q 61 6263",
        "put-many q",
        "put q -",
    ];
    let (_, _, all) = produced("layout-fifo", "fifo", &orders).await;
    let wanted = [
        ("queue-0000000000", ABC),
        ("queue-0000000001", "000100010100000001610100000002626302"),
        ("queue-0000000002", "0001000102"),
        ("queue-0000000003", "00010001010000000002"),
    ];
    assert_eq!(all, expected(&wanted));
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_priority_queue_names_items_by_priority() {
    let orders = [-2_147_483_648, -1, 0, 1, 100, i32::MAX]
        .map(|priority| format!("put-priority q 616263 {priority}"));
    let orders = orders.each_ref().map(String::as_str);
    let (_, _, all) = produced("layout-priority", "priority", &orders).await;
    let wanted = [
        ("queue-0800000000000000000", ABC),
        ("queue-0FFFFFFFF0000000001", ABC),
        ("queue-1000000000000000002", ABC),
        ("queue-1000000010000000003", ABC),
        ("queue-1000000640000000004", ABC),
        ("queue-17FFFFFFF0000000005", ABC),
    ];
    assert_eq!(all, expected(&wanted));
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_delay_queue_names_items_by_when_they_are_due() {
    let orders = ["put-delay q 616263 1700000000000", "put-delay q 616263 5"];
    let (_, _, all) = produced("layout-delay", "delay", &orders).await;
    let wanted = [
        ("queue-|00000005|0000000001", ABC),
        ("queue-|18BCFE56800|0000000000", ABC),
    ];
    assert_eq!(all, expected(&wanted));
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_id_queue_cannot_remove_an_id_that_it_had_to_rewrite() {
    let orders = ["put-id q 616263 a/b|c", "put-id q 616263 plain"];
    let (zk, mut queues, all) = produced("layout-id", "id", &orders).await;
    let wanted = [
        ("queue-|a_b_c|0000000000", ABC),
        ("queue-|plain|0000000001", ABC),
    ];
    assert_eq!(all, expected(&wanted));
    assert_eq!(queues.ask("remove q a/b|c").await, "0");
    assert_eq!(queues.ask("remove q a_b_c").await, "1");
    assert_eq!(queues.ask("remove q plain").await, "1");
    assert_eq!(
        zk.children("/layout-id").await.unwrap(),
        Vec::<String>::new()
    );
}
/// The names of the nodes that appear until two are gone.
async fn appeared(mut watch: Watch) -> Vec<String> {
    let limit = deadline(Duration::from_secs(60));
    let (mut appeared, mut gone) = (Vec::new(), 0);
    while gone < 2 {
        let event = limit.until("an event", watch.next()).await;
        let Some(WatchEvent::Fired { kind, path, .. }) = event else {
            panic!("{event:?}");
        };
        if kind == EventType::Created {
            appeared.push(path.rsplit('/').next().unwrap().to_owned());
        }
        gone += usize::from(kind == EventType::Deleted);
    }
    appeared
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_consumer_that_throws_puts_the_item_back_without_its_priority_or_due_time() {
    let (connect, zk) = client().await;
    let mut queues = curator("queues", &connect).await;
    for (kind, put, again) in [
        ("fifo", "put q 616263", "queue-0000000001"),
        ("priority", "put-priority q 616263 7", "queue-0000000001"),
        ("delay", "put-delay q 616263 5", "queue-0000000001"),
        ("id", "put-id q 616263 7", "queue-|7|0000000001"),
    ] {
        let path = format!("/layout-again-{kind}");
        queues
            .ask(&format!("start q {kind} {path} {path}-locks producer"))
            .await;
        queues.ask(put).await;
        let watch = zk
            .watch(&path, AddWatchMode::PersistentRecursive)
            .await
            .unwrap();
        queues
            .ask(&format!("start c {kind} {path} {path}-locks refuser"))
            .await;
        assert_eq!(queues.ask("took c 1").await, "616263");
        assert_eq!(appeared(watch).await, [again]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_consumer_drops_what_it_cannot_read_and_leaves_what_is_not_named_as_an_item() {
    let (connect, zk) = client().await;
    zk.create("/layout-broken", "").await.unwrap();
    let items = [
        ("too short", "0001000101000000036162"),
        ("another version", "000200010100000003616263"),
        (
            "an unknown code behind the first item",
            "0001000101000000016103",
        ),
        ("a negative length", "0001000101ffffffff02"),
        ("nothing", "-"),
        ("more behind the end", "000100010100000001620263"),
    ];
    for (n, (_, data)) in items.iter().enumerate() {
        let path = format!("/layout-broken/queue-{n:010}");
        zk.create(&path, bytes(data).unwrap()).await.unwrap();
    }
    let others = ["entry-100-0000000000", "qn-0000000000"];
    for other in others {
        zk.create(&format!("/layout-broken/{other}"), "theirs")
            .await
            .unwrap();
    }
    let mut queues = curator("queues", &connect).await;
    queues.ask("start q fifo /layout-broken - consumer").await;
    let mut taken = queues.ask("took q 1").await;
    deadline(Duration::from_secs(60))
        .until_some("what is left", || async {
            let mut left = zk.children("/layout-broken").await.unwrap();
            left.sort();
            (left == others).then_some(())
        })
        .await;
    queues.ask("stop q").await;
    // Of a node that is broken at its end it hands out nothing at all.
    taken += &queues.ask("took q 0").await;
    assert_eq!(taken, "62");
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_simple_queue_and_kazoos_queues_hold_items_as_they_are() {
    let (connect, zk) = client().await;
    let mut theirs = curator("queues", &connect).await;
    theirs.ask("simple s /layout-simple").await;
    theirs.ask("offer s 616263").await;
    let named = |name: &str| vec![(name.to_owned(), "abc".to_owned())];
    assert_eq!(
        children(&zk, "/layout-simple").await,
        named("qn-0000000000")
    );

    let mut queues = kazoo("queues", &connect).await;
    queues.ask("start q plain /layout-kazoo").await;
    queues.ask("put q 616263 7").await;
    assert_eq!(
        children(&zk, "/layout-kazoo").await,
        named("entry-007-0000000000")
    );
    queues.ask("start l locking /layout-locking").await;
    queues.ask("put l 616263").await;
    assert_eq!(
        children(&zk, "/layout-locking/entries").await,
        named("entry-100-0000000000")
    );
    queues.ask("lock l 10").await;
    let (name, consumer) = children(&zk, "/layout-locking/taken").await.remove(0);
    assert_eq!(
        (name.as_str(), consumer.len()),
        ("entry-100-0000000000", 32)
    );
}
