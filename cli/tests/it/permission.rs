//! Credentials and ACLs.

use zk_recipes::{Acl, Permissions};

use crate::server::Server;

/// A server with `/private`, which only `owner` may touch and nobody else may read.
fn server() -> Server {
    let server = Server::start();
    server.with_client(async |client| {
        let acl = Acl::digest("owner", "secret");
        client.create("/private", "data").acl([acl]).await.unwrap();
    });
    server
}

#[test]
fn no_permission_names_the_acl_and_who_we_are() {
    let server = server();
    server.with_client(async |client| {
        let acl = [
            Acl::read_only(),
            Acl::digest("owner", "secret").with_perms(Permissions::ALL),
        ];
        client.create("/public", "").acl(acl).await.unwrap();
    });
    let (code, message) = server.zkctl(&["set", "/public", "x"]).fails();
    assert_eq!(code, 77);
    insta::assert_snapshot!(message, @"zkctl: no permission to write /public: the ACL there is world:anyone:r, digest:owner:cdrwa; you are authenticated as nobody; connect with credentials that have WRITE there (.auth(), or zkctl --auth digest:USER:PASSWORD)");
    let (code, message) = server
        .zkctl(&["create", "/public/x"])
        .env("ZK_AUTH", "digest:other:pw")
        .fails();
    assert_eq!(code, 77);
    insta::assert_snapshot!(message, @"zkctl: no permission to create under /public: the ACL there is world:anyone:r, digest:owner:cdrwa; you are authenticated as digest:other; connect with credentials that have CREATE there (.auth(), or zkctl --auth digest:USER:PASSWORD)");
    let (code, message) = server.zkctl(&["get", "/private"]).fails();
    assert_eq!(code, 77);
    insta::assert_snapshot!(message, @"zkctl: no permission to read /private: its ACL cannot be read either; you are authenticated as nobody; connect with credentials that have READ there (.auth(), or zkctl --auth digest:USER:PASSWORD)");
}

#[test]
fn a_lock_nobody_may_take_is_refused() {
    let server = server();
    let (code, message) = server
        .zkctl(&["lock", "/private", "--", "echo", "ran"])
        .fails();
    assert_eq!(code, 77);
    insta::assert_snapshot!(message, @"zkctl: no permission to create under /private: its ACL cannot be read either; you are authenticated as nobody; connect with credentials that have CREATE there (.auth(), or zkctl --auth digest:USER:PASSWORD)");
    let (code, message) = server
        .zkctl(&["lock", "/private/lock", "--", "echo", "ran"])
        .fails();
    assert_eq!(code, 77);
    insta::assert_snapshot!(message, @"zkctl: no permission to create under /private: its ACL cannot be read either; you are authenticated as nobody; connect with credentials that have CREATE there (.auth(), or zkctl --auth digest:USER:PASSWORD)");
    let (code, _) = server.zkctl(&["locks", "/private"]).fails();
    assert_eq!(code, 77);
}

#[test]
fn credentials_come_from_the_option_or_the_environment() {
    let server = server();
    let identity = "digest:owner:secret";
    assert_eq!(
        server.zkctl(&["get", "/private", "--auth", identity]).ok(),
        "data"
    );
    assert_eq!(
        server
            .zkctl(&["get", "/private"])
            .env("ZK_AUTH", identity)
            .ok(),
        "data"
    );
    assert_eq!(
        server
            .zkctl(&[
                "--auth",
                "digest:a:b",
                "--auth",
                identity,
                "get",
                "/private"
            ])
            .ok(),
        "data",
        "each of several identities counts"
    );
    let child = ["lock", "/private", "--", "sh", "-c", "echo ran"];
    assert_eq!(server.zkctl(&child).env("ZK_AUTH", identity).ok(), "ran\n");
}

#[test]
fn credentials_are_not_shown() {
    let server = server();
    let secret = "s3cret";
    let identity = format!("digest:u:{secret}");
    for args in [
        &["get", "/private"][..],
        &["--help"],
        &["lock", "--help"],
        &["--auth", secret, "ls"],
        &["nonsense"],
    ] {
        let done = server.zkctl(args).env("ZK_AUTH", &identity).run();
        let shown = format!("{}{}", done.text(), done.stderr);
        // What is typed on the command line is no secret to who typed it; clap quotes it.
        if !args.contains(&secret) {
            assert!(!shown.contains(secret), "{args:?}: {shown}");
        }
    }
}

#[test]
fn an_unknown_scheme_is_refused_by_the_server_with_one_clear_error() {
    let server = Server::start();
    let (code, message) = server.zkctl(&["ls", "--auth", "nonsense:x"]).fails();
    assert_eq!(code, 77);
    let message = message.replace(&server.connect_string(), "SERVER");
    insta::assert_snapshot!(message, @"zkctl: SERVER refused the credentials of nonsense; check the scheme; for digest the form is user:password");
}
