//! Local pictures of a node, of its children and of a tree, while all write to it.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout};
use zk_checkers::WatchMode;
use zk_client::{Error, ErrorKind};
use zk_recipes::{Cache, CacheChanges, CacheLoading, ChildrenCache, NodeCache, TreeCache};
use zk_wire::Zxid;

use super::Application;
use super::family::Family;
use super::pictures::{Says, Shown};
use super::words::{Reader, no_word};
use crate::actor::Called;
use crate::paths::node;
use crate::recipe::TYPED;
use crate::schedule::{Call, Phase};

/// The workload of caches: one per directory.
#[derive(Default)]
pub(super) struct Caches {
    caches: Vec<Option<Follower>>,
}

/// A cache with its stream.
struct Follower {
    shown: Shown,
    loading: CacheLoading,
    /// It is read as values.
    is_typed: bool,
    read: Option<(Cache, CacheChanges, Reader)>,
}

#[async_trait]
impl Family for Caches {
    async fn work(&mut self, app: &mut Application) {
        self.caches.resize_with(app.plan.locks, || None);
        let at = app.pick(app.plan.locks);
        if app.rng.percent(45) {
            write(app, &node(at)).await;
            return;
        }
        let Some(place) = self.caches.get_mut(at) else {
            return;
        };
        let follower = match place.take() {
            // Whoever lets go of it begins anew.
            Some(_) if app.rng.percent(4) => return,
            Some(follower) => Some(follower),
            None => Follower::open(app, at),
        };
        let Some(mut follower) = follower else { return };
        if follower.work(app).await {
            *place = Some(follower);
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.caches.resize_with(app.plan.locks, || None);
        for at in 0..app.plan.locks {
            let path = node(at);
            let value = app.fresh_value();
            // As often as the connection breaks, or a server is overloaded; it is there then.
            for attempt in 1.. {
                match app.client.create(&path, value.clone()).parents().await {
                    Err(error) if error.kind() == ErrorKind::NodeExists => break,
                    Err(error) if attempt > 3 => return Err(format!("create: {error}")),
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    Ok(_) => break,
                }
            }
        }
        for at in 0..app.plan.locks {
            let place = self.caches.get_mut(at).and_then(Option::take);
            let mut follower = match place {
                Some(follower) => follower,
                None => Follower::open(app, at).ok_or("no cache")?,
            };
            follower.end(app).await?;
        }
        Ok(())
    }
}

/// Makes, writes or deletes one of a few nodes; the zxid of it if it was done.
async fn write(app: &mut Application, root: &str) -> Option<Zxid> {
    app.actor.enter(Phase::Writing);
    let below = ["", "/a", "/b", "/a/c", "/a/d", "/b/e"];
    let place = app.pick(below.len());
    let path = format!("{root}{}", below.get(place).unwrap_or(&""));
    let value = app.fresh_value();
    let value = if app.rng.percent(15) {
        no_word(&value)
    } else {
        value
    };
    let client = app.client.clone();
    let chance = app.rng.below(10);
    let write = async {
        match chance {
            0..4 => {
                let made = client.create(&path, value).parents().await?;
                Ok::<_, Error>(Some(made.stat.czxid))
            }
            4..7 => Ok(Some(client.set(&path, value).await?.mzxid)),
            7..9 => client.delete(&path).await.map(|_| None),
            _ => {
                // Made again, with as many writes as before.
                client.delete(&path).await?;
                let made = client.create(&path, value).await?;
                Ok(Some(made.stat.czxid))
            }
        }
    };
    match app.actor.call(Call::Change, write).await {
        Called::Returned(Ok(zxid), _) => zxid,
        _ => None,
    }
}

impl Follower {
    fn open(app: &mut Application, at: usize) -> Option<Self> {
        let root = node(at);
        let client = &app.client;
        let confirms = Duration::from_millis(900);
        let one_shot = app.rng.percent(20);
        let (watch, (loading, task)) = match at % 3 {
            0 => {
                let cache = TreeCache::new(client, &root).ok()?;
                let cache = if one_shot {
                    cache.one_shot_watches()
                } else {
                    cache
                };
                let (loading, driver) = cache.confirm_every(confirms).backlog(16).keep();
                (WatchMode::Recursive, (loading, app.drive(driver)))
            }
            1 => {
                let cache = ChildrenCache::new(client, &root).ok()?;
                let cache = if one_shot {
                    cache.one_shot_watches()
                } else {
                    cache
                };
                let (loading, driver) = cache.keep();
                (WatchMode::Persistent, (loading, app.drive(driver)))
            }
            _ => {
                let cache = NodeCache::new(client, &root).ok()?;
                let (loading, driver) = cache.confirm_every(confirms).keep();
                (WatchMode::Once, (loading, app.drive(driver)))
            }
        };
        drop(task);
        let (name, is_typed) = (app.fresh_value(), app.rng.percent(50));
        Some(Self {
            shown: Shown {
                name: if is_typed {
                    format!("{TYPED}{name}")
                } else {
                    name
                },
                root,
                watch,
                number: 0,
            },
            loading,
            is_typed,
            read: None,
        })
    }

