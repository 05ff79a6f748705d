//! Local pictures of a node, of its children and of a tree, while all write to it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use zk_checkers::WatchMode;
use zk_recipes::{
    Cache, CacheChanges, CacheLoading, ChildrenCache, Error, ErrorKind, NodeCache, TreeCache,
    TypedCache, Zxid,
};

use super::super::pictures::{Says, Shown, nodes};
use super::super::worker::Worker;
use super::values::Text;

pub(in super::super) const TREE: &str = "/chaos/tree";

/// Below that.
const NODES: [&str; 6] = ["", "/a", "/b", "/a/c", "/a/d", "/b/e"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Of {
    Tree,
    Children,
    Node,
}

impl Of {
    pub(in super::super) const ALL: [Self; 3] = [Self::Tree, Self::Children, Self::Node];

    /// As what it tells is counted.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree caches",
            Self::Children => "children caches",
            Self::Node => "node caches",
        }
    }

    const fn root(self) -> &'static str {
        match self {
            Self::Tree | Self::Children => TREE,
            Self::Node => "/chaos/tree/a",
        }
    }
}

/// Makes, writes and deletes nodes.
pub(super) async fn write(mut worker: Worker) {
    while worker.lives() {
        let path = format!("{TREE}{}", worker.dice.pick(&NODES));
        let (value, chance) = (worker.id(), worker.dice.below(10));
        let zk = worker.zk.clone();
        let write = async {
            match chance {
                0..4 => zk.create(&path, value).parents().await.map(drop),
                4..7 => zk.set(&path, value).await.map(drop),
                7..9 => zk.delete(&path).await.map(drop),
                _ => {
                    // Made again, with as many writes as before.
                    zk.delete(&path).await?;
                    zk.create(&path, value).await.map(drop)
                }
            }
        };
        match write.await {
            Ok(()) => worker.diary.count("tree writes"),
            Err(error) if is_refusal(&error) => {}
            Err(error) => worker.failed("tree writes", &error),
        }
        worker.rest().await;
    }
}

/// What is there or not is chance.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NoNode | ErrorKind::NodeExists | ErrorKind::NotEmpty
    )
}

/// How long at most until all is shown, when all is well.
const SOON: Duration = Duration::from_secs(30);

/// Follows a picture to its end, and looks at it meanwhile.
pub(super) async fn follow(mut worker: Worker, of: Of) {
    let mut end = std::pin::pin!(worker.end_of_life());
    while worker.lives() {
        let (loading, driver) = open(&mut worker, of);
        let driver = tokio::spawn(driver);
        let loaded = tokio::select! {
            loaded = loading.clone().loaded() => loaded,
            () = &mut end => timeout(SOON, loading.clone().loaded()).await.unwrap_or_else(|_| {
                let text = "it is not loaded in the end".to_owned();
                Err(Error::new(ErrorKind::WaitTimedOut, text))
            }),
        };
        match loaded {
            Ok(cache) => {
                let shown = shown(&mut worker, of);
                let changes = cache.changes();
                let mut follower = Follower {
                    of,
                    cache,
                    changes,
                    shown,
                };
                // Now and then it begins anew.
                let until = Instant::now() + worker.millis(15_000, 60_000);
                follower.read(&mut worker, until).await;
                if !worker.lives() {
                    follower.settle(&mut worker).await;
                }
            }
            Err(error) => {
                let text = format!("{} of {}: {error}", of.name(), worker.who);
                worker.diary.page().findings.push(text);
                worker.rest().await;
            }
        }
        drop(loading);
        if let Ok(Err(error)) = timeout(SOON, driver).await.unwrap_or(Ok(Ok(()))) {
            worker.failed(of.name(), &error);
        }
    }
}

fn shown(worker: &mut Worker, of: Of) -> Shown {
    let watch = match of {
        Of::Tree => WatchMode::Recursive,
        Of::Children => WatchMode::Persistent,
        Of::Node => WatchMode::Once,
    };
    Shown::new(worker.id(), of.root(), watch)
}

