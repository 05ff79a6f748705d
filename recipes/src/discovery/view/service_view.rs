//! Reading a view.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use zk_client::{Client, Error};

use super::changes::ServiceChanges;
use super::down::Down;
use super::shown::{Instances, Shown};
use crate::Cache;
use crate::discovery::codec::BrokenNode;
use crate::discovery::instance::Instance;

/// A local picture of the instances of a service, which a [driver](super::ServiceViewBuilder::keep) keeps up to date: what
/// Curator calls a `ServiceCache`. Copies are cheap and show the same. Reading it asks no server.
///
/// **How old it is.** An instance whose process died is shown until the servers have ended its session: its session timeout
/// and one tick after it was last heard of, and as much later as the server that this client is connected to is behind. When
/// the connection is lost the view is [stale](Self::is_fresh) within the client's read timeout (two thirds of the session
/// timeout), and keeps what it has. Where the server only does not hear this client any more, and goes on telling it of
/// changes, it is stale when the server ends the session: after the session timeout and one tick.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::Client;
/// # use zk_recipes::discovery::{Discovery, Instance, RoundRobin};
/// # let zk = Client::dev().await?;
/// # let services = Discovery::new(&zk, "/services")?;
/// # let (registration, driver) = services.register(Instance::builder("billing").address("a").port(1).build())?;
/// # tokio::spawn(driver);
/// # registration.applied().await;
/// let (view, driver) = services.view("billing")?.keep();
/// tokio::spawn(driver);
/// let view = view.loaded().await?;
/// let billing = view.provider(RoundRobin::new());
/// if let Some(instance) = billing.pick() {
///     // Call it. If that fails, say so: after two errors it is left alone for a while.
///     view.note_error(&instance);
/// }
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct ServiceView {
    pub(super) cache: Cache,
    pub(super) told: watch::Receiver<Shown>,
    /// Asks for all that the cache has told, and hears that it is shown.
    pub(super) ask: Arc<watch::Sender<u64>>,
    pub(super) synced: watch::Receiver<u64>,
    pub(super) down: Arc<Mutex<Down>>,
    pub(super) client: Client,
}

impl ServiceView {
    /// All instances, in the order of their ids; one of each id, the one that was registered last.
    #[must_use]
    pub fn instances(&self) -> Instances {
        Arc::clone(&self.told.borrow().instances)
    }

    /// The instances that want to be called and at which no errors were noted lately.
    #[must_use]
    pub fn available(&self) -> Instances {
        let enabled = Arc::clone(&self.told.borrow().enabled);
        let mut down = self.down();
        if down.is_empty(self.client.now()) {
            return enabled;
        }
        let up = enabled.iter().filter(|one| !down.is_down(&one.id));
        up.map(Arc::clone).collect()
    }

