//! Nodes that are kept, alone, in groups, and as what is registered of a service.

use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zk_checkers::{Function, History, NodeKind, Op, Outcome};
use zk_client::{Error, Zxid};

use super::Application;
use super::calls::{Ask, wish};
use crate::recorder::Recorder;
use crate::schedule::{Call, Phase};

mod groups;
mod health;
mod nodes;
mod service;
mod services;
mod ttl_nodes;
mod views;

pub(super) use groups::Groups;
pub(super) use nodes::KeptNodes;
pub(super) use services::Services;
pub(super) use ttl_nodes::TtlNodes;

/// Whoever keeps a node, by a driver.
#[async_trait]
trait Keeper: Send + Sync {
    /// Whether the node is withdrawn while what it stands for is not well.
    const HAS_HEALTH: bool = false;
    /// Makes one that is to hold `value`, with its driver.
    fn new(app: &Application, at: usize, value: &str) -> Option<(Self, Driver)>
    where
        Self: Sized;
    fn path(&self) -> String;
    /// What the node is to hold, byte for byte.
    fn data(&self, value: &str) -> Vec<u8>;
    fn set(&self, value: &str);
    /// Waits until it is there; `None` if the driver has ended.
    async fn present(&self) -> Option<Zxid>;
    fn close(&self);
    /// For how long the node is there after nobody keeps it any more, if not as long as its session.
    fn ttl(&self) -> Option<Duration> {
        None
    }
    /// It is not well from now on, as is said or as it falls silent; waits until the node is withdrawn.
    async fn sicken(&self, _is_silent: bool) -> Option<()> {
        None
    }
    /// It is well again.
    fn recover(&self) {}
}

type Driver = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A node while it is kept.
struct Kept<K> {
    keeper: K,
    driver: Option<JoinHandle<Result<(), Error>>>,
    path: String,
    ttl: Option<Duration>,
    is_sick: bool,
    /// Whom to tell when it is dropped.
    teller: Option<(Recorder, u32)>,
}

/// Begins to keep, goes on with something else, or ends.
async fn work<K: Keeper>(place: &mut Option<Kept<K>>, app: &mut Application, at: usize) {
    let limit = Duration::from_millis(app.rng.between(100, 4000));
    match place.take() {
        None => *place = Kept::begin(app, at, limit).await,
        Some(kept) if app.rng.percent(25) => {
            kept.end(app).await;
        }
        Some(mut kept) => {
            if kept.is_sick {
                kept.recover(app, limit).await;
            } else if K::HAS_HEALTH && app.rng.percent(20) {
                kept.sicken(app, limit).await;
            } else {
                kept.provide(app, limit).await;
            }
            *place = Some(kept);
        }
    }
}

/// After everything was healed it is there, and then gone.
async fn last<K: Keeper>(
    place: &mut Option<Kept<K>>,
    app: &mut Application,
    at: usize,
) -> Result<(), String> {
    let limit = app.ages();
    let mut kept = match place.take() {
        Some(kept) => kept,
        None => Kept::begin(app, at, limit).await.ok_or("nothing to keep")?,
    };
    if K::HAS_HEALTH {
        // Whoever is sick already is not withdrawn a second time.
        if !kept.is_sick {
            let withdrawn = kept.sicken(app, limit).await;
            wish("what is withdrawn", withdrawn)?;
        }
        wish("what is well again", kept.recover(app, limit).await)?;
    }
    wish("what is provided", kept.provide(app, limit).await)?;
    wish("an end", kept.end(app).await)
}

impl<K: Keeper> Kept<K> {
    /// Keeps a node, and waits until it is there. It is kept also if that takes too long.
    async fn begin(app: &mut Application, at: usize, limit: Duration) -> Option<Self> {
        let value = app.fresh_value();
        let (keeper, driver) = K::new(app, at, &value)?;
        let kept = Self {
            path: keeper.path(),
            ttl: keeper.ttl(),
            keeper,
            driver: Some(app.drive(driver)),
            is_sick: false,
            teller: Some((app.actor.recorder.clone(), app.process())),
        };
        kept.present(app, Function::Keep, &value, limit).await;
        Some(kept)
    }

