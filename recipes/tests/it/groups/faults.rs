//! Lost answers, expiries, and futures that are dropped.

use zk_embedded::Match;
use zk_recipes::{Acl, ErrorKind, GroupLayout, Permissions, Standing};
use zk_wire::OpCode;

use super::{PATH, group, ids, joined, observe};
use crate::kit::{ROUND_TRIP, World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn a_lost_answer_neither_doubles_a_member_nor_leaves_it_out() {
    for layout in [
        GroupLayout::GroupMember,
        GroupLayout::Party,
        GroupLayout::ShallowParty,
    ] {
        for applied in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            zk.create(PATH, "").await.unwrap();
            let fault = world.hooks.on(Match::op(OpCode::Create2));
            if applied {
                fault.cut_after_apply();
            } else {
                fault.cut_before_apply();
            }
            let group = group(&zk).layout(layout);
            let (membership, driver) = group.join("a", "").unwrap();
            let driver = spawned(driver);
            membership.presence().present().await.unwrap();
            settle().await;
            assert_eq!(ids(&group).await, ["a"]);
            membership.leave();
            driver.await.unwrap().unwrap();
            assert_eq!(world.left(PATH), Vec::<String>::new());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_is_back_in_its_next_session_with_what_it_said_last() {
    let world = World::new();
    let zk = world.client().await;
    let group = group(&zk);
    let (membership, _driver) = joined(&group, "a").await;
    for round in 0..10 {
        world.hooks.expire(zk.session_id().unwrap());
        membership.set(format!("{round}")).unwrap();
        membership.presence().present().await.unwrap();
        let members = group.members().await.unwrap();
        assert_eq!(members.len(), 1);
        assert_eq!(members[0].data, format!("{round}"));
        assert_eq!(Some(members[0].session), zk.session_id());
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_member_of_an_id_waits_until_the_first_is_gone() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (first, driver) = joined(&group(&zk), "a").await;
    let (second, later) = group(&other).join("a", "second").unwrap();
    let _later = spawned(later);
    settle().await;
    let owner = zk.session_id().unwrap();
    assert_eq!(second.presence().standing(), Standing::Taken(owner));
    assert!(!second.is_member());
    first.leave();
    driver.await.unwrap().unwrap();
    second.presence().present().await.unwrap();
    let members = group(&zk).members().await.unwrap();
    assert_eq!((members.len(), &*members[0].data), (1, &b"second"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_look_leaves_out_who_goes_between_its_list_and_its_reads() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mine = group(&zk);
    let (_stays, _driver) = joined(&mine, "a").await;
    let (goes, driver) = joined(&mine, "b").await;
    let list = Match::op(OpCode::GetChildren);
    world.hooks.on(list).delay_reply(ROUND_TRIP * 5);
    let theirs = group(&other);
    let looking = tokio::spawn(async move { ids(&theirs).await });
    settle().await;
    goes.leave();
    driver.await.unwrap().unwrap();
    assert_eq!(looking.await.unwrap(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_read_the_group_is_told_so_and_may_look_again() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let acl = Acl::open().with_perms(Permissions::CREATE | Permissions::ADMIN);
    zk.create(PATH, "").acl([acl]).await.unwrap();
    let mut rosters = observe(&group(&other));
    assert_eq!(rosters.rosters.next().await, None);
    let error = rosters.driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert!(error.to_string().contains(PATH), "{error}");
    let error = group(&other).members().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    zk.set_acl(PATH, [Acl::open()]).await.unwrap();
    let mut rosters = observe(&group(&other));
    rosters.until(&[], false).await;
    other.close().await.unwrap();
    let error = rosters.driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    while let Some(roster) = rosters.rosters.next().await {
        assert!(roster.is_stale);
    }
}