    /// The instance of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Instance>> {
        let shown = self.told.borrow();
        let by_id = |one: &Arc<Instance>| one.id.as_str().cmp(id);
        let at = shown.instances.binary_search_by(by_id).ok()?;
        shown.instances.get(at).map(Arc::clone)
    }

    /// The nodes that tell no instance.
    #[must_use]
    pub fn broken(&self) -> Arc<[BrokenNode]> {
        Arc::clone(&self.told.borrow().broken)
    }

    /// Whether changes arrive as they happen: there is a connection, and all that it missed was read. Otherwise the view may
    /// be behind.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        // What the cache has read again is shown a moment later.
        self.told.borrow().fresh && self.cache.is_fresh()
    }

    /// How old it is at most, also on a server that is behind the others; `None` before there is a proof. See
    /// [`confirm_every`](super::ServiceViewBuilder::confirm_every) and [`catch_up`](Self::catch_up). True of what is read
    /// after it was asked.
    #[must_use]
    pub fn staleness(&self) -> Option<Duration> {
        let shown = self.told.borrow().reach;
        let cached = self.cache.reach();
        // What the cache has is shown a moment later.
        let reach = if cached.told == shown.told {
            cached
        } else {
            shown
        };
        Some(self.client.now() - reach.sure?)
    }

    /// Waits until it shows all that was committed before the call, by whomever. Costs one commit of an empty transaction.
    ///
    /// # Errors
    ///
    /// That with which the driver ended; `Misuse` if it was dropped; `SessionExpired` only with `OnExpiry::Stop`; `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Inert: an empty transaction changes nothing.
    ///
    /// # Ordering
    ///
    /// What is read afterwards is linearizable with respect to the call.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session.
    pub async fn catch_up(&self) -> Result<(), Error> {
        self.cache.catch_up().await?;
        let mut asked = 0;
        self.ask.send_modify(|number| {
            *number += 1;
            asked = *number;
        });
        let mut synced = self.synced.clone();
        // Once the driver has ended, nothing comes any more.
        let _ = synced.wait_for(|synced| *synced >= asked).await;
        Ok(())
    }

    /// Waits until the instances or the freshness are others than when this copy was made or was last told: the instances.
    /// `None` when the driver has ended. Changes between two calls are told as one.
    ///
    /// # Errors
    ///
    /// None: why the driver ended, the driver says.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// Changes come in the order in which the view shows them.
    ///
    /// # On session events
    ///
    /// Resolves when the view turns stale, and when it is fresh again. Also in the client's next session.
    pub async fn changed(&mut self) -> Option<Instances> {
        self.told.changed().await.ok()?;
        Some(Arc::clone(&self.told.borrow_and_update().instances))
    }

    /// Follows it instance by instance.
    pub fn changes(&self) -> ServiceChanges {
        ServiceChanges::new(self.cache.clone(), self.told.clone())
    }

    /// Notes that a call to an instance failed. After [so many](super::ServiceViewBuilder::down_after) it is not available
    /// for a while.
    pub fn note_error(&self, instance: &Instance) {
        // What is not there has not to be remembered.
        if self.get(&instance.id).is_some() {
            self.down().note(self.client.now(), &instance.id);
        }
    }

    /// Nothing that is done under this lock can leave it half done.
    fn down(&self) -> MutexGuard<'_, Down> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TreeCache;
    use crate::cache::Reach;
    use crate::discovery::view::down::DownPolicy;

    const MOMENT: Duration = Duration::from_millis(5);

    /// Nobody shows what the cache has taken in: the view is as old as what it shows.
    #[tokio::test]
    async fn s1_a_view_is_as_old_as_what_it_shows_and_not_as_its_cache() {
        let zk = Client::dev().await.unwrap();
        zk.create("/s", "").await.unwrap();
        let (loading, driver) = TreeCache::new(&zk, "/s").unwrap().keep();
        tokio::spawn(driver);
        let cache = loading.loaded().await.unwrap();
        cache.catch_up().await.unwrap();
        let before = cache.reach();
        let at = |reach: Reach, fresh| Shown {
            loaded: true,
            fresh,
            reach,
            ..Shown::default()
        };
        let (tell, told) = watch::channel(at(before, true));
        let (ask, synced) = watch::channel(0);
        let view = ServiceView {
            cache: cache.clone(),
            told,
            ask: Arc::new(ask),
            synced,
            down: Arc::new(Mutex::new(Down::new(DownPolicy::default()))),
            client: zk.clone(),
        };
        let since = |reach: Reach| zk.now() - reach.sure.unwrap();
        let is_as_old = || {
            let age = since(before);
            view.staleness().unwrap() >= age
        };
        let is_younger = || {
            let age = view.staleness().unwrap();
            age + MOMENT <= since(before)
        };
        // Nothing was told since: a proof of the cache's is one of the view's.
        tokio::time::sleep(MOMENT).await;
        cache.catch_up().await.unwrap();
        assert!(is_younger() && view.is_fresh());
        zk.create("/s/i", "").await.unwrap();
        cache.catch_up().await.unwrap();
        assert!(is_as_old());
        tell.send_replace(at(cache.reach(), false));
        assert!(is_younger() && !view.is_fresh());
        zk.close().await.unwrap();
    }
}