type Driver = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

fn open(worker: &mut Worker, of: Of) -> (CacheLoading, Driver) {
    let (zk, root) = (&worker.zk, of.root());
    let confirms = Duration::from_millis(900);
    let one_shot = worker.dice.percent(25);
    match of {
        Of::Tree => {
            let cache = TreeCache::new(zk, root).expect("a path").backlog(64);
            let cache = cache.confirm_every(confirms);
            let cache = if one_shot {
                cache.one_shot_watches()
            } else {
                cache
            };
            let (loading, driver) = cache.keep();
            (loading, Box::pin(driver))
        }
        Of::Children => {
            let cache = ChildrenCache::new(zk, root).expect("a path");
            let cache = if one_shot {
                cache.one_shot_watches()
            } else {
                cache
            };
            let (loading, driver) = cache.keep();
            (loading, Box::pin(driver))
        }
        Of::Node => {
            let cache = NodeCache::new(zk, root).expect("a path");
            let (loading, driver) = cache.confirm_every(confirms).keep();
            (loading, Box::pin(driver))
        }
    }
}

/// A cache with its stream.
struct Follower {
    of: Of,
    cache: Cache,
    changes: CacheChanges,
    shown: Shown,
}

impl Follower {
    /// Hears what is told until then, or until all is to end.
    async fn read(&mut self, worker: &mut Worker, until: Instant) {
        let mut end = std::pin::pin!(worker.end_of_life());
        let mut look = Instant::now();
        while worker.lives() && Instant::now() < until {
            tokio::select! {
                change = self.changes.next() => {
                    let Some(change) = change else { return };
                    self.shown.tell(worker, &change);
                    worker.diary.count(self.of.name());
                }
                () = sleep_until(look) => {
                    self.look(worker, None);
                    look = Instant::now() + worker.millis(500, 1500);
                }
                () = &mut end => {}
            }
        }
    }

    /// In the end all is known to be told, and which write was the last.
    fn look(&mut self, worker: &Worker, end: Option<Zxid>) {
        // Of its age first: it does not get older by that.
        let asked = worker.scribe.here();
        let age = self.cache.staleness().map(|age| (asked, age));
        let all = self.cache.snapshot();
        let says = Says {
            reaches: end.max(Some(all.as_of())),
            age,
            settled: end.is_some(),
        };
        self.shown.look(worker, &nodes(&all), &says);
        self.look_at_type(worker);
    }

    /// Whoever reads it as values of a type reads what is in it.
    fn look_at_type(&self, worker: &Worker) {
        let typed = TypedCache::<Text>::new(self.cache.clone());
        for (path, node) in self.cache.snapshot().nodes() {
            match typed.read(&path, &node) {
                Ok(text) if text.value.0.as_bytes() == node.data() => {
                    worker.diary.count("typed caches");
                }
                read => {
                    let text = format!("C1: {path} was read as {read:?} by {}", worker.who);
                    worker.diary.page().findings.push(text);
                }
            }
        }
    }

    /// When nobody writes any more it comes to be what there is, and what it told.
    async fn settle(&mut self, worker: &mut Worker) {
        worker.end_writing().await;
        let reaches = worker.reach().await;
        if !matches!(timeout(SOON, self.cache.catch_up()).await, Ok(Ok(()))) {
            let text = format!(
                "C3: the {} of {} do not catch up",
                self.of.name(),
                worker.who
            );
            return worker.diary.page().findings.push(text);
        }
        // What was told by then is there to be heard.
        while let Ok(Some(change)) = timeout(Duration::from_millis(300), self.changes.next()).await
        {
            self.shown.tell(worker, &change);
        }
        if !self.cache.is_fresh() {
            let text = format!(
                "C6: the {} of {} are stale in the end",
                self.of.name(),
                worker.who
            );
            worker.diary.page().findings.push(text);
        }
        self.look(worker, reaches);
    }
}
