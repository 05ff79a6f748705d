//! Whose nodes the members' are.

use zk_client::CreateMode;
use zk_recipes::{ErrorKind, Group, GroupLayout};

use super::{PATH, group, ids, joined};
use crate::kit::{World, spawned};

#[tokio::test(start_paused = true)]
async fn a_member_is_curators_node_with_its_id_as_name() {
    let world = World::new();
    let zk = world.client().await;
    let group = group(&zk);
    let (membership, driver) = joined(&group, "node-7").await;
    assert_eq!(world.left(PATH), ["/workers/node-7"]);
    let members = group.members().await.unwrap();
    let node = world.hooks.node("/workers/node-7").unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(
        (&*members[0].id, &*members[0].node),
        ("node-7", "/workers/node-7")
    );
    assert_eq!(members[0].data, "data of node-7");
    assert_eq!(Some(members[0].session), zk.session_id());
    assert_eq!(members[0].since, node.stat.czxid);
    membership.set("else").unwrap();
    membership.presence().present().await.unwrap();
    assert_eq!(group.members().await.unwrap()[0].data, "else");
    assert!(membership.is_member() && membership.id() == "node-7");
    membership.leave();
    driver.await.unwrap().unwrap();
    assert!(!membership.is_member());
    assert_eq!(ids(&group).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn members_of_kazoos_party_have_their_id_as_data_and_no_other() {
    let world = World::new();
    let zk = world.client().await;
    let group = group(&zk).layout(GroupLayout::Party);
    let error = group.join("a", "data").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    // Any text is an id, as it is no part of a name.
    let (membership, driver) = group.join("a/b ü", "").unwrap();
    let _driver = spawned(driver);
    membership.presence().present().await.unwrap();
    let [node] = &world.left(PATH)[..] else {
        panic!("one node");
    };
    let name = node.strip_prefix("/workers/").unwrap();
    let unique = name.strip_suffix("__party__").unwrap();
    assert!(unique.len() == 32 && unique.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(world.hooks.node(node).unwrap().data.unwrap(), "a/b ü");
    assert_eq!(ids(&group).await, ["a/b ü"]);
    assert_eq!(membership.set("x").unwrap_err().kind(), ErrorKind::Misuse);
    // What is no member's is not listed: kazoo ignores it, too.
    zk.create("/workers/other", "").await.unwrap();
    assert_eq!(ids(&group).await, ["a/b ü"]);
}

#[tokio::test(start_paused = true)]
async fn members_of_kazoos_shallow_party_have_their_id_in_their_name_and_may_say_more() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = group(&zk).layout(GroupLayout::ShallowParty);
    let (plain, driver) = ours.join("node-7", "").unwrap();
    let _driver = spawned(driver);
    plain.presence().present().await.unwrap();
    let [node] = &world.left(PATH)[..] else {
        panic!("one node");
    };
    assert!(node.ends_with("-node-7") && node.len() == "/workers/-node-7".len() + 32);
    assert_eq!(
        world.hooks.node(node).unwrap().data.unwrap(),
        "node-7",
        "as kazoo's"
    );
    // The id is there twice, as kazoo allows.
    let theirs = group(&other).layout(GroupLayout::ShallowParty);
    let (second, _driver) = joined(&theirs, "node-7").await;
    assert_eq!(ids(&ours).await, ["node-7", "node-7"]);
    let members = ours.members().await.unwrap();
    assert!(members[0].since < members[1].since, "the older one first");
    assert_eq!(members[1].data, "data of node-7");
    assert_eq!(second.id(), "node-7");
}

#[tokio::test(start_paused = true)]
async fn parents_are_containers_for_curator_and_stay_for_kazoo() {
    for (layout, stays) in [
        (GroupLayout::GroupMember, false),
        (GroupLayout::Party, true),
        (GroupLayout::ShallowParty, true),
    ] {
        let world = World::new();
        let zk = world.client().await;
        let group = group(&zk).layout(layout);
        let (membership, driver) = group.join("a", "").unwrap();
        let driver = spawned(driver);
        membership.presence().present().await.unwrap();
        membership.leave();
        driver.await.unwrap().unwrap();
        world.hooks.run_reaper();
        assert_eq!(world.hooks.node(PATH).is_some(), stays, "{layout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_cannot_be_part_of_a_name_is_refused_before_anything_is_sent() {
    let world = World::new();
    let zk = world.client().await;
    for layout in [GroupLayout::GroupMember, GroupLayout::ShallowParty] {
        for id in ["", "a/b", "a\0b"] {
            let error = group(&zk).layout(layout).join(id, "").err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidPath, "{id:?}");
        }
    }
    for id in [".", ".."] {
        let error = group(&zk).join(id, "").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{id:?}");
    }
    assert_eq!(
        Group::new(&zk, "/").unwrap_err().kind(),
        ErrorKind::InvalidPath
    );
}

#[tokio::test(start_paused = true)]
async fn members_of_other_programs_are_listed_as_theirs_read_them() {
    let world = World::new();
    let zk = world.client().await;
    zk.create(PATH, "").await.unwrap();
    let party = "0123456789abcdef0123456789abcdef__party__";
    let shallow = "0123456789abcdef0123456789abcdef-host-7";
    for name in [party, shallow] {
        let create = zk.create(&format!("{PATH}/{name}"), "who");
        create.mode(CreateMode::Ephemeral).await.unwrap();
    }
    let of = |layout| group(&zk).layout(layout);
    assert_eq!(ids(&of(GroupLayout::Party)).await, ["who"]);
    assert_eq!(ids(&of(GroupLayout::ShallowParty)).await, [party, "host-7"]);
    assert_eq!(ids(&of(GroupLayout::GroupMember)).await, [shallow, party]);
}
