//! Many writes on their way at once.

use zk_recipes::{Client, CreateMode};
use zk_tests::{Channel, RealServer, Talk};

/// How many writes each side has on their way at once.
const WRITES: usize = 50;
const ROUNDS: usize = 2;

async fn by_ours(zk: &Client, at: &str) -> Vec<String> {
    let create = |n| {
        let node = zk.create(&format!("{at}/n"), format!("r{n}"));
        node.mode(CreateMode::PersistentSequential).submit()
    };
    let answers: Vec<_> = (0..WRITES).map(create).collect();
    let mut names = Vec::new();
    for answer in answers {
        let path = answer.await.unwrap().path;
        names.push(path.rsplit_once('/').unwrap().1.to_owned());
    }
    names
}

async fn by_theirs(theirs: &mut Channel, at: &str) -> Vec<String> {
    let names = theirs.ask(&format!("submit {at} {WRITES}")).await;
    names.split(' ').map(str::to_owned).collect()
}

/// The names of all children, and their data, read in as many requests at once.
async fn listed(zk: &Client, at: &str) -> (Vec<String>, Vec<String>) {
    let mut names = zk.children(at).await.unwrap();
    names.sort_unstable();
    let read = |name: &String| zk.get(&format!("{at}/{name}")).submit();
    let answers: Vec<_> = names.iter().map(read).collect();
    let mut all = Vec::new();
    for answer in answers {
        let data = answer.await.unwrap().data;
        all.push(String::from_utf8(data.to_vec()).unwrap());
    }
    (names, all)
}

/// All make children of one node at once; each side's are numbered in the order in which it asked for them.
#[tokio::test(flavor = "multi_thread")]
async fn writes_that_ours_submits_and_curators_and_kazoos_make_in_the_background_keep_their_order()
{
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let mut curator = Talk::curator().open("crowd", &connect).await;
    let mut kazoo = Talk::kazoo().open("ops", &connect).await;
    for round in 0..ROUNDS {
        let at = format!("/pipelines/{round}");
        zk.create(&at, "").parents().await.unwrap();
        let (ours, curators, kazoos) = tokio::join!(
            by_ours(&zk, &at),
            by_theirs(&mut curator, &at),
            by_theirs(&mut kazoo, &at),
        );
        let (names, all) = listed(&zk, &at).await;
        assert_eq!(all.len(), 3 * WRITES);
        for theirs in [&mut curator, &mut kazoo] {
            assert_eq!(theirs.ask(&format!("list {at}")).await, all.join(" "));
        }
        for (side, made) in [("r", ours), ("j", curators), ("k", kazoos)] {
            assert!(made.is_sorted(), "{made:?}");
            let wanted = (0..WRITES).map(|n| format!("{side}{n}"));
            let data_of = |name| all[names.iter().position(|known| known == name).unwrap()].clone();
            assert!(made.iter().map(data_of).eq(wanted), "{made:?}");
        }
    }
}
