//! What clients of ours, Curator's and kazoo's read on one member after a sync, of what was written on another.

use std::time::Duration;

use zk_client::Client;
use zk_tests::{Channel, Ensemble, Member, Talk, deadline, note, word};

use crate::turn;

/// How often each writes what the others read.
const TURNS: usize = 50;

/// How often all read on a member that had not been told of a write when they asked.
const CUTS: usize = 5;

const PATH: &str = "/synced";
const LIMIT: Duration = Duration::from_secs(60);

/// Who writes, or reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Curator,
    Kazoo,
}

const SIDES: [Side; 3] = [Side::Ours, Side::Curator, Side::Kazoo];

struct Sides {
    ours: Client,
    curator: Channel,
    kazoo: Channel,
}

impl Sides {
    /// A client of each on the member of its own.
    async fn on(ensemble: &Ensemble, members: [Member; 3]) -> Self {
        let [ours, curator, kazoo] = members.map(|member| ensemble.connect_string_of(member));
        Self {
            ours: Client::builder(ours).connect().await.unwrap(),
            curator: Talk::curator().open("ops", &curator).await,
            kazoo: Talk::kazoo().open("ops", &kazoo).await,
        }
    }

    async fn write(&mut self, side: Side, data: &str) {
        let order = format!("set {PATH} {}", word(data.as_bytes()));
        match side {
            Side::Ours => drop(self.ours.set(PATH, data.to_owned()).await.unwrap()),
            Side::Curator => drop(self.curator.ask(&order).await),
            Side::Kazoo => drop(self.kazoo.ask(&order).await),
        }
    }

    /// What each reads after a sync of its own, all at once; meanwhile something may be done.
    async fn synced(&mut self, meanwhile: impl Future<Output = ()>) -> [String; 3] {
        let ours = async {
            self.ours.sync(PATH).await.unwrap();
            word(&self.ours.get(PATH).await.unwrap().data)
        };
        let [curator, kazoo] = [&mut self.curator, &mut self.kazoo].map(|theirs| async {
            theirs.ask(&format!("sync {PATH}")).await;
            theirs.ask(&format!("get {PATH}")).await
        });
        let (ours, curator, kazoo, ()) = tokio::join!(ours, curator, kazoo, meanwhile);
        [ours, curator, kazoo]
    }

    /// What each reads without one.
    async fn read(&mut self) -> [String; 3] {
        let order = format!("get {PATH}");
        let (ours, curator, kazoo) = tokio::join!(
            self.ours.get(PATH),
            self.curator.ask(&order),
            self.kazoo.ask(&order),
        );
        [word(&ours.unwrap().data), curator, kazoo]
    }

    async fn close(mut self) {
        self.ours.close().await.unwrap();
        tokio::join!(self.curator.ask("close"), self.kazoo.ask("close"));
    }
}

/// Each has a member of its own and writes there, and all read it, each on its own; and all together on a follower that is
/// cut off when something is written: it answers what was there before, until they sync.
#[tokio::test(flavor = "multi_thread")]
async fn what_ours_curators_or_kazoos_writes_on_one_member_all_read_on_others_after_a_sync() {
    let _turn = turn().await;
    let ensemble = Ensemble::start_patient();
    let leader = ensemble.leader();
    let mut apart = Sides::on(&ensemble, [0, 1, 2]).await;
    apart.ours.create(PATH, "").await.unwrap();
    let mut behind = 0;
    for turn in 0..TURNS {
        for writer in SIDES {
            let data = format!("{writer:?} {turn}");
            apart.write(writer, &data).await;
            // Whoever wrote is not behind: it was answered by its own member.
            behind += apart
                .read()
                .await
                .iter()
                .filter(|read| **read != word(data.as_bytes()))
                .count();
            let data = format!("{writer:?} {turn} again");
            apart.write(writer, &data).await;
            let seen = apart.synced(async {}).await;
            assert_eq!(seen, [(); 3].map(|()| word(data.as_bytes())), "{writer:?}");
        }
    }
    note(format_args!("without a sync {behind} reads were behind"));

    let follower = ensemble.follower();
    let mut there = Sides::on(&ensemble, [follower; 3]).await;
    let elsewhere = Client::builder(ensemble.connect_string_of(leader));
    let elsewhere = elsewhere.connect().await.unwrap();
    for cut in 0..CUTS {
        let (before, after) = (format!("before {cut}"), format!("after {cut}"));
        let limit = deadline(LIMIT);
        elsewhere.set(PATH, before.clone()).await.unwrap();
        let came = there.synced(async {}).await;
        assert_eq!(came, [(); 3].map(|()| word(before.as_bytes())));
        ensemble.cut_from_peers(follower);
        limit
            .until("a write", elsewhere.set(PATH, after.clone()).into_future())
            .await
            .unwrap();
        assert_eq!(there.read().await, came, "the follower knows nothing of it");
        let healed = async { ensemble.heal(follower) };
        let seen = limit.until("synced reads", there.synced(healed)).await;
        assert_eq!(seen, [(); 3].map(|()| word(after.as_bytes())));
    }
    there.close().await;
    apart.close().await;
    elsewhere.close().await.unwrap();
}
