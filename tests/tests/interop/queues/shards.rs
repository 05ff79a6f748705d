//! A queue that is divided, by ours and by Curator's sharder.

use std::time::Duration;

use zk_recipes::{Client, Election, Queue, ShardedQueue};
use zk_tests::{Deadline, RealServer, Talk, deadline, word};

use super::EXCHANGES;

const PATH: &str = "/queues-sharded";
const LEADER: &str = "/queues-sharded-leader";

/// The only item that there is, in whichever part.
async fn take(ours: &ShardedQueue, limit: &Deadline) -> String {
    let taken = limit.until_some("an item", || async {
        for part in ours.parts().await.unwrap() {
            if let Some(item) = part.try_take().await.unwrap() {
                return Some(item);
            }
        }
        None
    });
    String::from_utf8(taken.await.data().to_vec()).unwrap()
}

/// Theirs put into the parts that theirs adds, and ours takes from all, in the end one item after the other; then ours put
/// into those that ours adds, and theirs takes from all, in the end one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn parts_that_ours_or_curators_sharder_adds_are_put_into_and_taken_from_by_the_other() {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let limit = deadline(Duration::from_secs(60));
    let ours = ShardedQueue::new(&Queue::new(&zk, PATH).unwrap());
    let ours = ours.threshold(3).check_every(Duration::from_millis(50));
    let mut theirs = Talk::curator().open("queues", &connect).await;
    theirs
        .ask(&format!("shard p {PATH} {LEADER} producer"))
        .await;
    for n in 0..EXCHANGES {
        theirs
            .ask(&format!(
                "put-shard p {}",
                word(format!("j{n:02}").as_bytes())
            ))
            .await;
    }
    // However fast it was: it sees that the parts are full.
    let count = async || ours.parts().await.unwrap().len();
    limit
        .until_some("parts that theirs adds", || async {
            (count().await > 1).then_some(())
        })
        .await;
    let mut taken = Vec::new();
    for part in ours.parts().await.unwrap() {
        while let Some(item) = part.try_take().await.unwrap() {
            taken.push(String::from_utf8(item.data().to_vec()).unwrap());
        }
    }
    taken.sort();
    let all = |who| (0..EXCHANGES).map(move |n| format!("{who}{n:02}"));
    assert!(taken.iter().cloned().eq(all('j')), "{taken:?}");
    for n in 0..EXCHANGES {
        let item = format!("j-{n}");
        theirs
            .ask(&format!("put-shard p {}", word(item.as_bytes())))
            .await;
        assert_eq!(take(&ours, &limit).await, item);
    }
    theirs.ask("stop-shard p").await;

    // Theirs adds no more than three; nobody does now.
    let before = count().await;
    let election = Election::new(&zk, LEADER).unwrap();
    let growing = tokio::spawn({
        let ours = ours.clone();
        async move { ours.grow(&election).await }
    });
    for n in 0..EXCHANGES {
        let part = ours.pick().await.unwrap();
        part.put(format!("r{n:02}")).await.unwrap();
    }
    limit
        .until_some("parts that ours adds", || async {
            (count().await > before).then_some(())
        })
        .await;
    growing.abort();
    theirs
        .ask(&format!("shard c {PATH} {LEADER} consumer"))
        .await;
    let words = theirs.ask(&format!("took c {EXCHANGES}")).await;
    let mut taken: Vec<&str> = words.split(' ').collect();
    taken.sort_unstable();
    assert!(
        taken
            .iter()
            .map(|item| (*item).to_owned())
            .eq(all('r').map(|item| word(item.as_bytes())))
    );
    for n in 0..EXCHANGES {
        let item = format!("r-{n}");
        let part = ours.pick().await.unwrap();
        part.put(item.clone()).await.unwrap();
        assert_eq!(theirs.ask("took c 1").await, word(item.as_bytes()));
    }
}
