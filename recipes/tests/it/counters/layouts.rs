//! What counters read and write, and where they cannot.

use zk_recipes::{
    Acl, AtomicInt, AtomicLong, CreateMode, ErrorKind, Layout, Permissions, SharedCount,
};

use super::PATH;
use crate::kit::World;

#[tokio::test(start_paused = true)]
async fn a_counter_makes_its_node_persistent_below_containers_and_holds_nothing_but_its_bytes() {
    let world = World::new();
    let zk = world.client().await;
    let counter = AtomicLong::new(&zk, PATH).unwrap();
    assert_eq!(counter.get().await.unwrap(), 0, "missing");
    counter.add(258).await.unwrap();
    let node = world.hooks.node(PATH).unwrap();
    assert_eq!(node.data.unwrap()[..], [0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!(node.stat.ephemeral_owner.as_raw(), 0);
    zk.delete(&world.left(PATH)[0]).await.unwrap();
    zk.set(PATH, "").await.unwrap();
    assert_eq!(counter.get().await.unwrap(), 0, "empty");
    assert_eq!(counter.increment().await.unwrap().after, 1);
}

#[tokio::test(start_paused = true)]
async fn a22_data_of_another_size_is_an_error_that_says_so_and_can_be_repaired_or_given_a_default()
{
    let world = World::new();
    let zk = world.client().await;
    zk.create("/n", [0_u8, 0, 1].to_vec()).await.unwrap();
    let counter = AtomicLong::new(&zk, "/n").unwrap();
    for error in [
        counter.get().await.unwrap_err(),
        counter.increment().await.unwrap_err(),
        counter.compare_and_set(0, 1).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        assert!(
            error
                .to_string()
                .contains("/n as a number: the 3 bytes there"),
            "{error}"
        );
    }
    let count = SharedCount::new(&zk, "/n", 1).unwrap();
    let mut changes = count.changes();
    assert_eq!(
        count.get().await.unwrap_err().kind(),
        ErrorKind::Undecodable
    );
    assert_eq!(
        changes.next().await.unwrap_err().kind(),
        ErrorKind::Undecodable
    );
    let lenient = count.clone().or(7);
    assert_eq!(lenient.get().await.unwrap().value, 7);
    counter.set(1).await.unwrap();
    assert_eq!(counter.get().await.unwrap(), 1);
    // A counter of kazoo begins with empty data, which is no count of Curator's.
    zk.set("/n", "").await.unwrap();
    assert_eq!(
        count.get().await.unwrap_err().kind(),
        ErrorKind::Undecodable
    );
    assert_eq!(lenient.get().await.unwrap().value, 7);
    let current = lenient.get().await.unwrap();
    assert!(lenient.try_set(&current, 8).await.unwrap().is_done());
    assert_eq!(count.get().await.unwrap().value, 8);
}

#[tokio::test(start_paused = true)]
async fn k22_nodes_without_data_read_as_empty_ones() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/n", "x").await.unwrap();
    zk.set("/n", "").null().await.unwrap();
    assert_eq!(
        AtomicInt::new(&zk, "/n")
            .unwrap()
            .increment()
            .await
            .unwrap()
            .after,
        1
    );
    zk.set("/n", "").null().await.unwrap();
    let kazoo = AtomicLong::new(&zk, "/n").unwrap().layout(Layout::Kazoo);
    assert_eq!(kazoo.add(-12).await.unwrap().after, -12);
    assert_eq!(zk.get("/n").await.unwrap().data, "-12");
}

#[tokio::test(start_paused = true)]
async fn counters_and_shared_counts_of_four_bytes_are_the_same_node() {
    let world = World::new();
    let zk = world.client().await;
    let count = SharedCount::new(&zk, "/n", 5).unwrap();
    assert_eq!(count.get().await.unwrap().value, 5);
    let number = AtomicInt::new(&zk, "/n").unwrap();
    assert_eq!(number.add(-6).await.unwrap().after, -1);
    assert_eq!(count.get().await.unwrap().value, -1);
    count.set(12).await.unwrap();
    assert!(number.compare_and_set(12, 13).await.unwrap().is_done());
}

#[tokio::test(start_paused = true)]
async fn c55_counters_work_under_a_chroot() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/team/app", "").parents().await.unwrap();
    let app = zk.chroot("/team/app").unwrap();
    let counter = AtomicLong::new(&app, PATH).unwrap();
    world
        .hooks
        .on(zk_embedded::Match::op(zk_wire::OpCode::Multi)
            .path("/team")
            .times(1))
        .cut_after_apply();
    assert_eq!(counter.increment().await.unwrap().after, 1);
    assert!(world.hooks.node("/team/app/counters/n").is_some());
    drop(counter);
    world.until_empty("/team/app/counters/n").await;
    let nowhere = zk.chroot("/missing").unwrap();
    let error = AtomicLong::new(&nowhere, "/n")
        .unwrap()
        .increment()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    assert!(error.to_string().contains("chroot"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn where_no_mark_can_be_made_the_error_says_what_to_do_and_unmarked_counts() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/n", "").await.unwrap();
    let closed = Permissions::READ | Permissions::WRITE;
    zk.set_acl("/n", [Acl::new("world", "anyone", closed)])
        .await
        .unwrap();
    let counter = AtomicLong::new(&zk, "/n").unwrap();
    let error = counter.increment().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(
        error
            .to_string()
            .ends_with("give CREATE on it, or use .unmarked()"),
        "{error}"
    );
    let counter = counter.unmarked();
    assert_eq!(counter.increment().await.unwrap().after, 1);

    zk.create("/e", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let error = AtomicLong::new(&zk, "/e")
        .unwrap()
        .increment()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoChildrenForEphemerals, "{error}");
}

#[tokio::test(start_paused = true)]
async fn paths_that_can_be_no_counter_are_refused_before_anything_is_sent() {
    let world = World::new();
    let zk = world.client().await;
    for path in ["/", "", "n", "/a//b", "/a/"] {
        let error = AtomicLong::new(&zk, path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{path}");
    }
    let error = AtomicLong::new(&zk, "n").unwrap_err();
    assert!(error.to_string().ends_with("did you mean /n?"), "{error}");
}
