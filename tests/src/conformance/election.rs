//! An election: terms, their records, and those who look on.

use std::future::IntoFuture;
use std::time::Duration;

use zk_recipes::{Election, ElectionLayout, ErrorKind};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

pub async fn terms_follow_one_another_with_epochs_that_grow(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    for layout in [
        ElectionLayout::Latch,
        ElectionLayout::Selector,
        ElectionLayout::Kazoo,
    ] {
        let path = format!("/elections/{layout:?}");
        let ours = Election::new(&zk, &path).unwrap().layout(layout);
        let ours = ours.contender("a").announcement("at a");
        let theirs = Election::new(&other, &path).unwrap().layout(layout);
        let first = ours.elected().await.unwrap();
        assert!(theirs.elected().if_free().await.unwrap().is_none());
        let seen = theirs.leader().await.unwrap().unwrap();
        assert_eq!(seen.node, first.term().held().node());
        assert_eq!(seen.epoch, Some(first.epoch()));
        let next = tokio::spawn(theirs.contender("b").elected().into_future());
        deadline(SOON)
            .until_some("two candidates", || async {
                (ours.candidates().await.unwrap().len() == 2).then_some(())
            })
            .await;
        assert!(first.resign().await.unwrap().was_held);
        let next = deadline(SOON).until("the next term", next).await;
        let next = next.unwrap().unwrap();
        let seen = ours.leader().await.unwrap().unwrap();
        assert_eq!(seen.epoch, Some(next.epoch()));
        assert!(next.resign().await.unwrap().was_held);
        assert_eq!(ours.leader().await.unwrap(), None);
    }
    assert_eq!(server.watches(), 0);
}

pub async fn a_term_is_announced_while_it_lasts_and_refused_after_it(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let election = Election::new(&zk, "/elections/a").unwrap();
    let mut leaders = Election::new(&other, "/elections/a").unwrap().observe();
    assert_eq!(leaders.next().await.unwrap(), None);
    let leadership = election.elected().await.unwrap();
    let term = leadership.term();
    term.announce("10.0.0.7:80").await.unwrap();
    let seen = async {
        loop {
            let leader = leaders.next().await.unwrap();
            if let Some(leader) = leader.filter(|leader| leader.announcement == "10.0.0.7:80") {
                return leader.epoch;
            }
        }
    };
    let epoch = deadline(SOON).until("the announcement", seen).await;
    assert_eq!(epoch, Some(term.epoch()));
    other.delete(term.held().node()).await.unwrap();
    leadership.lost().await;
    let error = term.announce("late").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    let error = zk.create("/by-the-leader", "").fenced_by(&term).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::LockLost);
}
