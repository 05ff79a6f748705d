//! Barriers and event flags: a node that is there or not.

use std::future::IntoFuture;
use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::Function;
use zk_client::Error;
use zk_recipes::{Barrier, EventFlag, Wait};

use crate::paths::last_node;
use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, wish, writes};
use crate::workload::family::Family;

/// The workload of barriers.
pub(in crate::workload) struct Barriers;

/// The workload of event flags.
pub(in crate::workload) struct Flags;

/// A gate of either kind.
#[async_trait]
trait Gate: Send + Sync + Sized {
    /// What its wait waits for.
    const WAITS: Function;
    fn at(app: &Application, path: &str) -> Result<Self, Error>;
    async fn raise(&self) -> Result<(), Error>;
    async fn lower(&self) -> Result<bool, Error>;
    fn wait(&self) -> Wait;
}

#[async_trait]
impl Family for Barriers {
    async fn work(&mut self, app: &mut Application) {
        work::<Barrier>(app).await;
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for directory in 0..app.plan.locks {
            let path = node(directory);
            let gate = gate::<Barrier>(app, &path)?;
            wish("a removal", lower(&gate, &path, app).await)?;
        }
        let path = last_node();
        let gate = gate::<Barrier>(app, &path)?;
        wish("a set", raise(&gate, &path, app).await)?;
        // The others set it, too, and wait until the last of them has removed it.
        let app: &Application = app;
        let removal = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            lower(&gate, &path, app).await
        };
        let wait = wait(&gate, &path, app, None);
        let (passed, removed) = tokio::join!(wait, removal);
        wish("a removal", removed)?;
        wish("a wait", passed.then_some(()))
    }
}

#[async_trait]
impl Family for Flags {
    async fn work(&mut self, app: &mut Application) {
        work::<EventFlag>(app).await;
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for directory in 0..app.plan.locks {
            let path = node(directory);
            let gate = gate::<EventFlag>(app, &path)?;
            wish("a set", raise(&gate, &path, app).await)?;
            wish("a wait", wait(&gate, &path, app, None).await.then_some(()))?;
        }
        Ok(())
    }
}

fn gate<G: Gate>(app: &Application, path: &str) -> Result<G, String> {
    G::at(app, path).map_err(|error| error.to_string())
}

async fn work<G: Gate>(app: &mut Application) {
    let path = node(app.pick(app.plan.locks));
    let Ok(gate) = gate::<G>(app, &path) else {
        return;
    };
    match app.rng.below(10) {
        0..3 => {
            raise(&gate, &path, app).await;
        }
        3..6 => {
            lower(&gate, &path, app).await;
        }
        // As long as it takes: in the end somebody who does not wait so lets all pass.
        6 if app.actor.index > 0 => {
            wait(&gate, &path, app, None).await;
        }
        _ => {
            let limit = Duration::from_millis(app.rng.between(5, 3000));
            wait(&gate, &path, app, Some(limit)).await;
        }
    }
}

async fn raise<G: Gate>(gate: &G, path: &str, app: &Application) -> Option<()> {
    let ask = writes(Function::Raise, path);
    app.make(ask, gate.raise(), |_, _| {}, |_, _, ()| {}).await
}

async fn lower<G: Gate>(gate: &G, path: &str, app: &Application) -> Option<bool> {
    let ask = writes(Function::Lower, path);
    app.make(
        ask,
        gate.lower(),
        |_, _| {},
        |op, history, had_one| {
            op.reply = history.text(if *had_one { "yes" } else { "no" });
        },
    )
    .await
}

/// Whether it passed.
async fn wait<G: Gate>(gate: &G, path: &str, app: &Application, limit: Option<Duration>) -> bool {
    let wait = gate.wait();
    let wait = match limit {
        Some(limit) => wait.timeout(limit),
        None => wait,
    };
    let ask = Ask {
        phase: Phase::Watching,
        call: Call::Wait,
        function: G::WAITS,
        path,
        // Without a limit the others decide; in the end all of them let it pass.
        limit: Some(limit.unwrap_or_else(|| app.plan.span + app.ages())),
    };
    app.make(ask, wait.into_future(), |_, _| {}, |_, _, ()| {})
        .await
        .is_some()
}

#[async_trait]
impl Gate for Barrier {
    const WAITS: Function = Function::AwaitAbsent;

    fn at(app: &Application, path: &str) -> Result<Self, Error> {
        Self::new(&app.client, path)
    }

    async fn raise(&self) -> Result<(), Error> {
        self.set().await
    }

    async fn lower(&self) -> Result<bool, Error> {
        self.remove().await
    }

    fn wait(&self) -> Wait {
        self.wait()
    }
}

#[async_trait]
impl Gate for EventFlag {
    const WAITS: Function = Function::AwaitPresent;

    fn at(app: &Application, path: &str) -> Result<Self, Error> {
        Self::new(&app.client, path)
    }

    async fn raise(&self) -> Result<(), Error> {
        self.set().await
    }

    async fn lower(&self) -> Result<bool, Error> {
        self.clear().await
    }

    fn wait(&self) -> Wait {
        self.wait()
    }
}
