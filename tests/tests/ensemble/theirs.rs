//! Curator's clients, kazoo's and ours on servers that come and go.

use std::sync::Arc;
use std::time::Duration;

use zk_client::{Client, CreateMode, ErrorKind, Fate, State};
use zk_tests::{Channel, Ensemble, Member, Talk, deadline, word};

use crate::reconfig::{Published, until_servers};
use crate::turn;

const LIMIT: Duration = Duration::from_secs(120);

/// How often a member leaves and joins, each side's doing as often as the others'.
const CHANGES: usize = 9;

/// How often each reads and is refused a write while the member is alone, and writes afterwards.
const TURNS: usize = 50;

/// A client of each side.
struct Sides {
    ours: Client,
    curator: Channel,
    kazoo: Channel,
}

/// Which of them.
#[derive(Debug, Clone, Copy)]
enum Side {
    Ours,
    Curator,
    Kazoo,
}

const SIDES: [Side; 3] = [Side::Ours, Side::Curator, Side::Kazoo];

#[tokio::test(flavor = "multi_thread")]
async fn b93_b82_ours_curators_and_kazoos_change_and_follow_members_and_read_from_one_that_is_alone()
 {
    let _turn = turn().await;
    let ensemble = Ensemble::start_changeable_and_readable_alone();
    change_and_follow(&ensemble).await;
    read_from_one_that_is_alone(&ensemble).await;
}

impl Sides {
    /// Clients that follow which members there are, and may change it.
    async fn following(ensemble: &Ensemble, first: Member) -> Self {
        let operator = Ensemble::OPERATOR;
        let connect = &ensemble.connect_string_of(first);
        let inner = |member| format!("{}:2181", ensemble.address_of(member));
        let ours = Client::builder(inner(first))
            .auth("digest", operator)
            .resolver(Arc::new(Published::by(ensemble)))
            .session_timeout(Duration::from_secs(10))
            .track_ensemble(true);
        let addresses: Vec<String> = Ensemble::MEMBERS
            .map(|member| format!("{}={}", inner(member), ensemble.connect_string_of(member)))
            .collect();
        let mut curator = Talk::curator().open("members", connect).await;
        let follow = format!("follow {operator} {}", addresses.join(","));
        curator.ask(&follow).await;
        let mut kazoo = Talk::kazoo().open("members", connect).await;
        kazoo.ask(&format!("follow {operator}")).await;
        let ours = ours.connect().await.unwrap();
        // A local session ends where its client moves to another member; one with a node of its own is no longer local.
        ours.create("/moves", "")
            .mode(CreateMode::Ephemeral)
            .await
            .unwrap();
        Self {
            ours,
            curator,
            kazoo,
        }
    }

    /// Clients that take a member which only reads.
    async fn looking(connect: &str) -> Self {
        let connect_ours = || async {
            let builder = Client::builder(connect).read_only(true);
            builder.connect().await.ok()
        };
        let limit = deadline(LIMIT);
        let ours = limit.until_some("a member that reads", connect_ours).await;
        let mut curator = Talk::curator().open("members", connect).await;
        let mut kazoo = Talk::kazoo().open("members", connect).await;
        tokio::join!(curator.ask("look"), kazoo.ask("look"));
        Self {
            ours,
            curator,
            kazoo,
        }
    }

    async fn remove(&mut self, side: Side, ensemble: &Ensemble, member: Member) {
        let id = member + 1;
        match side {
            Side::Ours => {
                let id = u64::try_from(id).unwrap();
                self.ours.reconfig().leave(id).await.unwrap();
            }
            Side::Curator => drop(self.curator.ask(&format!("leave {id}")).await),
            Side::Kazoo => drop(self.kazoo.ask(&format!("leave {id}")).await),
        }
        let left = Ensemble::MEMBERS.filter(|other| *other != member);
        self.follow(ensemble, &left.collect::<Vec<_>>()).await;
    }

    async fn add(&mut self, side: Side, ensemble: &Ensemble, member: Member) {
        let line = ensemble.line_of(member);
        match side {
            Side::Ours => drop(self.ours.reconfig().join(&line).await.unwrap()),
            Side::Curator => drop(self.curator.ask(&format!("join {line}")).await),
            Side::Kazoo => drop(self.kazoo.ask(&format!("join {line}")).await),
        }
        self.follow(ensemble, &Ensemble::MEMBERS.collect::<Vec<_>>())
            .await;
    }

