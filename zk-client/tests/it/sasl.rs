//! SASL DIGEST-MD5: who we are, who the server is, and what a failure says.

use std::time::Duration;

use tokio::runtime::Handle;
use zk_client::{Acl, Client, DigestMd5, Error, ErrorKind, Permissions, State};
use zk_embedded::ServerConfig;
use zk_wire::OpCode;

use crate::kit::{World, settle};

fn users(config: &mut ServerConfig) {
    config.sasl_users.add("app", "s3cret");
    config.sasl_users.add("other", "0ther");
}

fn app() -> DigestMd5 {
    DigestMd5::new("app", "s3cret")
}

async fn refused(connect: impl Future<Output = Result<Client, Error>>) -> String {
    let started = tokio::time::Instant::now();
    let error = connect.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed);
    assert!(started.elapsed() < Duration::from_secs(1), "at once");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn b88_a_user_of_sasl_may_do_what_acls_allow_it_after_each_reconnect() {
    let world = World::with(users);
    let zk = world.builder().sasl(app()).connect().await.unwrap();
    let acl = [Acl::sasl("app")];
    zk.create("/mine", "x").acl(acl.clone()).await.unwrap();
    let creator = [Acl::creator_all()];
    zk.create("/created", "").acl(creator).await.unwrap();
    assert_eq!(zk.acl("/created").await.unwrap().0, acl);
    world.hooks.cut_all();
    assert_eq!(&zk.get("/mine").await.unwrap().data[..], b"x");
    assert_eq!(world.hooks.count(OpCode::Sasl), 4, "two on each connection");
    let other = world.builder().sasl(DigestMd5::new("other", "0ther"));
    let error = other.connect().await.unwrap().get("/mine").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(
        error
            .to_string()
            .contains("you are authenticated as sasl:other"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn b88_a_wrong_password_is_told_at_once_with_what_to_check() {
    let world = World::with(users);
    let wrong = world.builder().sasl(DigestMd5::new("app", "wrong"));
    assert_eq!(
        refused(wrong.connect()).await,
        "embedded:2181 refused SASL DIGEST-MD5 for user app; check the password, and the section Server of the servers' \
         JAAS file; the identity of digest ACLs is another setting (.auth(), zkctl --auth digest:USER:PASSWORD)"
    );
}

#[tokio::test(start_paused = true)]
async fn b88_a_server_without_sasl_is_refused_and_nothing_is_sent_anonymously() {
    let world = World::new();
    assert_eq!(
        refused(world.builder().sasl(app()).connect()).await,
        "embedded:2181 does not speak SASL, and user app is to be proven by it; set it up on every server \
         (authProvider.sasl and a JAAS file), or leave .sasl() (zkctl --sasl) out"
    );
    let asked: Vec<_> = world
        .hooks
        .drain_log()
        .into_iter()
        .map(|it| it.op)
        .collect();
    assert_eq!(asked, [Some(OpCode::CreateSession), Some(OpCode::Sasl)]);
}

#[tokio::test(start_paused = true)]
async fn b87_a_server_that_requires_sasl_says_so_to_whoever_comes_without() {
    let world = World::with(|config| {
        users(config);
        config.require_sasl = true;
    });
    let zk = world.client().await;
    let error = zk.get("/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed);
    assert_eq!(
        error.to_string(),
        "cannot read /a: embedded:2181 serves only clients that authenticate by SASL, as this one did not"
    );
    settle().await;
    assert_eq!(zk.state(), State::AuthFailed);
    let zk = world.builder().sasl(app()).connect().await.unwrap();
    zk.create("/a", "").await.unwrap();
    // Long enough for pings.
    tokio::time::sleep(Duration::from_secs(30)).await;
    zk.get("/a").await.unwrap();
    zk.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_password_that_changes_while_the_client_runs_ends_its_session_at_the_next_connection() {
    let world = World::with(users);
    let zk = world.builder().sasl(app()).connect().await.unwrap();
    world.hooks.set_sasl_password("app", "another");
    world.hooks.cut_all();
    let error = zk.exists("/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed);
    assert_eq!(
        error.to_string(),
        "cannot check /: embedded:2181 refused SASL DIGEST-MD5 for user app"
    );
    assert_eq!(zk.state(), State::AuthFailed);
}

#[tokio::test(start_paused = true)]
async fn zk4839_b88_users_of_one_process_stay_who_they_are() {
    let world = World::with(users);
    let users = [("app", "s3cret"), ("other", "0ther")];
    let mut clients = Vec::new();
    for (user, password) in users.into_iter().cycle().take(6) {
        let builder = world.builder().sasl(DigestMd5::new(user, password));
        clients.push((user, builder.connect().await.unwrap()));
    }
    for _ in 0..5 {
        for (user, zk) in &clients {
            let known = zk.whoami().await.unwrap();
            let known = known.iter().filter(|one| one.auth_scheme == "sasl");
            let names: Vec<_> = known.map(|one| one.user.as_str()).collect();
            assert_eq!(names, [*user]);
        }
        // All of them prove it again at the same time.
        world.hooks.cut_all();
    }
}

/// The handle is still there: whatever ran for it has gone all the same.
#[tokio::test(start_paused = true)]
async fn b35_a_user_of_sasl_costs_one_task_until_it_is_refused() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let world = World::with(users);
    settle().await;
    let before = tasks();
    let zk = world.builder().sasl(app()).connect().await.unwrap();
    let connected = tasks();
    for _ in 0..100 {
        world.hooks.cut_all();
        zk.exists("/").await.unwrap();
        assert_eq!(tasks(), connected, "none for each connection");
    }
    world.hooks.set_sasl_password("app", "another");
    world.hooks.cut_all();
    zk.exists("/").await.unwrap_err();
    settle().await;
    assert_eq!((zk.state(), tasks()), (State::AuthFailed, before));
}

#[test]
fn the_acl_of_a_user_names_it_and_the_password_is_in_no_debug_output() {
    assert_eq!(Acl::sasl("app").to_string(), "sasl:app:cdrwa");
    let builder = Client::builder("zk1").sasl(app());
    let shown = format!("{builder:?} {:?}", app());
    assert!(
        shown.contains("app") && !shown.contains("s3cret"),
        "{shown}"
    );
    assert_eq!(
        Acl::sasl("app").with_perms(Permissions::READ).to_string(),
        "sasl:app:r"
    );
}
