//! Our client next to Curator's framework and kazoo's client: transactions, watches, chroots, identities, kinds of nodes.

mod acls;
mod cuts;
mod elsewhere;
mod handed_over;
mod kinds;
mod loops;
mod or_set;
mod pipelines;
mod states;
mod trees;
mod watches;
mod words;

use std::time::Duration;

use zk_recipes::{Acl, Client, CreateMode};
use zk_tests::{Channel, RealServer, Talk, deadline, word};

/// How often each side answers the other.
const ANSWERS: usize = 50;

/// So many clients of each side do the same at once, each lane with nodes of its own: theirs take a second for each cut.
const LANES: usize = 10;

/// Runs work with the number of each lane.
async fn in_lanes<F>(work: impl Fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let lanes: Vec<_> = (0..LANES).map(|lane| tokio::spawn(work(lane))).collect();
    for lane in lanes {
        lane.await.unwrap();
    }
}

/// Sets a node and lets the other side answer, so many times: by a transaction of a check, a set and a create each, seen by
/// a watch each. Ours below a chroot; all nodes are for one identity alone.
async fn answer_each_other(theirs: &mut Channel, connect: &str, at: &str) {
    let all = Client::builder(connect)
        .auth("digest", "ours:and-theirs")
        .connect()
        .await
        .unwrap();
    all.create(&format!("{at}/node"), "")
        .acl([Acl::creator_all()])
        .parents()
        .await
        .unwrap();
    let zk = all.chroot(at).unwrap();
    let stranger = Client::builder(format!("{connect}{at}"))
        .connect()
        .await
        .unwrap();
    // Its server may not know of the node yet.
    theirs.ask("sync /node").await;
    for round in 0..ANSWERS {
        let (ours, answer) = (format!("r{round}"), format!("j{round}"));
        let before = zk.get("/node").await.unwrap();
        let multi = zk.multi().check("/node", before.stat.version);
        let multi = multi.set("/node", ours.clone(), before.stat.version);
        let child = CreateMode::PersistentSequential;
        multi
            .create_with_acl("/node/r", "", child, [Acl::creator_all()])
            .await
            .unwrap();
        let reply = format!(
            "reply /node {} {}",
            word(ours.as_bytes()),
            word(answer.as_bytes())
        );
        let seen = async {
            loop {
                let (node, mut watch) = zk.get("/node").watch().await.unwrap();
                if node.data == answer {
                    return;
                }
                watch.next().await.unwrap();
            }
        };
        let limit = deadline(Duration::from_secs(60));
        tokio::join!(theirs.ask(&reply), limit.until("an answer", seen));
    }
    assert_eq!(zk.children("/node").await.unwrap().len(), 2 * ANSWERS);
    assert!(stranger.get("/node").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_and_curators_framework_answer_each_other_by_transactions_and_watches() {
    let connect = RealServer::shared().connect_string();
    let mut theirs = Talk::curator().open("ops", &connect).await;
    theirs.ask("as curator-ops ours:and-theirs").await;
    answer_each_other(&mut theirs, &connect, "/curator-ops").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_and_kazoos_answer_each_other_by_transactions_and_watches() {
    let connect = RealServer::shared().connect_string();
    let mut theirs = Talk::kazoo().open("ops", &connect).await;
    theirs.ask("enter /kazoo-ops ours:and-theirs").await;
    answer_each_other(&mut theirs, &connect, "/kazoo-ops").await;
}
