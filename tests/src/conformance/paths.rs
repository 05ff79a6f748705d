//! Which names are allowed.

use zk_recipes::{AddWatchMode, CreateMode, ErrorKind, Fate};

use super::seen::sent;
use super::server::Server;

/// Names that the server takes, though some look odd.
const VALID: [&str; 14] = [
    "a",
    "...",
    ".a",
    "a.",
    "..a",
    " ",
    "a b",
    "-",
    "ünïcödé",
    "日本語",
    "\u{a0}",
    "\u{d7ff}",
    "\u{f900}",
    "\u{ffef}",
];

/// Paths that every server refuses, and ours sends to none.
const INVALID: [&str; 24] = [
    "",
    "a",
    "a/b",
    "./a",
    "//",
    "//a",
    "/a//b",
    "/a/",
    "/.",
    "/..",
    "/a/.",
    "/a/..",
    "/a/./b",
    "/a/../b",
    "/\0",
    "/a\0b",
    "/\u{1}",
    "/tab\there",
    "/\u{1f}",
    "/\u{7f}",
    "/\u{9f}",
    "/\u{e000}",
    "/\u{fff0}",
    "/\u{1f600}",
];

pub async fn b42_every_name_within_the_rules_is_accepted_and_kept(server: &Server) {
    let zk = server.client().await;
    for name in VALID {
        let path = format!("/{name}");
        let created = zk.create(&path, name).await.unwrap();
        assert_eq!(created.path, path);
        assert_eq!(zk.get(&path).await.unwrap().data, name.as_bytes());
        let nested = format!("{path}/{name}");
        zk.create(&nested, "").await.unwrap();
        assert_eq!(zk.children(&path).await.unwrap(), [name]);
        zk.multi().check(&nested, 0).await.unwrap();
    }
    let mut names = zk.children("/").await.unwrap();
    names.sort();
    let mut expected = VALID.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

pub async fn s7_b42_a_path_outside_the_rules_is_refused_before_it_is_sent(server: &Server) {
    let zk = server.client().await;
    let before = sent(&zk);
    for path in INVALID {
        let errors = [
            zk.create(path, "").await.unwrap_err(),
            zk.create(path, "").parents().await.unwrap_err(),
            zk.delete(path).await.unwrap_err(),
            zk.exists(path).await.unwrap_err(),
            zk.exists(path).watch().await.unwrap_err(),
            zk.get(path).await.unwrap_err(),
            zk.set(path, "").await.unwrap_err(),
            zk.children(path).await.unwrap_err(),
            zk.acl(path).await.unwrap_err(),
            zk.sync(path).await.unwrap_err(),
            zk.multi().check(path, None).await.unwrap_err(),
            zk.watch(path, AddWatchMode::Persistent).await.unwrap_err(),
            zk.chroot(path).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidPath, "{path:?}: {error}");
            assert_eq!(error.fate(), Fate::NotApplied);
        }
    }
    assert_eq!(sent(&zk), before);
}

pub async fn a_relative_path_is_answered_with_the_absolute_one(server: &Server) {
    let zk = server.client().await;
    let error = zk.get("demo").await.unwrap_err();
    assert!(error.to_string().contains("did you mean /demo?"), "{error}");
}

pub async fn a_sequential_prefix_obeys_the_rules_up_to_its_last_name(server: &Server) {
    let zk = server.client().await;
    let sequential = CreateMode::PersistentSequential;
    for prefix in ["a", "//", "/a//", "/./a", "/\0", "/a\u{7f}"] {
        let error = zk.create(prefix, "").mode(sequential).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{prefix:?}");
    }
    for prefix in ["/", "/.", "/.."] {
        let created = zk.create(prefix, "").mode(sequential).await.unwrap();
        assert!(created.path.starts_with(prefix), "{}", created.path);
    }
}
