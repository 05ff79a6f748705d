//! A queue that is divided, by ours and by Curator's sharder.

use std::time::Duration;

use zk_recipes::{Client, Election, Queue, ShardedQueue};
use zk_tests::{Channel, Deadline, RealServer, Talk, deadline, word};

use super::EXCHANGES;

const PATH: &str = "/queues-sharded";
const LEADER: &str = "/queues-sharded-leader";

/// How many items make another part.
const FULL: usize = 3;

/// How many parts Curator's first sharder has at most, and ours, and Curator's second: who may have more adds them only
/// once it leads.
const MOST: [usize; 3] = [3, 6, 9];

/// Somebody who puts items into the parts.
enum Putter<'a> {
    Ours,
    /// Their channel, and the sharder's name there.
    Theirs(&'a mut Channel, &'a str),
}

struct Sharded {
    ours: ShardedQueue,
    election: Election,
    limit: Deadline,
}

impl Sharded {
    async fn count(&self) -> usize {
        self.ours.parts().await.unwrap().len()
    }

    /// Waits until there are so many parts at least.
    async fn grows_to(&self, parts: usize) {
        let has = async || (self.count().await >= parts).then_some(());
        let what = format!("{parts} parts");
        self.limit.until_some(&what, has).await;
    }

    /// Waits until so many stand in the election.
    async fn is_contested_by(&self, candidates: usize) {
        let stand = async || {
            let standing = self.election.candidates().await.unwrap();
            (standing.len() == candidates).then_some(())
        };
        let what = format!("{candidates} candidates");
        self.limit.until_some(&what, stand).await;
    }

    async fn put(&self, putter: &mut Putter<'_>, item: &str) {
        match putter {
            Putter::Ours => {
                let part = self.ours.pick().await.unwrap();
                part.put(item.to_owned()).await.unwrap();
            }
            Putter::Theirs(channel, name) => {
                let item = word(item.as_bytes());
                channel.ask(&format!("put-shard {name} {item}")).await;
            }
        }
    }

    /// Puts until there are just so many parts and all are full, and then as many items again: there are never more parts.
    /// Returns the items, in order.
    async fn fill(&self, mut putter: Putter<'_>, who: char, most: usize) -> Vec<String> {
        let mut items = Vec::new();
        let mut left = EXCHANGES;
        while left > 0 {
            let item = format!("{who}{:05}", items.len());
            self.put(&mut putter, &item).await;
            items.push(item);
            let parts = self.ours.parts().await.unwrap();
            assert!(parts.len() <= most, "{} parts", parts.len());
            let mut are_full = parts.len() == most;
            for part in parts {
                are_full &= part.len().await.unwrap() >= FULL;
            }
            left -= usize::from(are_full);
            assert!(!self.limit.passed(), "{} items do not fill", items.len());
        }
        items
    }

    /// All items that there are, in order.
    async fn take_all(&self) -> Vec<String> {
        let mut taken = Vec::new();
        for part in self.ours.parts().await.unwrap() {
            while let Some(item) = part.try_take().await.unwrap() {
                taken.push(String::from_utf8(item.data().to_vec()).unwrap());
            }
        }
        taken.sort_unstable();
        taken
    }

    /// The only item that there is, in whichever part.
    async fn take(&self) -> String {
        let taken = self.limit.until_some("an item", || async {
            for part in self.ours.parts().await.unwrap() {
                if let Some(item) = part.try_take().await.unwrap() {
                    return Some(item);
                }
            }
            None
        });
        String::from_utf8(taken.await.data().to_vec()).unwrap()
    }
}

/// Ours and Curator's stand in one election: only who leads adds parts, up to its own maximum, though the other may have
/// more and the parts are full; when it goes, the other goes on. What one side puts into the parts of both the other takes,
/// all at once and one item after the other.
#[tokio::test(flavor = "multi_thread")]
async fn parts_that_ours_or_curators_sharder_adds_are_put_into_and_taken_from_by_the_other() {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let ours = ShardedQueue::new(&Queue::new(&zk, PATH).unwrap())
        .threshold(FULL)
        .max_parts(MOST[1])
        .check_every(Duration::from_millis(50));
    let sharded = Sharded {
        ours,
        election: Election::new(&zk, LEADER).unwrap(),
        limit: deadline(Duration::from_secs(120)),
    };
    let mut theirs = Talk::curator().open("queues", &connect).await;
    let shard = |name: &str, role: &str, most: usize| {
        format!("shard {name} {PATH} {LEADER} {role} {FULL} {most}")
    };

    // Theirs leads, ours stands behind it.
    theirs.ask(&shard("p", "producer", MOST[0])).await;
    sharded.is_contested_by(1).await;
    let growing = tokio::spawn({
        let (ours, election) = (sharded.ours.clone(), sharded.election.clone());
        async move { ours.grow(&election).await }
    });
    sharded.is_contested_by(2).await;
    for n in 0..EXCHANGES {
        let item = format!("j-{n}");
        let mut putter = Putter::Theirs(&mut theirs, "p");
        sharded.put(&mut putter, &item).await;
        assert_eq!(sharded.take().await, item);
    }
    let by_theirs = sharded
        .fill(Putter::Theirs(&mut theirs, "p"), 'j', MOST[0])
        .await;
    theirs.ask("stop-shard p").await;
    sharded.grows_to(MOST[0] + 1).await;
    assert_eq!(sharded.take_all().await, by_theirs);

    // Ours leads, another of theirs stands behind it.
    theirs.ask(&shard("d", "producer", MOST[2])).await;
    sharded.is_contested_by(2).await;
    let by_ours = sharded.fill(Putter::Ours, 'r', MOST[1]).await;
    growing.abort();
    sharded.grows_to(MOST[1] + 1).await;
    theirs.ask("stop-shard d").await;
    theirs.ask(&shard("c", "consumer", MOST[2])).await;
    let words = theirs.ask(&format!("took c {}", by_ours.len())).await;
    let mut taken: Vec<&str> = words.split(' ').collect();
    taken.sort_unstable();
    let put = by_ours.iter().map(|item| word(item.as_bytes()));
    assert!(taken.iter().copied().map(str::to_owned).eq(put));
    for n in 0..EXCHANGES {
        let item = format!("r-{n}");
        sharded.put(&mut Putter::Ours, &item).await;
        assert_eq!(theirs.ask("took c 1").await, word(item.as_bytes()));
    }
}
