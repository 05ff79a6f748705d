//! Nodes that are kept: one of each process's own, and one whose name all want.

use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zk_checkers::{Function, Outcome};
use zk_client::{Error, Zxid};
use zk_recipes::{PersistentNode, Presence};

use super::Application;
use super::calls::{Ask, wish};
use super::family::Family;
use crate::paths::lock_path;
use crate::recorder::Recorder;
use crate::schedule::{Call, Phase};

/// The workload of nodes that are kept.
#[derive(Default)]
pub(super) struct KeptNodes {
    nodes: Vec<Option<Kept>>,
}

/// A node while it is kept.
pub(super) struct Kept {
    path: String,
    presence: Presence,
    driver: Option<JoinHandle<Result<(), Error>>>,
    /// Whom to tell when it is dropped.
    teller: Option<(Recorder, u32)>,
}

#[async_trait]
impl Family for KeptNodes {
    async fn work(&mut self, app: &mut Application) {
        self.nodes.resize_with(app.plan.locks, || None);
        let at = app.pick(app.plan.locks);
        let limit = Duration::from_millis(app.rng.between(100, 4000));
        let Some(place) = self.nodes.get_mut(at) else {
            return;
        };
        match place.take() {
            None => *place = Kept::begin(app, &path(app, at), limit).await,
            Some(kept) if app.rng.percent(25) => {
                kept.end(app).await;
            }
            Some(kept) => {
                kept.provide(app, limit).await;
                *place = Some(kept);
            }
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.nodes.resize_with(app.plan.locks, || None);
        // The last name is everybody's: who has it lets the others have it.
        for at in (0..app.plan.locks).rev() {
            let limit = app.ages();
            let kept = self.nodes.get_mut(at).and_then(Option::take);
            let kept = match kept {
                Some(kept) if at + 1 < app.plan.locks => {
                    wish("what is provided", kept.provide(app, limit).await)?;
                    Some(kept)
                }
                Some(kept) => {
                    wish("an end", kept.end(app).await)?;
                    None
                }
                None if at + 1 < app.plan.locks => Kept::begin(app, &path(app, at), limit).await,
                None => None,
            };
            if let Some(kept) = kept {
                wish("a node", kept.provide(app, limit).await)?;
                wish("an end", kept.end(app).await)?;
            }
        }
        Ok(())
    }
}

/// The last one is everybody's.
fn path(app: &Application, at: usize) -> String {
    if at + 1 < app.plan.locks {
        format!("{}/of-{}", lock_path(at), app.actor.index)
    } else {
        format!("{}/shared", lock_path(at))
    }
}

impl Kept {
    /// Keeps a node, and waits until it is there. It is kept also if that takes too long.
    async fn begin(app: &mut Application, path: &str, limit: Duration) -> Option<Self> {
        let data = app.fresh_value();
        let node = PersistentNode::new(&app.client, path, data.clone()).ok()?;
        let (presence, driver) = node.keep();
        let kept = Self {
            path: path.to_owned(),
            presence,
            driver: Some(app.drive(driver)),
            teller: Some((app.actor.recorder.clone(), app.process())),
        };
        kept.present(app, (Function::Keep, Phase::Writing), &data, limit)
            .await;
        Some(kept)
    }

    /// It holds something else from now on.
    async fn provide(&self, app: &mut Application, limit: Duration) -> Option<Zxid> {
        let data = app.fresh_value();
        self.presence.set(data.clone());
        self.present(app, (Function::Provide, Phase::Writing), &data, limit)
            .await
    }

    async fn present(
        &self,
        app: &Application,
        (function, phase): (Function, Phase),
        data: &str,
        limit: Duration,
    ) -> Option<Zxid> {
        let ask = Ask {
            phase,
            call: Call::Wait,
            function,
            path: &self.path,
            limit: Some(limit),
        };
        let present = async { Ok::<_, Error>(timeout(limit, self.presence.present()).await) };
        let made = app
            .make(
                ask,
                present,
                |op, history| op.data = history.data(data.as_bytes()),
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

    /// It is kept no longer, and gone when this returns.
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
        self.presence.close();
        let ended = async {
            match driver.await {
                Ok(ended) => ended,
                // It is part of a process that is killed just now.
                Err(_) => std::future::pending().await,
            }
        };
        app.make(ask, ended, |_, _| {}, |_, _, ()| {}).await
    }
}

/// Who lets go of it without a word keeps it no longer, either.
impl Drop for Kept {
    fn drop(&mut self) {
        if let Some((recorder, process)) = self.teller.take() {
            drop(recorder.begin(process, Function::Unkeep, &self.path, |_, _| {}));
        }
    }
}
