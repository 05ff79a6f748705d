//! Three servers of which some leave and come back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use zk_client::{Client, ErrorKind, Resolver, Role, ServerAddr, State};
use zk_tests::{Deadline, Ensemble, deadline};

use crate::turn;

const LIMIT: Duration = Duration::from_secs(120);

/// Where the members are that know each other by addresses of their own network.
#[derive(Debug)]
pub(crate) struct Published(Vec<(String, SocketAddr)>);

impl Published {
    pub(crate) fn by(ensemble: &Ensemble) -> Self {
        let members = Ensemble::MEMBERS.map(|member| {
            let address = ensemble.connect_string_of(member).parse().unwrap();
            (ensemble.address_of(member).to_owned(), address)
        });
        Self(members.collect())
    }
}

#[async_trait]
impl Resolver for Published {
    async fn addresses(&self, server: &ServerAddr) -> io::Result<Vec<SocketAddr>> {
        let mut known = self.0.iter();
        let found = known.find(|(address, _)| *address == server.host);
        found
            .map(|(_, address)| vec![*address])
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Waits until a client knows exactly these members.
pub(crate) async fn until_servers(
    zk: &Client,
    ensemble: &Ensemble,
    wanted: &[usize],
    limit: &Deadline,
) {
    let mut wanted: Vec<&str> = wanted.iter().map(|m| ensemble.address_of(*m)).collect();
    wanted.sort_unstable();
    let known = || async {
        let mut known: Vec<String> = zk.servers().into_iter().map(|s| s.host).collect();
        known.sort_unstable();
        (known == wanted).then_some(())
    };
    limit.until_some("the client to follow", known).await;
    let served = || async { matches!(zk.state(), State::Connected { .. }).then_some(()) };
    limit.until_some("the client to be served", served).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b93_members_leave_and_join_by_both_ways_of_reconfiguration_and_a_tracking_client_follows()
{
    let _turn = turn().await;
    members_leave_and_join(&Ensemble::start_changeable()).await;
}

#[cfg(feature = "real-3-8")]
#[tokio::test(flavor = "multi_thread")]
async fn b93_on_3_8_too_members_leave_and_join_and_a_tracking_client_follows() {
    let _turn = turn().await;
    members_leave_and_join(&Ensemble::start_older_changeable()).await;
}

async fn members_leave_and_join(ensemble: &Ensemble) {
    let limit = deadline(LIMIT);
    let leader = ensemble.leader();
    let followers: Vec<_> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
    let [stays, leaves] = followers[..] else {
        panic!("two followers, not {followers:?}")
    };
    let number = |member: usize| u64::try_from(member + 1).unwrap();
    let operator = Client::builder(ensemble.connect_string_of(stays))
        .auth("digest", Ensemble::OPERATOR)
        .connect()
        .await
        .unwrap();

    // It begins on the member that leaves, and knows no other.
    let zk = Client::builder(format!("{}:2181", ensemble.address_of(leaves)))
        .resolver(std::sync::Arc::new(Published::by(ensemble)))
        .session_timeout(Duration::from_secs(10))
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    let session = zk.session_id().unwrap();
    until_servers(&zk, ensemble, &[0, 1, 2], &limit).await;

    let error = zk.reconfig().leave(number(leaves)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");

    let before = operator.config().await.unwrap();
    let after = operator.reconfig().leave(number(leaves)).await.unwrap();
    let ids = |config: &zk_client::EnsembleConfig| -> Vec<u64> {
        config.members.iter().map(|member| member.id).collect()
    };
    let mut two = vec![number(leader), number(stays)];
    two.sort_unstable();
    assert_eq!(ids(&after), two);
    assert!(after.version > before.version, "{after:?}");
    until_servers(&zk, ensemble, &[leader, stays], &limit).await;
    let moved = || async {
        let host = ensemble.host_of(session);
        host.filter(|host| *host != leaves)
    };
    limit.until_some("the session to move", moved).await;

    // Of the version before: somebody else was faster.
    let stale = operator.reconfig().join(&ensemble.line_of(leaves));
    let stale = stale.version(before.version.unwrap()).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::BadVersion, "{stale}");
    let joined = operator.reconfig().join(&ensemble.line_of(leaves));
    let joined = joined.version(after.version.unwrap()).await.unwrap();
    assert_eq!(ids(&joined), [1, 2, 3]);
    until_servers(&zk, ensemble, &[0, 1, 2], &limit).await;

    // The whole list at once: two of them, and then three, one without a vote.
    let lines = [leader, stays].map(|member| ensemble.line_of(member));
    let whole = operator
        .reconfig()
        .members(lines.iter().map(String::as_str));
    assert_eq!(ids(&whole.await.unwrap()), two);
    until_servers(&zk, ensemble, &[leader, stays], &limit).await;
    let observer = ensemble.line_of(leaves).replace(";", ":observer;");
    let all = lines.iter().chain([&observer]).map(String::as_str);
    let whole = operator.reconfig().members(all).await.unwrap();
    let roles = whole.members.iter().map(|member| (member.id, member.role));
    let role = |member| match member == leaves {
        true => Role::Observer,
        false => Role::Participant,
    };
    let wanted = Ensemble::MEMBERS.map(|member| (number(member), role(member)));
    assert!(roles.eq(wanted), "{whole:?}");
    until_servers(&zk, ensemble, &[0, 1, 2], &limit).await;

    // Servers that nobody can reach are no quorum.
    let strangers = [
        "server.8=10.0.0.8:2888:3888;2181",
        "server.9=10.0.0.9:2888:3888;2181",
    ];
    let error = operator.reconfig().members(strangers).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError, "{error}");
    assert_eq!(operator.config().await.unwrap().version, whole.version);

    assert_eq!((zk.session_id(), zk.generation()), (Some(session), 1));
    zk.set("/", "still").await.unwrap();
    for zk in [zk, operator] {
        zk.close().await.unwrap();
    }
}
