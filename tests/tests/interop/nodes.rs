//! Nodes that ours and Curator's keep at one path.

use std::time::Duration;

use zk_recipes::{Client, PersistentNode, SessionId, Standing};
use zk_tests::{RealServer, Talk, deadline};

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
