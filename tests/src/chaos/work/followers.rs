//! Who follows groups and services.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use zk_checkers::WatchMode;
use zk_recipes::discovery::{Codec as _, Discovery, JsonCodec, RoundRobin, ServiceView};
use zk_recipes::{Group, GroupLayout, Roster, Rosters, SessionId, Zxid};

use super::super::pictures::{Says, Seen, Shown};
use super::super::worker::Worker;
use super::kept::{GROUP, PARTY, SERVICE, SERVICES};

/// What is below the service.
const INSTANCES: &str = "/chaos/services/billing";

/// How long at most until all is shown, when all is well.
const SOON: Duration = Duration::from_secs(30);

/// Follows who is in a group.
pub(super) async fn roster(mut worker: Worker, layout: GroupLayout) {
    let (path, count) = match layout {
        GroupLayout::Party => (PARTY, "parties seen"),
        _ => (GROUP, "groups seen"),
    };
    let group = Group::new(&worker.zk, path).expect("a path").layout(layout);
    let (rosters, driver) = group.observe();
    tokio::spawn(driver);
    let name = worker.id();
    let mut follower = Follower {
        rosters,
        shown: Shown::new(name, path, WatchMode::No),
        session: worker.session(),
        told: None,
    };
    let mut end = std::pin::pin!(worker.end_of_life());
    while worker.lives() {
        tokio::select! {
            told = follower.next(&mut worker) => {
                if !told {
                    let text = format!("G9: the rosters of {} have ended", worker.who);
                    return worker.diary.page().findings.push(text);
                }
                worker.diary.count(count);
            }
            () = &mut end => {}
        }
    }
    worker.end_writing().await;
    let reaches = worker.reach().await;
    if timeout(SOON, follower.catch_up(&mut worker, &group))
        .await
        .is_err()
    {
        let who = &worker.who;
        let text = format!("C3: the roster of {who} is not who is there in the end");
        return worker.diary.page().findings.push(text);
    }
    follower.look(&worker, reaches);
}

struct Follower {
    rosters: Rosters,
    shown: Shown,
    session: SessionId,
    told: Option<Roster>,
}

impl Follower {
    /// Goes on until what it was told is who is there.
    async fn catch_up(&mut self, worker: &mut Worker, group: &Group) {
        loop {
            let there = group.members().await.ok();
            let told = self.told.as_ref().filter(|told| !told.is_stale);
            if there.is_some() && there.as_ref() == told.map(|told| &told.members) {
                return;
            }
            let _ = timeout(Duration::from_millis(200), self.next(worker)).await;
        }
    }

    /// Whether it was told something.
    async fn next(&mut self, worker: &mut Worker) -> bool {
        let Some(roster) = self.rosters.next().await else {
            return false;
        };
        let session = worker.session();
        if session != self.session {
            self.session = session;
            // The next session may be shown what is older.
            self.shown.name = worker.id();
        }
        self.told = Some(roster);
        self.look(worker, None);
        true
    }

    fn look(&mut self, worker: &Worker, reaches: Option<Zxid>) {
        let Some(roster) = self.told.as_ref().filter(|told| !told.is_stale) else {
            return;
        };
        let members = roster.members.iter();
        let party = self.shown.root == PARTY;
        let nodes: Vec<Seen> = members
            .map(|member| Seen {
                path: member.node.clone(),
                // A party's nodes hold the name and nothing else.
                data: if party {
                    member.id.clone().into_bytes()
                } else {
                    member.data.to_vec()
                },
                czxid: member.since,
                mzxid: Zxid::NONE,
            })
            .collect();
        let says = Says {
            reaches,
            ..Says::default()
        };
        self.shown.look(worker, &nodes, &says);
    }
}

/// Follows a service, and calls its instances.
pub(super) async fn view(mut worker: Worker) {
    let services = Discovery::new(&worker.zk, SERVICES).expect("a path");
    let view = services.view(SERVICE).expect("a name");
    let (loading, driver) = view.confirm_every(Duration::from_millis(900)).keep();
    tokio::spawn(driver);
    let mut end = std::pin::pin!(worker.end_of_life());
    let loaded = tokio::select! {
        loaded = loading.loaded() => loaded.ok(),
        () = &mut end => None,
    };
    let Some(mut view) = loaded else {
        let text = format!("C3: the view of {} was never loaded", worker.who);
        return worker.diary.page().findings.push(text);
    };
    let provider = view.provider(RoundRobin::new());
    let mut shown = Shown::new(worker.id(), INSTANCES, WatchMode::No);
    let mut tick = Instant::now();
    while worker.lives() {
        tokio::select! {
            told = view.changed() => {
                if told.is_none() {
                    let text = format!("G9: the view of {} has ended", worker.who);
                    return worker.diary.page().findings.push(text);
                }
                worker.diary.count("instances seen");
                look(&mut shown, &worker, &view, None);
            }
            () = sleep_until(tick) => {
                if let Some(instance) = provider.pick() {
                    worker.diary.count("instances picked");
                    if worker.dice.percent(10) {
                        view.note_error(&instance);
                    }
                }
                look(&mut shown, &worker, &view, None);
                tick = Instant::now() + worker.millis(300, 900);
            }
            () = &mut end => {}
        }
    }
    worker.end_writing().await;
    let reaches = worker.reach().await;
    if !matches!(timeout(SOON, view.catch_up()).await, Ok(Ok(()))) {
        let text = format!("C3: the view of {} does not catch up", worker.who);
        return worker.diary.page().findings.push(text);
    }
    look(&mut shown, &worker, &view, reaches);
}

fn look(shown: &mut Shown, worker: &Worker, view: &ServiceView, reaches: Option<Zxid>) {
    // Of its age first: it does not get older by that.
    let asked = worker.scribe.here();
    let age = view.staleness().map(|age| (asked, age));
    let nodes: Vec<Seen> = (view.instances().iter())
        .map(|instance| Seen {
            path: format!("{INSTANCES}/{}", instance.id),
            data: JsonCodec::new().encode(instance).to_vec(),
            czxid: Zxid::NONE,
            mzxid: Zxid::NONE,
        })
        .collect();
    let says = Says {
        age,
        reaches,
        ..Says::default()
    };
    shown.look(worker, &nodes, &says);
}
