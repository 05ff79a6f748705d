//! Read–write locks, semaphores and several locks at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_recipes::{
    Client, ErrorKind, Layout, LockGuard, MultiLock, Mutex, RwLock, Semaphore, SemaphoreMutex,
};
use zk_tests::{RealServer, Room, note};

use crate::theirs::{Counts, TIMES, Theirs, check};

/// Contenders of ours, with a client each.
const OURS: usize = 3;
/// What their names begin with.
const OURS_ARE: &str = "rust";
const PERMITS: u32 = 2;
/// How often each of their two threads has to wait, in each role: half as often as both together.
const EACH: &str = "25";
const LIMIT: Duration = Duration::from_secs(240);

/// A recipe of ours.
#[derive(Clone)]
enum Recipe {
    Rw(Layout),
    Semaphore(Layout),
    Stored,
    Mutex,
    SemaphoreMutex,
    Multi,
}

/// One hold, by whatever guard.
struct Hold {
    release: std::pin::Pin<Box<dyn Future<Output = bool> + Send>>,
}

impl<K: zk_recipes::Holding> From<LockGuard<K>> for Hold {
    fn from(guard: LockGuard<K>) -> Self {
        let release = Box::pin(async move { guard.release().await.unwrap().was_held });
        Self { release }
    }
}

impl Recipe {
    fn roles(&self) -> &'static [&'static str] {
        match self {
            Self::Rw(_) => &["read", "write"],
            Self::Semaphore(_) | Self::Stored => &["permit"],
            Self::Mutex | Self::SemaphoreMutex | Self::Multi => &["write"],
        }
    }

    /// Tries, and then waits if it has to; says whether it had.
    async fn hold(&self, zk: &Client, path: &str, role: &str) -> (Hold, bool) {
        match self {
            Self::Rw(layout) => {
                let lock = RwLock::new(zk, path).unwrap().layout(*layout);
                if role == "read" {
                    match lock.try_read().await.unwrap() {
                        Some(guard) => (guard.into(), false),
                        None => (lock.read().await.unwrap().into(), true),
                    }
                } else {
                    match lock.try_write().await.unwrap() {
                        Some(guard) => (guard.into(), false),
                        None => (lock.write().await.unwrap().into(), true),
                    }
                }
            }
            Self::Semaphore(_) | Self::Stored => {
                let mut semaphore = Semaphore::new(zk, path, PERMITS).unwrap();
                if let Self::Semaphore(layout) = self {
                    semaphore = semaphore.layout(*layout);
                } else {
                    semaphore = semaphore.stored_at(&format!("{path}-count")).unwrap();
                }
                match semaphore.try_acquire().await.unwrap() {
                    Some(permit) => (permit.into(), false),
                    None => (semaphore.acquire().await.unwrap().into(), true),
                }
            }
            Self::Mutex => {
                let mutex = Mutex::new(zk, path).unwrap();
                match mutex.try_acquire().await.unwrap() {
                    Some(guard) => (guard.into(), false),
                    None => (mutex.acquire().await.unwrap().into(), true),
                }
            }
            Self::SemaphoreMutex => {
                let mutex = SemaphoreMutex::new(zk, path).unwrap();
                match mutex.try_acquire().await.unwrap() {
                    Some(guard) => (guard.into(), false),
                    None => (mutex.acquire().await.unwrap().into(), true),
                }
            }
            Self::Multi => {
                let paths = [format!("{path}/b"), format!("{path}/a")];
                let lock = MultiLock::new(zk, paths).unwrap();
                let (guard, waited) = match lock.try_acquire().await.unwrap() {
                    Some(guard) => (guard, false),
                    None => (lock.acquire().await.unwrap(), true),
                };
                let release = Box::pin(async move { guard.release().await.unwrap().was_held });
                (Hold { release }, waited)
            }
        }
    }
}

/// Holds in all roles in turn until told to stop.
async fn contend(
    recipe: Recipe,
    zk: Client,
    path: String,
    room: Room,
    who: String,
    stop: Arc<AtomicBool>,
) -> Counts {
    let mut counts = Counts::new();
    for role in recipe.roles().iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (hold, waited) = recipe.hold(&zk, &path, role).await;
        let inside = room.enter(role, &who);
        sleep(Duration::from_millis(2)).await;
        drop(inside);
        assert!(hold.release.await);
        let (holds, waits) = counts.entry((*role).to_owned()).or_default();
        (*holds, *waits) = (*holds + 1, *waits + usize::from(waited));
    }
    counts
}

