//! Nodes that are kept.

use std::time::Duration;

use zk_recipes::Zxid;
use zk_tests::deadline;

use super::{client, curator};

/// A name without its mark, of which there is one or none.
fn unmarked(name: &str) -> (bool, &str) {
    match name.strip_prefix("_c_") {
        Some(rest) => (true, rest.split_at(37).1),
        None => (false, name),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_kept_node_is_made_again_under_the_name_that_it_had() {
    let (connect, zk) = client().await;
    let mut theirs = curator("nodes", &connect).await;
    for (mode, protection, marked, name) in [
        ("EPHEMERAL", "plain", false, "n"),
        ("EPHEMERAL_SEQUENTIAL", "plain", false, "n0000000000"),
        ("PERSISTENT", "protected", true, "n"),
        ("PERSISTENT_SEQUENTIAL", "protected", true, "n0000000000"),
        ("EPHEMERAL", "protected", true, "n"),
        ("EPHEMERAL_SEQUENTIAL", "protected", true, "n0000000000"),
    ] {
        let folder = format!("/layout-kept-{mode}-{protection}");
        theirs
            .ask(&format!("keep k {mode} {folder}/n 61 {protection}"))
            .await;
        let path = theirs.ask("kept k").await;
        let first = path.strip_prefix(&format!("{folder}/")).unwrap();
        assert_eq!(unmarked(first), (marked, name), "{mode}");
        let made = zk.get(&path).await.unwrap().stat;
        assert_eq!(
            !made.ephemeral_owner.is_none(),
            mode.starts_with("EPHEMERAL")
        );
        zk.delete(&path).await.unwrap();
        // The same name, with the mark and the number.
        let again: Zxid = deadline(Duration::from_secs(60))
            .until_some("the node to be made again", || async {
                Some(zk.exists(&path).await.unwrap()?.czxid)
            })
            .await;
        assert!(again > made.czxid);
        theirs.ask("drop k").await;
        assert_eq!(zk.exists(&path).await.unwrap(), None);
    }
}
