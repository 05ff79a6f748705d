//! Nodes that ours and Curator's keep at one path.

use std::time::Duration;

use zk_recipes::{Client, PersistentNode, SessionId, Standing, TtlNode};
use zk_tests::{Deadline, RealServer, Talk, deadline, word};

/// How often the node goes over to the other side, each way.
const TURNS: usize = 50;
const PATH: &str = "/kept/one";

/// Waits until the node holds these data, and returns whose it is.
async fn owner(zk: &Client, data: &str) -> SessionId {
    deadline(Duration::from_secs(60))
        .until_some(data, || async {
            let node = zk.get(PATH).await.ok()?;
            (node.data == data).then_some(node.stat.ephemeral_owner)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ours_and_curators_keep_goes_over_to_whoever_is_left() {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let mut curators = Talk::curator().open("nodes", &connect).await;
    let our_session = zk.session_id().unwrap();
    let ours = PersistentNode::new(&zk, PATH, "ours").unwrap();
    for _ in 0..TURNS {
        let (presence, driver) = ours.keep();
        let driver = tokio::spawn(driver);
        presence.present().await.unwrap();
        assert_eq!(owner(&zk, "ours").await, our_session);

        curators
            .ask(&format!("keep k EPHEMERAL {PATH} 6a plain"))
            .await;
        curators.ask("kept k").await;
        // It writes into the node of whomever; the node is made anew when that one's keeper ends.
        presence.close();
        driver.await.unwrap().unwrap();
        let theirs = owner(&zk, "j").await;
        assert_ne!(theirs, our_session);

        let (mut presence, driver) = ours.keep();
        let driver = tokio::spawn(driver);
        assert_eq!(presence.changed().await, Some(Standing::Taken(theirs)));
        curators.ask("drop k").await;
        presence.present().await.unwrap();
        assert_eq!(owner(&zk, "ours").await, our_session);
        presence.close();
        driver.await.unwrap().unwrap();
    }
}

/// Waits until it holds these data: Curator's programs write in the background.
async fn shows(node: &TtlNode, data: &str, limit: &Deadline) {
    limit
        .until_some(data, || async {
            let found = node.find().await.unwrap()?;
            (found.data == data).then_some(())
        })
        .await;
}

/// In each round somebody makes it, the other keeps it as well, and both write; in every tenth the one that made it ends, and
/// the other goes on touching it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_time_to_live_is_kept_by_ours_and_by_curators() {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let mut curators = Talk::curator().open("nodes", &connect).await;
    let ttl = Duration::from_millis(400);
    let limit = deadline(Duration::from_secs(120));
    for n in 0..TURNS {
        let path = format!("/kept-with-ttl/{n}");
        let ours = TtlNode::new(&zk, &path, format!("r{n}"), ttl).unwrap();
        let (presence, driver) = ours.keep();
        let start = format!(
            "ttl t {path} {} {}",
            word(format!("j{n}").as_bytes()),
            ttl.as_millis()
        );
        let theirs_first = n % 2 == 0;
        let driver = if theirs_first {
            curators.ask(&start).await;
            tokio::spawn(driver)
        } else {
            let driver = tokio::spawn(driver);
            presence.present().await.unwrap();
            // It writes into the node that it finds.
            curators.ask(&start).await;
            shows(&ours, &format!("j{n}"), &limit).await;
            driver
        };
        presence.present().await.unwrap();
        presence.set("ours");
        presence.present().await.unwrap();
        assert_eq!(curators.ask(&format!("read {path}")).await, word(b"ours"));
        curators.ask("ttl-set t 6a").await;
        shows(&ours, "j", &limit).await;
        if n % 10 < 2 {
            // One of them is left, and touches it.
            if theirs_first {
                curators.ask("ttl-drop t").await;
            } else {
                presence.close();
            }
            let before = ours.find().await.unwrap().unwrap().touched;
            limit
                .until_some("a touch", || async {
                    let now = ours.find().await.unwrap().unwrap().touched;
                    (now > before).then_some(())
                })
                .await;
            if theirs_first {
                presence.close();
            } else {
                curators.ask("ttl-drop t").await;
            }
        } else {
            presence.close();
            curators.ask("ttl-drop t").await;
        }
        driver.await.unwrap().unwrap();
        assert!(ours.find().await.unwrap().is_some());
    }
}
