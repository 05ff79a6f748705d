//! Groups, and divisions among their members.

use std::time::Duration;

use zk_recipes::{Client, Group, GroupLayout, Layout, Partitioner};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(20);

pub async fn members_come_and_go_and_observers_are_told(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    for (layout, at) in [
        (GroupLayout::GroupMember, "/groups/member"),
        (GroupLayout::Party, "/groups/party"),
        (GroupLayout::ShallowParty, "/groups/shallow"),
    ] {
        let group = |zk: &Client| Group::new(zk, at).unwrap().layout(layout);
        let (mut rosters, looking) = group(&other).observe();
        let looking = tokio::spawn(looking);
        assert!(rosters.next().await.unwrap().members.is_empty());
        let (first, driver) = group(&zk).join("a", "").unwrap();
        let driver = tokio::spawn(driver);
        let (second, later) = group(&other).join("b", "").unwrap();
        let later = tokio::spawn(later);
        let both = async { while rosters.next().await.unwrap().members.len() < 2 {} };
        deadline(SOON).until("both", both).await;
        let members = group(&zk).members().await.unwrap();
        assert_eq!(members[0].id, "a");
        assert_eq!(Some(members[0].session), zk.session_id());
        first.leave();
        driver.await.unwrap().unwrap();
        let roster = deadline(SOON).until("who goes", rosters.next()).await;
        assert_eq!(Vec::from_iter(roster.unwrap().ids()), ["b"]);
        drop(rosters);
        looking.await.unwrap().unwrap();
        second.leave();
        later.await.unwrap().unwrap();
        assert!(group(&zk).members().await.unwrap().is_empty());
    }
    let is_clean = || async { (server.watches() == 0).then_some(()) };
    deadline(SOON).until_some("no watch", is_clean).await;
}

pub async fn items_move_to_who_comes_and_back_when_it_goes(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    for (layout, at) in [
        (Layout::Curator, "/division/c"),
        (Layout::Kazoo, "/division/k"),
    ] {
        let part = |zk: &Client| {
            let items = (0..8).map(|n| format!("item-{n}"));
            let partitioner = Partitioner::new(zk, at, items).unwrap().layout(layout);
            partitioner.settle(Duration::from_millis(100))
        };
        let (mut first, driver) = part(&zk).join("a").unwrap();
        let driver = tokio::spawn(driver);
        let mut has = Vec::new();
        while has.len() < 8 {
            let next = deadline(SOON).until("an item", first.next()).await;
            has.push(next.unwrap());
        }
        let (mut second, later) = part(&other).join("b").unwrap();
        let later = tokio::spawn(later);
        deadline(SOON)
            .until_some("a recall", || async {
                has.iter().any(zk_recipes::Owned::is_recalled).then_some(())
            })
            .await;
        let (recalled, kept): (Vec<_>, Vec<_>) =
            has.into_iter().partition(zk_recipes::Owned::is_recalled);
        let mut moved = Vec::new();
        for owned in recalled {
            let (item, token) = (owned.item().to_owned(), owned.token());
            assert!(owned.release().await.unwrap().was_held);
            let next = deadline(SOON)
                .until("what was let go of", second.next())
                .await;
            let next = next.unwrap();
            assert_eq!(next.item(), item);
            assert!(next.token() > token);
            moved.push(next);
        }
        assert!(
            kept.iter()
                .all(|owned| !owned.is_recalled() && owned.held().is_held())
        );
        second.leave();
        let count = moved.len();
        for owned in moved {
            owned.recalled().await;
            owned.release().await.unwrap();
        }
        later.await.unwrap().unwrap();
        let mut back = Vec::new();
        while back.len() < count {
            let next = deadline(SOON).until("what is left", first.next()).await;
            back.push(next.unwrap());
        }
        drop((first, back, kept));
        driver.await.unwrap().unwrap();
    }
}
