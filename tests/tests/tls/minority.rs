//! Servers that have lost their quorum.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use zk_client::{ErrorKind, State};
use zk_embedded::{EmbeddedEnsemble, MemberState, ServerId};
use zk_tests::pki::Request;

use crate::kit::{Names, authority, builder_by, shows, trusting};

const ONE: ServerId = ServerId::new(1);
const TWO: ServerId = ServerId::new(2);
const THREE: ServerId = ServerId::new(3);

#[tokio::test]
async fn zk4819_b82_the_search_for_a_server_that_can_write_is_encrypted() {
    let authority = authority();
    let issued = authority.issue(Request::names(&["zk1", "zk2"]));
    let ensemble = EmbeddedEnsemble::builder()
        .tls(shows(&issued))
        .tick(Duration::from_millis(50))
        .election(Duration::from_millis(20))
        .configure(|config| {
            config.server.read_only_mode = true;
            config.server.local_sessions = true;
        });
    let ensemble = ensemble.start().await.unwrap();
    let hooks = ensemble.hooks();
    hooks.partition(&[&[ONE], &[TWO, THREE]]);
    let parted = hooks.until(|core| {
        let alone = core.member(ONE).map(|one| one.state) == Some(MemberState::ReadOnly);
        alone && core.leader().is_some_and(|leader| leader != ONE)
    });
    timeout(Duration::from_secs(20), parted).await.unwrap();

    let names = Arc::new(Names::default());
    names.set("zk1", ensemble.addrs()[0]);
    let client = builder_by(Arc::clone(&names), "zk1,zk2", trusting(&authority)).read_only(true);
    let zk = client.connect().await.unwrap();
    assert!(
        matches!(
            zk.state(),
            State::Connected {
                read_only: true,
                ..
            }
        ),
        "{}",
        zk.state()
    );
    let refused = zk.create("/a", "").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnlyServer);

    names.set("zk2", ensemble.addrs()[1]);
    let mut states = zk.watch_state();
    let found = async {
        while !matches!(
            states.current(),
            State::Connected {
                read_only: false,
                ..
            }
        ) {
            states.changed().await.unwrap();
        }
    };
    timeout(Duration::from_secs(30), found).await.unwrap();
    assert_eq!(zk.server().unwrap(), "zk2:2181");
    zk.create("/a", "").await.unwrap();
    zk.close().await.unwrap();
}
