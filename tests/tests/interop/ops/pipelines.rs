//! Many writes on their way at once.

use zk_recipes::{Client, CreateMode};
use zk_tests::{RealServer, Talk};

/// How many writes each side has on their way at once.
const WRITES: usize = 50;
const ROUNDS: usize = 3;

/// Both make children of one node at once; each side's are numbered in the order in which it asked for them.
#[tokio::test(flavor = "multi_thread")]
async fn writes_that_ours_submits_and_curators_makes_in_the_background_keep_each_sides_order() {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let mut curator = Talk::curator().open("crowd", &connect).await;
    for round in 0..ROUNDS {
        let at = format!("/pipelines/{round}");
        zk.create(&at, "").parents().await.unwrap();
        let ours = async {
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
        };
        let order = format!("submit {at} {WRITES}");
        let (ours, theirs) = tokio::join!(ours, curator.ask(&order));
        assert!(ours.is_sorted(), "{ours:?}");
        let theirs: Vec<&str> = theirs.split(' ').collect();
        assert_eq!((ours.len(), theirs.len()), (WRITES, WRITES));
        assert!(theirs.is_sorted(), "{theirs:?}");

        // Read by each in as many requests at once.
        let mut names = zk.children(&at).await.unwrap();
        names.sort_unstable();
        let read = |name: &String| zk.get(&format!("{at}/{name}")).submit();
        let answers: Vec<_> = names.iter().map(read).collect();
        let mut all = Vec::new();
        for answer in answers {
            let data = answer.await.unwrap().data;
            all.push(String::from_utf8(data.to_vec()).unwrap());
        }
        let seen = curator.ask(&format!("list {at}")).await;
        assert_eq!(seen, all.join(" "));
        for (side, made) in [
            ("r", ours),
            ("j", theirs.into_iter().map(str::to_owned).collect()),
        ] {
            let of_side: Vec<&String> = all.iter().filter(|data| data.starts_with(side)).collect();
            let wanted: Vec<String> = (0..WRITES).map(|n| format!("{side}{n}")).collect();
            assert!(of_side.iter().copied().eq(&wanted), "{of_side:?}");
            let data_of = |name| all[names.iter().position(|known| known == name).unwrap()].clone();
            assert!(made.iter().map(data_of).eq(wanted), "{made:?}");
        }
    }
}