    /// Waits until all have followed to these members, and compares what they read.
    async fn follow(&mut self, ensemble: &Ensemble, wanted: &[Member]) {
        until_servers(&self.ours, ensemble, wanted, &deadline(LIMIT)).await;
        let mut inner: Vec<String> = wanted
            .iter()
            .map(|member| format!("{}:2181", ensemble.address_of(*member)))
            .collect();
        inner.sort_unstable();
        let ids: Vec<String> = wanted.iter().map(|m| (m + 1).to_string()).collect();
        self.curator
            .ask(&format!("until-servers {}", inner.join(",")))
            .await;
        self.kazoo
            .ask(&format!("until-members {}", ids.join(",")))
            .await;
        let ours = self.ours.config().await.unwrap();
        let seen: Vec<String> = ours.members.iter().map(|m| m.id.to_string()).collect();
        assert_eq!(seen, ids);
        let theirs = self.curator.ask("config").await;
        assert_eq!(theirs, self.kazoo.ask("config").await);
        assert_eq!(theirs, word(ours.text.as_bytes()), "{}", ours.text);
    }

    async fn read(&mut self, side: Side) -> String {
        match side {
            Side::Ours => word(&self.ours.get("/alone").await.unwrap().data),
            Side::Curator => self.curator.ask("get /alone").await,
            Side::Kazoo => self.kazoo.ask("get /alone").await,
        }
    }

    async fn write(&mut self, side: Side, data: &str) {
        let order = format!("set /alone {}", word(data.as_bytes()));
        match side {
            Side::Ours => drop(self.ours.set("/alone", data.to_owned()).await.unwrap()),
            Side::Curator => drop(self.curator.ask(&order).await),
            Side::Kazoo => drop(self.kazoo.ask(&order).await),
        }
    }

    /// Lets each try to write.
    async fn are_refused(&mut self) {
        let error = self.ours.set("/alone", "").await.unwrap_err();
        let (kind, fate) = (error.kind(), error.fate());
        assert_eq!(
            (kind, fate),
            (ErrorKind::ReadOnlyServer, Fate::NotApplied),
            "{error}"
        );
        let why = self.curator.refused("set /alone 6a").await;
        assert!(why.contains("NotReadOnlyException"), "{why}");
        assert_eq!(self.kazoo.ask("refused /alone").await, "read-only");
    }
}

async fn change_and_follow(ensemble: &Ensemble) {
    let leader = ensemble.leader();
    let mut others = Ensemble::MEMBERS.filter(|member| *member != leader);
    let (stays, leaves) = (others.next().unwrap(), others.next().unwrap());
    let mut sides = Sides::following(ensemble, stays).await;
    sides
        .follow(ensemble, &Ensemble::MEMBERS.collect::<Vec<_>>())
        .await;
    for change in 0..CHANGES {
        let side = |step: usize| SIDES[(change + step) % SIDES.len()];
        sides.remove(side(0), ensemble, leaves).await;
        sides.add(side(1), ensemble, leaves).await;
    }
    sides.ours.create("/alone", "before").await.unwrap();
    sides.ours.close().await.unwrap();
    sides.curator.ask("close").await;
    sides.kazoo.ask("close").await;
}

async fn read_from_one_that_is_alone(ensemble: &Ensemble) {
    let limit = deadline(LIMIT);
    ensemble.wait_until_all_serve(&limit);
    let alone = ensemble.follower();
    let others: Vec<Member> = Ensemble::MEMBERS.filter(|m| *m != alone).collect();
    // What it is to read has come to it.
    let connect = ensemble.connect_string_of(alone);
    let zk = Client::builder(&connect).connect().await.unwrap();
    zk.sync("/alone").await.unwrap();
    zk.close().await.unwrap();
    for member in &others {
        ensemble.kill(*member);
    }
    let mut sides = Sides::looking(&connect).await;
    assert!(
        matches!(
            sides.ours.state(),
            State::Connected {
                read_only: true,
                ..
            }
        ),
        "{}",
        sides.ours.state()
    );
    sides.curator.ask("until-state READ_ONLY").await;
    sides.kazoo.ask("until-read-only").await;
    for _ in 0..TURNS {
        for side in SIDES {
            assert_eq!(sides.read(side).await, word(b"before"), "{side:?}");
        }
        sides.are_refused().await;
    }

    for member in &others {
        ensemble.restart(*member);
    }
    let can_write = || async {
        let state = sides.ours.state();
        matches!(
            state,
            State::Connected {
                read_only: false,
                ..
            }
        )
        .then_some(())
    };
    limit.until_some("a quorum for ours", can_write).await;
    sides.curator.ask("until-state RECONNECTED CONNECTED").await;
    sides.kazoo.ask("until-writable").await;
    for turn in 0..TURNS {
        for writer in SIDES {
            let data = format!("{writer:?} {turn}");
            sides.write(writer, &data).await;
            for reader in SIDES {
                let seen = sides.read(reader).await;
                assert_eq!(seen, word(data.as_bytes()), "{writer:?} by {reader:?}");
            }
        }
    }
    sides.ours.close().await.unwrap();
    sides.curator.ask("close").await;
    sides.kazoo.ask("close").await;
}
