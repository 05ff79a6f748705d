//! Nodes that somebody keeps.

use std::time::Duration;

use zk_recipes::{ErrorKind, PersistentNode, TtlNode};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

pub async fn a_kept_node_is_made_again_and_goes_in_the_end(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let kept = |at| PersistentNode::new(&zk, at, "one").unwrap();
    for node in [
        kept("/kept/plain"),
        kept("/kept/marked").marked(),
        kept("/kept/numbered").numbered(),
        kept("/kept/lasting").lasting(),
        kept("/kept/both").lasting().numbered(),
    ] {
        let (mut presence, driver) = node.keep();
        let driver = tokio::spawn(driver);
        let made = presence.present().await.unwrap();
        presence.changed().await.unwrap();
        let at = presence.node().unwrap();
        presence.set("two");
        presence.present().await.unwrap();
        assert_eq!(other.get(&at).await.unwrap().data, "two");
        other.delete(&at).await.unwrap();
        let again = async {
            // Told as gone, or at once as made again.
            presence.changed().await.unwrap();
            presence.present().await.unwrap()
        };
        assert!(deadline(SOON).until("the next node", again).await > made);
        assert_eq!(presence.node().unwrap(), at, "under the same name");
        assert_eq!(other.get(&at).await.unwrap().data, "two");
        presence.close();
        driver.await.unwrap().unwrap();
        assert_eq!(other.exists(&at).await.unwrap(), None);
    }
    assert_eq!(server.watches(), 0);
}

pub async fn a_ttl_node_outlives_its_keeper(server: &Server) {
    let zk = server.client().await;
    let node = TtlNode::new(&zk, "/kept/ttl", "one", Duration::from_secs(600)).unwrap();
    let (presence, driver) = node.keep();
    let driver = tokio::spawn(driver);
    presence.present().await.unwrap();
    deadline(SOON)
        .until_some("the first touch", || async {
            node.find().await.unwrap()?.touched
        })
        .await;
    presence.set("two");
    presence.present().await.unwrap();
    presence.close();
    driver.await.unwrap().unwrap();
    zk.close().await.unwrap();
    let later = server.client().await;
    let node = TtlNode::new(&later, "/kept/ttl", "", Duration::from_secs(600)).unwrap();
    assert_eq!(node.find().await.unwrap().unwrap().data, "two");
    later.delete("/kept/ttl/touch").await.unwrap();
    later.delete("/kept/ttl").await.unwrap();
}

pub async fn a_server_that_makes_no_ttl_nodes_is_told_of(server: &Server) {
    let zk = server.stock_client().await;
    let at = format!("/ttl-refused{}", server.place().replace('/', "-"));
    let node = TtlNode::new(&zk, &at, "", Duration::from_secs(600)).unwrap();
    let error = node.keep().1.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented, "{error}");
    let text = error.to_string();
    assert!(text.contains("extendedTypesEnabled"), "{text}");
}
