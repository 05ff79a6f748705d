//! Sessions that a real server keeps to itself. Only servers of a quorum do; here it has one member.

use zk_client::{Client, CreateMode, ErrorKind, Fate};
use zk_tests::RealServer;

fn quorum_of_one(extra: &str) -> RealServer {
    let extra = format!("extendedTypesEnabled=true localSessionsEnabled=true {extra}");
    RealServer::start_with(&[
        ("ZOO_STANDALONE_ENABLED", "false"),
        ("ZOO_SERVERS", "server.1=localhost:2888:3888;2181"),
        ("ZOO_CFG_EXTRA", &extra),
    ])
}

async fn client_of(server: &RealServer) -> Client {
    let builder = Client::builder(server.connect_string());
    builder.connect().await.unwrap()
}

/// Which of the server's two sets this client's session is in.
fn sets(server: &RealServer, zk: &Client) -> (bool, bool) {
    let dump = server.four_letter("dump").unwrap();
    let (local, global) = dump.split_once("Global Session Sets").unwrap();
    let session = format!("0x{:x}", zk.session_id().unwrap().as_raw());
    let global = global
        .split_once("ephemeral nodes")
        .map_or(global, |(sets, _)| sets);
    (local.contains(&session), global.contains(&session))
}

const LOCAL: (bool, bool) = (true, false);
const GLOBAL: (bool, bool) = (false, true);

#[tokio::test]
async fn b26_a_local_session_of_a_real_server_has_no_ephemeral_nodes_and_everything_else() {
    let server = quorum_of_one("");
    let zk = client_of(&server).await;
    let session = zk.session_id().unwrap();
    let mode = CreateMode::Ephemeral;
    let error = zk.create("/mine", "").mode(mode).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::ServerError, Fate::NotApplied)
    );
    let text = error.to_string();
    assert!(
        text.contains("localSessionsUpgradingEnabled=true"),
        "{text}"
    );
    assert!(text.contains("EphemeralOnLocalSession"), "{text}");
    let (_, mut watch) = zk.exists("/other").watch().await.unwrap();
    zk.create("/other", "x").await.unwrap();
    assert!(watch.next().await.is_some());
    // Back at the same server it is the same session.
    zk.leave_server();
    zk.set("/other", "y").await.unwrap();
    assert_eq!((zk.session_id(), zk.generation()), (Some(session), 1));
    assert_eq!(sets(&server, &zk), LOCAL);
    zk.close().await.unwrap();
}

#[tokio::test]
async fn b26_a_local_session_of_a_real_server_becomes_a_global_one_with_its_first_ephemeral_node() {
    let server = quorum_of_one("localSessionsUpgradingEnabled=true");
    let zk = client_of(&server).await;
    let session = zk.session_id().unwrap();
    zk.get("/").await.unwrap();
    assert_eq!(sets(&server, &zk), LOCAL);
    let mode = CreateMode::Ephemeral;
    zk.create("/mine", "").mode(mode).await.unwrap();
    assert_eq!((zk.session_id(), zk.generation()), (Some(session), 1));
    assert_eq!(sets(&server, &zk), GLOBAL);
    zk.close().await.unwrap();
    let other = client_of(&server).await;
    assert_eq!(other.exists("/mine").await.unwrap(), None);
    other.close().await.unwrap();
}
