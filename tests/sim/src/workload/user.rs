//! A process that works with its recipe.

use std::time::Duration;

use zk_client::ErrorKind;

use super::families;
use super::family::Family;
use super::{Application, End};
use crate::paths::register_path;
use crate::schedule::Phase;

/// An application, and what it does.
pub struct User {
    pub(crate) app: Application,
    family: Box<dyn Family>,
}

impl User {
    /// Whoever works with the recipe of its plan.
    #[must_use]
    pub fn new(app: Application) -> Self {
        let family = families::of(app.plan.recipe);
        Self { app, family }
    }

    /// Works until `draining` is set, or the client ends.
    pub async fn run(&mut self, draining: tokio::sync::watch::Receiver<bool>) -> End {
        let app = &mut self.app;
        while !*draining.borrow() && app.calls > 0 {
            app.calls -= 1;
            if app.is_over() {
                return End::NewClient;
            }
            if app.rng.percent(app.plan.lock_percent) {
                self.family.work(app).await;
            } else {
                app.use_register().await;
            }
            app.actor.enter(Phase::Idle);
            if app.leaked {
                app.pause(Duration::from_secs(1)).await;
                // Nobody has the guard any more: the lock is free when the session ends.
                let _ = app.client.close().await;
                // Whoever follows the session's state is woken with us, in an order that tokio draws.
                tokio::task::yield_now().await;
                return End::NewClient;
            }
            let think = app.plan.think;
            app.pause(think).await;
        }
        if app.is_over() {
            return End::NewClient;
        }
        End::Drained
    }

    /// After everything was healed, what a process asks for it gets.
    ///
    /// # Errors
    ///
    /// What it did not get.
    pub async fn last_wishes(&mut self) -> Result<(), String> {
        let app = &mut self.app;
        // A session that has expired meanwhile is told so now, and not in the middle of what nobody does twice.
        while app.plan.recipe.is_plain() {
            match app.client.get(&register_path(0)).await {
                Err(error) if error.kind() == ErrorKind::SessionExpired => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(format!("get: {error}")),
                Ok(_) => break,
            }
        }
        self.family.last_wishes(app).await?;
        let read = app.client.get(&register_path(0)).await;
        read.map_err(|error| format!("get: {error}"))?;
        Ok(())
    }
}