    /// It holds something else from now on.
    async fn provide(&self, app: &mut Application, limit: Duration) -> Option<Zxid> {
        let value = app.fresh_value();
        self.keeper.set(&value);
        self.present(app, Function::Provide, &value, limit).await
    }

    /// It is not well, and the node is withdrawn within the limit or later.
    async fn sicken(&mut self, app: &mut Application, limit: Duration) -> Option<()> {
        self.is_sick = true;
        let is_silent = app.rng.percent(50);
        let ask = Ask {
            phase: Phase::Releasing,
            call: Call::Release,
            function: Function::Unkeep,
            path: &self.path,
            limit: Some(limit),
        };
        let sick = self.keeper.sicken(is_silent);
        let sick = async { Ok::<_, Error>(timeout(limit, sick).await) };
        let withdrawn = app
            .make(
                ask,
                sick,
                |op, history| op.data = history.text("sick"),
                |op, _, withdrawn| match withdrawn {
                    Ok(Some(())) => {}
                    Ok(None) => op.outcome = Outcome::Cancelled,
                    Err(_) => op.outcome = Outcome::NotApplied,
                },
            )
            .await;
        withdrawn?.ok().flatten()
    }

    /// It is well again, and holds something else.
    async fn recover(&mut self, app: &mut Application, limit: Duration) -> Option<Zxid> {
        self.is_sick = false;
        let value = app.fresh_value();
        self.keeper.set(&value);
        // Its driver and whoever checks it are woken by that, in an order that tokio draws.
        tokio::task::yield_now().await;
        self.keeper.recover();
        self.present(app, Function::Keep, &value, limit).await
    }

    async fn present(
        &self,
        app: &Application,
        function: Function,
        value: &str,
        limit: Duration,
    ) -> Option<Zxid> {
        let ask = Ask {
            phase: Phase::Writing,
            call: Call::Wait,
            function,
            path: &self.path,
            limit: Some(limit),
        };
        let present = async { Ok::<_, Error>(timeout(limit, self.keeper.present()).await) };
        let made = app
            .make(
                ask,
                present,
                |op, history| {
                    op.data = history.data(&self.keeper.data(value));
                    lives(op, history, self.ttl);
                },
                |op, _, present| match present {
                    Ok(Some(czxid)) => op.token = *czxid,
                    // The driver has ended with the client.
                    Ok(None) => op.outcome = Outcome::Cancelled,
                    Err(_) => op.outcome = Outcome::NotApplied,
                },
            )
            .await;
        made?.ok().flatten()
    }

    /// It is kept no longer; gone when this returns, unless it has a time to live.
    async fn end(mut self, app: &Application) -> Option<()> {
        self.teller = None;
        let driver = self.driver.take()?;
        let ask = Ask {
            phase: Phase::Releasing,
            call: Call::Release,
            function: Function::Unkeep,
            path: &self.path,
            limit: None,
        };
        self.keeper.close();
        let ended = async {
            match driver.await {
                Ok(ended) => ended,
                // It is part of a process that is killed just now.
                Err(_) => std::future::pending().await,
            }
        };
        let asked = |op: &mut Op, history: &mut History| lives(op, history, self.ttl);
        app.make(ask, ended, asked, |_, _, ()| {}).await
    }
}

/// Who lets go of it without a word keeps it no longer, either.
impl<K> Drop for Kept<K> {
    fn drop(&mut self) {
        if let Some((recorder, process)) = self.teller.take() {
            drop(
                recorder.begin(process, Function::Unkeep, &self.path, |op, history| {
                    lives(op, history, self.ttl);
                }),
            );
        }
    }
}

/// Writes down for how long the node is there that a call is about.
fn lives(op: &mut Op, history: &mut History, ttl: Option<Duration>) {
    if let Some(ttl) = ttl {
        op.kind = NodeKind::Ttl;
        op.from = history.text(&ttl.as_millis().to_string());
    }
}