    /// Reads what there is and what is told; whether it goes on.
    async fn work(&mut self, app: &mut Application) -> bool {
        let limit = Duration::from_millis(app.rng.between(20, 1500));
        app.actor.enter(Phase::Watching);
        if !self.load(app, limit).await {
            return true;
        }
        for _ in 0..app.rng.between(1, 6) {
            match self.next(app, limit).await {
                Told::Something => {}
                Told::Nothing => break,
                Told::Ended => return false,
            }
        }
        let Some((cache, ..)) = &self.read else {
            return false;
        };
        let cache = cache.clone();
        let mut says = Says::default();
        match app.rng.below(10) {
            0 => {
                let begun = Instant::now();
                let caught = timeout(limit, cache.catch_up());
                if let Called::Returned(Ok(Ok(())), _) = app.actor.call(Call::Get, caught).await {
                    says.millis = Some(begun.elapsed().as_millis() + 1);
                }
            }
            1 => {
                let written = write(app, &self.shown.root).await;
                if let Some(zxid) = written {
                    let shown = timeout(limit, cache.wait_for(zxid));
                    if let Called::Returned(Ok(Ok(())), _) = app.actor.call(Call::Get, shown).await
                    {
                        says.reaches = Some(zxid);
                    }
                }
            }
            _ => says.millis = cache.staleness().map(|age| age.as_millis() + 1),
        }
        let all = cache.snapshot();
        says.reaches = says.reaches.max(Some(all.as_of()));
        says.fresh = Some(all.is_fresh());
        let Some((.., reader)) = &self.read else {
            return false;
        };
        let nodes = reader.all(&self.shown.root, &all);
        self.shown.look(app, &nodes, &says);
        true
    }

    /// Whether all was read once.
    async fn load(&mut self, app: &Application, limit: Duration) -> bool {
        if self.read.is_none() {
            let loaded = timeout(limit, self.loading.clone().loaded());
            if let Called::Returned(Ok(Ok(cache)), _) = app.actor.call(Call::Wait, loaded).await {
                let changes = cache.changes();
                let reader = Reader::new(&cache, self.is_typed);
                self.read = Some((cache, changes, reader));
            }
        }
        self.read.is_some()
    }

    async fn next(&mut self, app: &Application, limit: Duration) -> Told {
        let Some((_, changes, reader)) = &mut self.read else {
            return Told::Ended;
        };
        let next = timeout(limit, changes.next());
        match app.actor.call(Call::Follow, next).await {
            Called::Returned(Ok(Some(change)), _) => {
                self.shown.tell(app, &change, reader);
                Told::Something
            }
            Called::Returned(Ok(None), _) => Told::Ended,
            Called::Returned(Err(_), _) | Called::Dropped(_) => Told::Nothing,
        }
    }

    /// Until nothing more is told: then what is there is what was told.
    async fn end(&mut self, app: &Application) -> Result<(), String> {
        let limit = app.ages();
        if !self.load(app, limit).await {
            return Err("a cache did not load".to_owned());
        }
        loop {
            match self.next(app, limit).await {
                Told::Something => {}
                Told::Nothing => break,
                Told::Ended => return Err("a cache ended".to_owned()),
            }
        }
        let Some((cache, _, reader)) = &self.read else {
            return Err("a cache is not there".to_owned());
        };
        let all = cache.snapshot();
        if !all.is_fresh() {
            return Err("a cache is not fresh at last".to_owned());
        }
        let says = Says {
            reaches: Some(all.as_of()),
            millis: cache.staleness().map(|age| age.as_millis() + 1),
            settled: true,
            fresh: Some(true),
        };
        let nodes = reader.all(&self.shown.root, &all);
        self.shown.look(app, &nodes, &says);
        Ok(())
    }
}

enum Told {
    Something,
    Nothing,
    Ended,
}