/// Lets ours contend as long as theirs do, and theirs until they have waited and the sides have followed one another.
async fn together(recipe: Recipe, path: &str, room: Room, mut theirs: Theirs) {
    let connect = RealServer::shared().connect_string();
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for number in 0..OURS {
        let zk = Client::builder(&connect).connect().await.unwrap();
        let (recipe, stop) = (recipe.clone(), Arc::clone(&stop));
        let task = contend(
            recipe,
            zk,
            path.to_owned(),
            room.clone(),
            format!("{OURS_ARE}-{number}"),
            stop,
        );
        tasks.push(tokio::spawn(task));
    }
    let ended = async {
        while !theirs.has_ended() && tasks.iter().all(|task| !task.is_finished()) {
            if room.exchanges(OURS_ARE).each_way() >= TIMES {
                room.say_enough();
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, ended).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    let mut ours = Counts::new();
    for task in tasks {
        let counts = timeout(LIMIT, task).await.unwrap().unwrap();
        for (role, (holds, waits)) in counts {
            let (all, waited) = ours.entry(role).or_default();
            (*all, *waited) = (*all + holds, *waited + waits);
        }
    }
    check("theirs", &theirs.finish());
    check("ours", &ours);
    let exchanges = room.exchanges(OURS_ARE);
    note(format_args!("{exchanges:?}"));
    assert!(exchanges.each_way() >= TIMES, "{exchanges:?}");
    let zk = Client::builder(&connect).connect().await.unwrap();
    for below in [
        path.to_owned(),
        format!("{path}/leases"),
        format!("{path}/a"),
    ] {
        match zk.children(&below).await {
            Ok(left) => assert!(left.iter().all(|name| name.len() < 12), "left: {left:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NoNode),
        }
    }
    zk.close().await.unwrap();
}

fn room(name: &str) -> Room {
    Room::new(env!("CARGO_TARGET_TMPDIR"), name, PERMITS as usize)
}

async fn with_curator(recipe: Recipe, name: &str, path: &str) {
    let room = room(&format!("curator-{name}"));
    let connect = RealServer::shared().connect_string();
    let theirs = Theirs::curator(&[&connect, name, path, "2", EACH], &room);
    together(recipe, path, room, theirs).await;
}

async fn with_kazoo(recipe: Recipe, name: &str, path: &str) {
    let room = room(&format!("kazoo-{name}"));
    let connect = RealServer::shared().connect_string();
    let theirs = Theirs::kazoo(&[&connect, name, path, "2", EACH], &room);
    together(recipe, path, room, theirs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_and_writers_of_curator_and_ours_exclude_each_other() {
    with_curator(Recipe::Rw(Layout::Curator), "rw", "/curator/rw").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permits_of_curators_semaphore_and_ours_are_never_too_many() {
    let recipe = Recipe::Semaphore(Layout::Curator);
    with_curator(recipe, "semaphore", "/curator/semaphore").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permits_under_one_shared_count_are_never_too_many() {
    with_curator(Recipe::Stored, "stored", "/curator/stored").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curators_semaphore_mutex_and_ours_exclude_each_other() {
    with_curator(Recipe::SemaphoreMutex, "mutex", "/curator/mutex").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curators_multi_lock_and_ours_exclude_each_other() {
    with_curator(Recipe::Multi, "multi", "/curator/multi").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_and_writers_of_kazoo_and_ours_exclude_each_other() {
    with_kazoo(Recipe::Rw(Layout::Kazoo), "rw", "/kazoo/rw").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permits_of_kazoos_semaphore_and_ours_are_never_too_many() {
    with_kazoo(
        Recipe::Semaphore(Layout::Kazoo),
        "semaphore",
        "/kazoo/semaphore",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kazoos_lock_among_curators_and_ours_exclude_each_other() {
    with_kazoo(Recipe::Mutex, "curator-lock", "/kazoo/curator-lock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kazoos_readers_and_writers_among_curators_and_ours_exclude_each_other() {
    let recipe = Recipe::Rw(Layout::Curator);
    with_kazoo(recipe, "curator-rw", "/kazoo/curator-rw").await;
}
