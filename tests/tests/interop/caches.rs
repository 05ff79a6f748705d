//! Caches of ours and of theirs on the same nodes, while both sides write.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use zk_client::EventType;
use zk_recipes::{
    AddWatchMode, Cache, CacheLoading, ChildrenCache, Client, Error, ErrorKind, NodeCache,
    TreeCache, WatchEvent,
};
use zk_tests::{Channel, RealServer, Talk, deadline, word};

/// How many writes of each side the other side sees.
const WRITES: usize = 50;

/// A cache of theirs.
struct Follower {
    channel: Channel,
    is_kazoos: bool,
    is_of_names: bool,
}

impl Follower {
    async fn curator(connect: &str, kind: &str, path: &str) -> Self {
        let mut channel = Talk::curator().open("caches", connect).await;
        channel.ask(&format!("start c {kind} {path}")).await;
        Self {
            channel,
            is_kazoos: false,
            is_of_names: false,
        }
    }

    async fn kazoo(connect: &str, kind: &str, path: &str) -> Self {
        let mut channel = Talk::kazoo().open("caches", connect).await;
        channel.ask(&format!("start c {kind} {path}")).await;
        Self {
            channel,
            is_kazoos: true,
            is_of_names: kind == "children",
        }
    }

    /// Waits until it has this at the path.
    async fn follows(&mut self, path: &str, data: Option<&str>) {
        if self.is_of_names {
            let (parent, name) = path.rsplit_once('/').unwrap();
            let order = if data.is_some() {
                "await-child"
            } else {
                "await-no-child"
            };
            self.channel
                .ask(&format!("{order} c {parent} {name}"))
                .await;
            return;
        }
        let order = if self.is_kazoos {
            "await-data"
        } else {
            "await"
        };
        let data = data.map_or_else(|| "null".to_owned(), |data| word(data.as_bytes()));
        self.channel.ask(&format!("{order} c {path} {data}")).await;
    }

    async fn write(&mut self, path: &str, data: Option<&str>) {
        match data {
            Some(data) => {
                self.channel
                    .ask(&format!("write {path} {}", word(data.as_bytes())))
                    .await
            }
            None => self.channel.ask(&format!("erase {path}")).await,
        };
    }
}

/// Waits until it is loaded; it is kept by a task.
async fn kept(
    (loading, driver): (
        CacheLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static,
    ),
) -> Cache {
    tokio::spawn(driver);
    loading.loaded().await.unwrap()
}

async fn write(zk: &Client, path: &str, data: Option<&str>) {
    let Some(data) = data else {
        return zk.delete(path).await.unwrap();
    };
    match zk.set(path, data.to_owned()).await {
        Err(error) if error.kind() == ErrorKind::NoNode => {
            zk.create(path, data.to_owned()).parents().await.unwrap();
        }
        written => drop(written.unwrap()),
    }
}

/// In each round ours make a change that all of theirs see, and each of theirs makes a change that ours sees: nodes are made,
/// written and deleted.
async fn follow_each_other(zk: &Client, ours: &Cache, theirs: &mut [Follower], paths: &[String]) {
    let step = |n: usize, who: char| {
        let data = (n % 5 != 4).then(|| format!("{who}{n}"));
        (&paths[n / 5 % paths.len()], data)
    };
    for n in 0..WRITES {
        let (path, data) = step(n, 'r');
        write(zk, path, data.as_deref()).await;
        for follower in &mut *theirs {
            follower.follows(path, data.as_deref()).await;
        }
        for (number, writer) in theirs.iter_mut().enumerate() {
            let written = format!("j{number}-{n}");
            writer.write(path, Some(&written)).await;
            ours.catch_up().await.unwrap();
            assert_eq!(ours.get(path).unwrap().data(), written.as_bytes());
            if data.is_none() {
                writer.write(path, None).await;
                ours.catch_up().await.unwrap();
                assert!(ours.get(path).is_none());
            }
        }
    }
    // In the end all have the same.
    for path in paths {
        let data = ours
            .get(path)
            .map(|node| String::from_utf8(node.data().to_vec()).unwrap());
        for follower in &mut *theirs {
            follower.follows(path, data.as_deref()).await;
        }
    }
}

