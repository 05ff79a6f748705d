//! Members of groups.

use std::time::Duration;

use zk_recipes::Client;
use zk_tests::deadline;

use super::{children, client, curator, kazoo};

/// The children of a path once there are so many.
async fn members(zk: &Client, path: &str, count: usize) -> Vec<(String, String)> {
    deadline(Duration::from_secs(60))
        .until_some("members", || async {
            let stat = zk.exists(path).await.unwrap()?;
            (usize::try_from(stat.num_children) == Ok(count)).then_some(())
        })
        .await;
    children(zk, path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_group_members_are_ephemeral_nodes_named_by_id() {
    let (connect, zk) = client().await;
    let mut theirs = curator("nodes", &connect).await;
    theirs.ask("join m /layout-group first 6f6e65").await;
    let all = members(&zk, "/layout-group", 1).await;
    assert_eq!(all, [("first".to_owned(), "one".to_owned())]);
    let stat = zk.exists("/layout-group/first").await.unwrap().unwrap();
    assert!(!stat.ephemeral_owner.is_none());
}

/// `32 hexadecimal digits, then the rest`.
fn after_uuid(name: &str) -> &str {
    let (uuid, rest) = name.split_at(32);
    assert!(
        uuid.chars()
            .all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase())
    );
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn kazoos_parties_tell_members_by_their_nodes_data_or_names() {
    let (connect, zk) = client().await;
    let mut theirs = kazoo("groups", &connect).await;
    theirs.ask("party p party /layout-party me-and-you").await;
    theirs.ask("join p").await;
    let all = children(&zk, "/layout-party").await;
    let (name, data) = &all[0];
    assert_eq!(
        (after_uuid(name), data.as_str()),
        ("__party__", "me-and-you")
    );

    theirs
        .ask("party s shallow /layout-shallow me-and-you")
        .await;
    theirs.ask("join s").await;
    let all = children(&zk, "/layout-shallow").await;
    let (name, data) = &all[0];
    assert_eq!(
        (after_uuid(name), data.as_str()),
        ("-me-and-you", "me-and-you")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_members_and_kazoos_parties_see_different_halves_of_a_path() {
    let (connect, zk) = client().await;
    let mut parties = kazoo("groups", &connect).await;
    let mut members_of = curator("nodes", &connect).await;
    parties.ask("party p party /layout-both p-one").await;
    parties.ask("party s shallow /layout-both s-one").await;
    parties.ask("join p").await;
    parties.ask("join s").await;
    members_of.ask("join m /layout-both host-9-c 6f6e65").await;
    let all = members(&zk, "/layout-both", 3).await;
    // All, by the whole names of the nodes.
    let each =
        |(name, data): &(String, String)| format!("{name}={}", zk_tests::word(data.as_bytes()));
    let wanted: Vec<String> = all.iter().map(each).collect();
    members_of
        .ask(&format!("await m {}", wanted.join(" ")))
        .await;
    // Its own alone; and all, by what stands behind the first dash.
    assert_eq!(parties.ask("members p").await, "p-one");
    let party = all.iter().find(|(name, _)| name.ends_with("__party__"));
    let mut wanted = [party.unwrap().0.as_str(), "9-c", "s-one"];
    wanted.sort_unstable();
    assert_eq!(parties.ask("members s").await, wanted.join(" "));
}
