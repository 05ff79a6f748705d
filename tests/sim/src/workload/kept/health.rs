//! Instances whose health is told by heartbeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use zk_client::Zxid;
use zk_recipes::Standing;
use zk_recipes::discovery::{Check, Instance};
use zk_recipes::discovery::{Codec as _, Health, HealthWatch, Heartbeat, JsonCodec, Registration};

use super::services::{SERVICE, services};
use super::{Driver, Keeper};
use crate::workload::Application;

/// A registration with a check of its health.
pub(super) struct Served {
    registration: Registration,
    heart: Arc<Heart>,
    health: HealthWatch,
}

/// What tells that the instance is well.
struct Heart {
    heartbeat: Heartbeat,
    beats: AtomicBool,
}

/// For how long silence is no sign of anything.
const TTL: Duration = Duration::from_millis(600);

/// How often a heart beats.
const BEAT: Duration = Duration::from_millis(150);

fn instance(id: &str, value: &str) -> Instance {
    let instance = Instance::builder(SERVICE).id(id).address(value);
    instance.port(80).build()
}

#[async_trait]
impl Keeper for Served {
    const HAS_HEALTH: bool = true;

    fn new(app: &Application, at: usize, value: &str) -> Option<(Self, Driver)> {
        let id = format!("of-{}", app.actor.index);
        let registered = services(app, at)?.register(instance(&id, value));
        let (registration, driver) = registered.ok()?;
        let (heartbeat, check) = Check::ttl(TTL);
        let (health, checking) = registration.check(check);
        drop(app.drive(checking));
        let heart = Arc::new(Heart {
            heartbeat,
            beats: AtomicBool::new(true),
        });
        let beating = Arc::downgrade(&heart);
        drop(app.drive(async move {
            while let Some(heart) = beating.upgrade() {
                if heart.beats.load(Ordering::Relaxed) {
                    heart.heartbeat.pass();
                }
                drop(heart);
                tokio::time::sleep(BEAT).await;
            }
        }));
        let served = Self {
            registration,
            heart,
            health,
        };
        Some((served, Box::pin(driver)))
    }

    fn path(&self) -> String {
        self.registration.path().to_owned()
    }

    fn data(&self, value: &str) -> Vec<u8> {
        let mut now = self.registration.instance();
        now.address = Some(value.to_owned());
        JsonCodec::new().encode(&now).to_vec()
    }

    fn set(&self, value: &str) {
        let address = Some(value.to_owned());
        self.registration
            .update(|instance| instance.address = address);
    }

    async fn present(&self) -> Option<Zxid> {
        loop {
            match self.registration.applied().await? {
                Standing::Present(czxid) => return Some(czxid),
                // It is not well, or somebody else has its node.
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    fn close(&self) {
        self.registration.unregister();
    }

    async fn sicken(&self, is_silent: bool) -> Option<()> {
        self.heart.beats.store(false, Ordering::Relaxed);
        if !is_silent {
            self.heart.heartbeat.fail("it is told to be sick");
        }
        let mut health = self.health.clone();
        while !matches!(health.now(), Health::Failing(_)) {
            health.changed().await?;
        }
        while self.registration.applied().await? != Standing::Absent {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Some(())
    }

    fn recover(&self) {
        self.heart.beats.store(true, Ordering::Relaxed);
        self.heart.heartbeat.pass();
    }
}
