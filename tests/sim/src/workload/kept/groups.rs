//! Groups: members that come and go, and whoever follows who is there.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use zk_checkers::WatchMode;
use zk_client::{SessionId, Zxid};
use zk_recipes::{Group, Membership, Roster, Rosters};

use super::{Driver, Keeper, Kept, last, work};
use crate::actor::Called;
use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::family::Family;
use crate::workload::pictures::{Says, Shown};
use crate::workload::seen::Seen;

/// The workload of groups: in each a membership, and somebody who follows.
#[derive(Default)]
pub(in crate::workload) struct Groups {
    members: Vec<Option<Kept<Membership>>>,
    followers: Vec<Option<Follower>>,
}

struct Follower {
    rosters: Rosters,
    /// The driver has.
    has_ended: bool,
    shown: Shown,
    session: SessionId,
    told: Option<Roster>,
}

#[async_trait]
impl Family for Groups {
    async fn work(&mut self, app: &mut Application) {
        self.open(app);
        let at = app.pick(app.plan.locks);
        if app.rng.percent(50)
            && let Some(place) = self.members.get_mut(at)
        {
            return work(place, app, at).await;
        }
        let limit = Duration::from_millis(app.rng.between(10, 1500));
        if let Some(place) = self.followers.get_mut(at)
            && let Some(follower) = Follower::open(place, app, at)
        {
            follower.next(app, limit).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app);
        for (at, place) in self.members.iter_mut().enumerate() {
            last(place, app, at).await?;
        }
        for (at, place) in self.followers.iter_mut().enumerate() {
            let follower = Follower::open(place, app, at).ok_or("nobody to follow")?;
            let limit = app.ages();
            while follower.next(app, limit).await {}
            follower.look(app, true);
            if follower.told.as_ref().is_none_or(|told| told.is_stale) {
                return Err("a roster is stale at last".to_owned());
            }
        }
        Ok(())
    }
}

impl Groups {
    fn open(&mut self, app: &Application) {
        self.members.resize_with(app.plan.locks, || None);
        self.followers.resize_with(app.plan.locks, || None);
    }
}

fn group(app: &Application, at: usize) -> Option<Group> {
    Group::new(&app.client, &node(at)).ok()
}

impl Follower {
    /// One per session: the next may be shown what is older.
    fn open<'a>(
        place: &'a mut Option<Self>,
        app: &mut Application,
        at: usize,
    ) -> Option<&'a mut Self> {
        if place.as_ref().is_none_or(|follower| follower.has_ended) {
            let (rosters, driver) = group(app, at)?.observe();
            app.drive(driver);
            *place = Some(Self {
                rosters,
                has_ended: false,
                shown: Shown {
                    name: app.fresh_value(),
                    root: node(at),
                    watch: WatchMode::No,
                    number: 0,
                },
                session: app.session(),
                told: None,
            });
        }
        place.as_mut()
    }

    /// Whether it was told something.
    async fn next(&mut self, app: &mut Application, limit: Duration) -> bool {
        app.actor.enter(Phase::Watching);
        let next = timeout(limit, self.rosters.next());
        let called = app.actor.call(Call::Follow, next).await;
        let Called::Returned(Ok(Some(roster)), _) = called else {
            self.has_ended = matches!(called, Called::Returned(Ok(None), _));
            return false;
        };
        if app.session() != self.session {
            self.session = app.session();
            self.shown.name = app.fresh_value();
        }
        self.told = Some(roster);
        self.look(app, false);
        true
    }

    fn look(&mut self, app: &Application, settled: bool) {
        let Some(roster) = self.told.as_ref().filter(|told| !told.is_stale) else {
            return;
        };
        let members = roster.members.iter();
        let nodes: Vec<Seen> = members
            .map(|member| Seen {
                path: member.node.clone(),
                data: member.data.to_vec(),
                czxid: member.since,
                mzxid: Zxid::NONE,
            })
            .collect();
        let says = Says {
            settled,
            ..Says::default()
        };
        self.shown.look(app, &nodes, &says);
    }
}

#[async_trait]
impl Keeper for Membership {
    fn new(app: &Application, at: usize, value: &str) -> Option<(Self, Driver)> {
        let id = format!("of-{}", app.actor.index);
        let (member, driver) = group(app, at)?.join(&id, value.to_owned()).ok()?;
        Some((member, Box::pin(driver)))
    }

    fn path(&self) -> String {
        self.presence().path().to_owned()
    }

    fn data(&self, value: &str) -> Vec<u8> {
        value.as_bytes().to_vec()
    }

    fn set(&self, value: &str) {
        self.presence().set(value.to_owned());
    }

    async fn present(&self) -> Option<Zxid> {
        self.presence().present().await
    }

    fn close(&self) {
        self.leave();
    }
}