async fn client() -> (String, Client) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (connect, zk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_cache_and_curators_and_kazoos_follow_each_others_writes() {
    let (connect, zk) = client().await;
    let at = "/cache-tree";
    zk.create(at, "").await.unwrap();
    let ours = kept(TreeCache::new(&zk, at).unwrap().keep()).await;
    let mut theirs = [
        Follower::curator(&connect, "curator", at).await,
        Follower::curator(&connect, "tree", at).await,
        Follower::kazoo(&connect, "tree", at).await,
    ];
    let paths = ["a", "b/c", "b/d/e", "b/d/f"].map(|path| format!("{at}/{path}"));
    follow_each_other(&zk, &ours, &mut theirs, &paths).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_children_cache_and_curators_and_kazoos_follow_each_others_writes() {
    let (connect, zk) = client().await;
    let at = "/cache-children";
    zk.create(at, "").await.unwrap();
    let ours = kept(ChildrenCache::new(&zk, at).unwrap().keep()).await;
    let mut theirs = [
        Follower::curator(&connect, "children", at).await,
        Follower::kazoo(&connect, "children", at).await,
    ];
    let paths = ["a", "b", "c"].map(|path| format!("{at}/{path}"));
    follow_each_other(&zk, &ours, &mut theirs, &paths).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cache_and_curators_and_kazoos_follow_each_others_writes() {
    let (connect, zk) = client().await;
    let at = "/cache-node";
    let ours = kept(NodeCache::new(&zk, at).unwrap().keep()).await;
    let mut theirs = [
        Follower::curator(&connect, "single", at).await,
        Follower::curator(&connect, "node", at).await,
        Follower::kazoo(&connect, "data", at).await,
    ];
    follow_each_other(&zk, &ours, &mut theirs, &[at.to_owned()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_and_curators_persistent_watcher_see_each_others_writes() {
    let (connect, zk) = client().await;
    let at = "/cache-watch";
    zk.create(at, "").await.unwrap();
    let mut watch = zk
        .watch(at, AddWatchMode::PersistentRecursive)
        .await
        .unwrap();
    let mut theirs = Follower::curator(&connect, "watch", at).await;
    theirs.channel.ask("told c RESET").await;
    let limit = deadline(Duration::from_secs(60));
    for n in 0..WRITES {
        let (ours, by_theirs) = (format!("{at}/r{n}"), format!("{at}/j{n}"));
        write(&zk, &ours, Some("r")).await;
        theirs
            .channel
            .ask(&format!("told c NodeCreated:{ours}"))
            .await;
        theirs.write(&by_theirs, Some("j")).await;
        for wanted in [ours, by_theirs] {
            let event = limit.until("an event", watch.next()).await;
            let Some(WatchEvent::Fired { kind, path, .. }) = event else {
                panic!("{event:?}");
            };
            assert_eq!((kind, path), (EventType::Created, wanted));
        }
    }
}

/// How long there is no change where all is settled: far longer than a busy machine takes from one write to the next.
const QUIET: Duration = Duration::from_millis(1500);
/// How many paths are written to in turn, how often that is done, and how many children each side makes at each.
const PATHS: usize = 10;
const GROUPS: usize = 5;
const CHILDREN: usize = 3;

/// The idiom of `docs/recipes/caches.md`: the children when there has been no change for a while.
async fn settled(cache: Cache) -> Vec<String> {
    let mut changes = cache.changes();
    while let Ok(Some(_)) = timeout(QUIET, changes.next()).await {}
    assert!(cache.is_fresh());
    let children = cache.snapshot().children(cache.path());
    children.into_iter().map(|(name, _)| name).collect()
}

/// Both wait while children come, made by both in turn, and each tells of all of them once no more come.
#[tokio::test(flavor = "multi_thread")]
async fn children_that_settle_are_told_alike_by_a_children_cache_and_kazoos_patient_watch() {
    let (connect, zk) = client().await;
    let mut theirs = Talk::kazoo().open("caches", &connect).await;
    let mut ours = Vec::new();
    let quiet = QUIET.as_secs_f64();
    // Not all at once: the first would wait in vain for too long.
    for group in 0..GROUPS {
        let paths = group * PATHS..(group + 1) * PATHS;
        for path in paths.clone() {
            let at = format!("/cache-settled/{path}");
            zk.create(&at, "").parents().await.unwrap();
            let cache = kept(ChildrenCache::new(&zk, &at).unwrap().keep()).await;
            ours.push(tokio::spawn(settled(cache)));
            theirs.ask(&format!("be-patient {path} {at} {quiet}")).await;
        }
        for n in 0..CHILDREN {
            for path in paths.clone() {
                let at = format!("/cache-settled/{path}");
                write(&zk, &format!("{at}/r{n}"), Some("")).await;
                theirs.ask(&format!("write {at}/k{n} -")).await;
            }
        }
    }
    let all = |who: &'static str| (0..CHILDREN).map(move |n| format!("{who}{n}"));
    let wanted: Vec<String> = all("k").chain(all("r")).collect();
    for (path, ours) in ours.into_iter().enumerate() {
        assert_eq!(
            theirs.ask(&format!("settled {path}")).await,
            wanted.join(" ")
        );
        assert_eq!(ours.await.unwrap(), wanted);
    }
}
