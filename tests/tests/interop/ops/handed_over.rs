//! Sessions that one library begins and the other goes on with.

use std::time::Duration;

use zk_client::SessionTicket;
use zk_recipes::{Client, CreateMode, SessionId, Zxid};
use zk_tests::proxy::Proxy;
use zk_tests::{RealServer, Talk, bytes};
use zk_wire::Password;

/// How often a session goes over, each way.
const TURNS: usize = 50;

/// A ticket from what kazoo's `client_id` is: a session and its password. Its requests are far beyond those that the session has
/// sent.
pub(super) fn ticket(words: &str) -> SessionTicket {
    let (session, password) = words.split_once(' ').unwrap();
    let session = u64::from_str_radix(session, 16).unwrap();
    let session = i64::from_be_bytes(session.to_be_bytes());
    SessionTicket::new(
        SessionId::from_raw(session),
        Password::new(bytes(password).unwrap().into()),
        1_000_000,
        Zxid::from_raw(0),
        Duration::from_secs(10),
    )
}

/// The same the other way round.
pub(super) fn id(ticket: &SessionTicket) -> String {
    let password = zk_tests::word(ticket.password().as_bytes());
    format!("{:x} {password}", ticket.session().as_raw())
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_a_session_of_ours_is_taken_over_by_kazoo_and_by_ours_again_with_its_nodes() {
    let connect = RealServer::shared().connect_string();
    let witness = Client::builder(&connect).connect().await.unwrap();
    witness.create("/handed-over", "").await.unwrap();
    let mut kazoo = Talk::kazoo().open("sessions", &connect).await;
    let mut past = Talk::kazoo().open("sessions", &connect).await;
    let [by_ours, by_kazoo] = ["/handed-over/r", "/handed-over/k"];
    for turn in 0..TURNS {
        let zk = Client::builder(&connect).connect().await.unwrap();
        let node = zk.create(by_ours, format!("{turn}"));
        node.mode(CreateMode::Ephemeral).await.unwrap();
        let session = zk.session_id().unwrap();
        let owner = format!("{:x}", session.as_raw());
        let left = zk.detach().await.unwrap();

        // kazoo's client cannot leave a session; it is left when its program dies, and here with its only connection.
        let proxy = Proxy::start(&connect).await;
        let order = format!("take {} {}", proxy.connect_string(), id(&left));
        kazoo.ask(&order).await;
        assert_eq!(kazoo.ask(&format!("owner {by_ours}")).await, owner);
        kazoo.ask(&format!("keep {by_kazoo}")).await;
        let left = ticket(&kazoo.ask("id").await);
        drop(proxy);
        kazoo.ask("leave").await;
        assert_eq!(left.session(), session);

        let heir = Client::builder(&connect)
            .resume(left)
            .connect()
            .await
            .unwrap();
        assert_eq!((heir.session_id(), heir.generation()), (Some(session), 1));
        for path in [by_ours, by_kazoo] {
            let stat = heir.exists(path).await.unwrap().unwrap();
            assert_eq!(stat.ephemeral_owner, session);
            assert_eq!(past.ask(&format!("owner {path}")).await, owner);
        }
        heir.set(by_kazoo, "ours now").await.unwrap();
        heir.close().await.unwrap();
        for path in [by_ours, by_kazoo] {
            assert_eq!(past.ask(&format!("owner {path}")).await, "null");
            assert_eq!(witness.exists(path).await.unwrap(), None);
        }
    }
}
