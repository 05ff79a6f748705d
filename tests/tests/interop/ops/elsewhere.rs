//! Their clients on servers of ours, and our client on servers of theirs.

use zk_embedded::{EmbeddedEnsemble, EmbeddedServer};
use zk_tests::Talk;

use super::answer_each_other;

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_servers_our_client_and_those_of_curator_and_kazoo_answer_each_other() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let ensemble = EmbeddedEnsemble::builder().start().await.unwrap();
    for connect in [server.connect_string(), ensemble.connect_string()] {
        let mut curator = Talk::curator().open("ops", &connect).await;
        curator.ask("as curator-ops ours:and-theirs").await;
        let mut kazoo = Talk::kazoo().open("ops", &connect).await;
        kazoo.ask("enter /kazoo-ops ours:and-theirs").await;
        tokio::join!(
            answer_each_other(&mut curator, &connect, "/curator-ops"),
            answer_each_other(&mut kazoo, &connect, "/kazoo-ops"),
        );
        tokio::join!(curator.ask("close"), kazoo.ask("close"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_curators_testing_server_and_cluster_our_client_and_curators_answer_each_other() {
    for kind in ["server", "cluster"] {
        let mut servers = Talk::curator().open("servers", "none").await;
        let connect = servers.ask(kind).await;
        let mut curator = Talk::curator().open("ops", &connect).await;
        curator.ask("as curator-ops ours:and-theirs").await;
        answer_each_other(&mut curator, &connect, "/curator-ops").await;
        curator.ask("close").await;
        servers.ask("close").await;
    }
}
