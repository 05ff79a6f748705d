//! `tree`.

use serde_json::Value;
use zk_recipes::{Acl, CreateMode};

use crate::server::Server;

fn server() -> Server {
    let server = Server::start();
    for args in [
        &["create", "-p", "/app/b/deep", "12345"][..],
        &["create", "/app/a\u{e9}", "x"],
        &["create", "/app/c"],
    ] {
        server.zkctl(args).ok();
    }
    server
}

#[test]
fn a_tree_shows_sizes_and_counts_in_the_order_of_names() {
    let server = server();
    insta::assert_snapshot!(server.zkctl(&["tree", "/app"]).ok(), @r"
    /app  0 bytes, 3 children
    ├── aé  1 bytes
    ├── b  0 bytes, 1 child
    │   └── deep  5 bytes
    └── c  0 bytes
    5 nodes, 6 bytes
    ");
}

#[test]
fn depth_bounds_what_is_shown() {
    let server = server();
    insta::assert_snapshot!(server.zkctl(&["tree", "/app", "--depth", "1"]).ok(), @r"
    /app  0 bytes, 3 children
    ├── aé  1 bytes
    ├── b  0 bytes, 1 child
    └── c  0 bytes
    4 nodes, 1 bytes
    ");
    insta::assert_snapshot!(server.zkctl(&["tree", "/app/c", "-d", "0"]).ok(), @r"
    /app/c  0 bytes
    1 node, 0 bytes
    ");
}

#[test]
fn a_tree_as_json_is_one_object_per_node_parents_first() {
    let server = server();
    let text = server.zkctl(&["tree", "/app", "--json"]).ok();
    let nodes: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let paths: Vec<_> = nodes
        .iter()
        .map(|node| node["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        ["/app", "/app/a\u{e9}", "/app/b", "/app/b/deep", "/app/c"]
    );
    assert_eq!(
        (&nodes[3]["depth"], &nodes[3]["stat"]["data_length"]),
        (&2.into(), &5.into())
    );
}

#[test]
fn ephemeral_nodes_have_an_owner_and_forbidden_ones_no_numbers() {
    let server = server();
    let secret = [Acl::digest("owner", "pw")];
    let text = server.with_client(async |client| {
        let create = client.create("/app/e", "").mode(CreateMode::Ephemeral);
        create.await.unwrap();
        client.create("/app/f", "").acl(secret).await.unwrap();
        let session = client.session_id().unwrap().to_string();
        server
            .zkctl(&["tree", "/app"])
            .ok()
            .replace(&session, "SESSION")
    });
    assert!(
        text.contains("├── e  0 bytes, ephemeral of session SESSION\n"),
        "{text}"
    );
    assert!(text.contains("└── f  (no permission)\n"), "{text}");
}

#[test]
fn a_wide_tree_is_read_in_bounded_portions() {
    const WIDTH: usize = 700;
    let server = Server::start();
    server.with_client(async |client| {
        client.create("/w", "").await.unwrap();
        let creates: Vec<_> = (0..WIDTH)
            .map(|n| client.create(&format!("/w/{n:04}"), "").submit())
            .collect();
        for create in creates {
            create.await.unwrap();
        }
    });
    let text = server.zkctl(&["tree", "/w"]).ok();
    let names: Vec<_> = text.lines().filter(|line| line.contains("── ")).collect();
    assert_eq!(names.len(), WIDTH);
    assert!(names.is_sorted_by_key(|line| line.split("── ").nth(1)));
    assert!(text.ends_with("701 nodes, 0 bytes\n"), "{text}");
}

#[test]
fn a_missing_top_is_named_with_its_nearest_ancestor() {
    let server = server();
    let (code, message) = server.zkctl(&["tree", "/app/x/y"]).fails();
    assert_eq!(code, 1);
    insta::assert_snapshot!(message, @"zkctl: cannot list the children of /app/x/y: it does not exist (nearest existing: /app)");
}
