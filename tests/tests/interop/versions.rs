//! Whose programs these are.

use zk_tests::{RealServer, Talk};

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_others_are_curator_5_4_and_kazoo_2_11() {
    let connect = RealServer::shared().connect_string();
    let mut curator = Talk::curator().open("rest", &connect).await;
    let versions = curator.ask("versions").await;
    let versions: Vec<&str> = versions.split(' ').collect();
    assert_eq!(versions.len(), 3);
    let is_5_4 = |version: &&str| version.starts_with("5.4.");
    assert!(versions.iter().all(is_5_4), "{versions:?}");
    let mut kazoo = Talk::kazoo().open("ops", &connect).await;
    let version = kazoo.ask("version").await;
    assert!(version.starts_with("2.11."), "{version}");
}
