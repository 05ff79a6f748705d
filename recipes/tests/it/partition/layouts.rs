//! Whose nodes they are.

use std::future::IntoFuture;

use zk_client::CreateMode;
use zk_recipes::{ErrorKind, GroupLayout, ItemStanding, Layout, Mutex, Partitioner};

use super::{PATH, Worker, items, partitioner};
use crate::kit::{World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn members_and_locks_have_curators_names() {
    let world = World::new();
    let zk = world.client().await;
    let mut worker = Worker::new(&partitioner(&zk, 1), "a");
    assert_eq!(worker.settled().await, items(1));
    assert_eq!(worker.division.members(), ["a"]);
    assert_eq!(worker.division.member(), "a");
    assert_eq!(world.left("/indexer/party"), ["/indexer/party/a"]);
    let [node] = &world.left("/indexer/locks/shard-00")[..] else {
        panic!("one contender");
    };
    assert!(node.contains("/_c_") && node.contains("-lock-"), "{node}");
    assert_eq!(
        world.hooks.node(node).unwrap().data.unwrap(),
        "a",
        "operators see who"
    );
}

#[tokio::test(start_paused = true)]
async fn with_kazoos_layout_party_and_locks_are_those_of_its_set_partitioner() {
    let world = World::new();
    let (zk, theirs) = (world.client().await, world.client().await);
    // A member of kazoo, whose id comes first, with its share of the sorted items: every other one from the first.
    for parent in ["/indexer/party", "/indexer/locks/shard-00"] {
        theirs.create(parent, "").parents().await.unwrap();
    }
    let party = "/indexer/party/0123456789abcdef0123456789abcdef-kazoo-1";
    let ephemeral = CreateMode::Ephemeral;
    theirs
        .create(party, "kazoo-1")
        .mode(ephemeral)
        .await
        .unwrap();
    let mut worker = Worker::new(&partitioner(&zk, 5).layout(Layout::Kazoo), "ours-1");
    assert_eq!(worker.settled().await, ["shard-01", "shard-03"]);
    assert_eq!(worker.division.members(), ["kazoo-1", "ours-1"]);
    let [node] = &world.left("/indexer/locks/shard-01")[..] else {
        panic!("one contender");
    };
    assert!(node.contains("__lock__"), "{node}");
    assert!(
        world
            .left("/indexer/party")
            .iter()
            .any(|node| node.ends_with("-ours-1"))
    );
    // It holds an item that becomes ours when it leaves the party: it is waited for.
    let lock = Mutex::new(&theirs, "/indexer/locks/shard-00").unwrap();
    let held = lock.layout(Layout::Kazoo).acquire().await.unwrap();
    theirs.delete(party).await.unwrap();
    assert_eq!(
        worker.settled().await,
        ["shard-01", "shard-02", "shard-03", "shard-04"]
    );
    assert_eq!(worker.standings(ItemStanding::Waiting), 1);
    held.release().await.unwrap();
    assert_eq!(worker.settled().await, items(5));
}

#[tokio::test(start_paused = true)]
async fn a_second_member_of_an_id_has_what_the_first_had_when_that_is_gone() {
    let world = World::new();
    let (zk, again) = (world.client().await, world.client().await);
    let mut first = Worker::new(&partitioner(&zk, 4), "a");
    first.settled().await;
    let mut second = Worker::new(&partitioner(&again, 4), "a");
    assert_eq!(second.settled().await, Vec::<String>::new());
    assert_eq!(second.standings(ItemStanding::Waiting), 4);
    // The first one is the program as it was before it was started again.
    std::mem::forget(std::mem::take(&mut first.has));
    first.driver.abort();
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    second.take().await;
    assert_eq!(second.items(), items(4), "without another settling");
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_another_layout_on_an_item_ends_the_driver_with_an_error_that_names_it() {
    let world = World::new();
    let (zk, theirs) = (world.client().await, world.client().await);
    let lock = Mutex::new(&theirs, "/indexer/locks/shard-00").unwrap();
    let _held = lock
        .layout(Layout::Kazoo)
        .acquire()
        .into_future()
        .await
        .unwrap();
    let (_division, driver) = partitioner(&zk, 1).join("a").unwrap();
    let error = spawned(driver).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MixedContenders);
    assert!(
        error.to_string().contains("/indexer/locks/shard-00"),
        "{error}"
    );
    settle().await;
    assert_eq!(world.left("/indexer/party"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn items_and_ids_that_are_no_names_are_refused_before_anything_is_sent() {
    let world = World::new();
    let zk = world.client().await;
    for item in ["", "a/b", ".", "a\0"] {
        let error = Partitioner::new(&zk, PATH, ["good", item]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{item:?}");
    }
    assert_eq!(
        Partitioner::new(&zk, "/", ["a"]).unwrap_err().kind(),
        ErrorKind::InvalidPath
    );
    let partitioner = partitioner(&zk, 1);
    assert_eq!(
        partitioner.join("a/b").err().unwrap().kind(),
        ErrorKind::InvalidPath
    );
    let group = partitioner.layout(Layout::Kazoo).group().unwrap();
    assert_eq!(group.path(), "/indexer/party");
    let theirs = zk_recipes::Group::new(&zk, "/indexer/party").unwrap();
    let theirs = theirs.layout(GroupLayout::ShallowParty);
    assert_eq!(
        theirs.members().await.unwrap(),
        group.members().await.unwrap()
    );
}
