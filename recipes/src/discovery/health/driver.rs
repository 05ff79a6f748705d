//! Checks an instance for as long as it is registered.

use std::future::Future;

use tokio::sync::watch;

use super::check::Check;
use super::verdict::Health;
use crate::discovery::registration::{Checked, Registration};

/// What a [check](Registration::check) says of an instance.
#[derive(Debug, Clone)]
pub struct HealthWatch {
    told: watch::Receiver<Health>,
}

impl HealthWatch {
    /// What it says now.
    #[must_use]
    pub fn now(&self) -> Health {
        self.told.borrow().clone()
    }

    /// Waits until it says something else; `None` if the check has ended. Changes between two calls are told as one.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// The registration was asked to follow before it is told here.
    ///
    /// # On session events
    ///
    /// It knows of no session.
    pub async fn changed(&mut self) -> Option<Health> {
        self.told.changed().await.ok()?;
        Some(self.told.borrow_and_update().clone())
    }
}

impl Registration {
    /// Checks the instance: while the check fails it is drained or withdrawn, and when it passes again it is as it was
    /// registered. A watch of what the check says, and the driver, which is yours to spawn and ends when the registration
    /// does. With several checks all have to pass.
    ///
    /// # Errors
    ///
    /// None: what an attempt meets is the check's result.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a check that is dropped has no say any more.
    ///
    /// # Ordering
    ///
    /// The first attempt is made when the driver is first polled.
    ///
    /// # On session events
    ///
    /// Goes on in an outage and in later sessions, whose registrations follow what it said last.
    pub fn check(
        &self,
        check: Check,
    ) -> (
        HealthWatch,
        impl Future<Output = ()> + Send + 'static + use<>,
    ) {
        let (tell, told) = watch::channel(Health::Unknown);
        let say = Say {
            checked: self.checked(),
            number: self.next_check(),
            check,
        };
        (HealthWatch { told }, say.run(tell))
    }
}

/// What one check has to say.
struct Say {
    checked: Checked,
    number: u64,
    check: Check,
}

impl Say {
    async fn run(mut self, tell: watch::Sender<Health>) {
        let ended = self.checked.clone();
        let ended = ended.ended();
        tokio::pin!(ended);
        let mut verdict = self.check.verdict();
        let mut first = true;
        loop {
            let result = tokio::select! {
                biased;
                () = &mut ended => return,
                result = self.check.result(first) => result,
            };
            first = false;
            let Some(health) = verdict.note(result) else {
                continue;
            };
            let (number, policy) = (self.number, self.check.policy());
            let failing = matches!(health, Health::Failing(_));
            self.checked.ask(|wanted| {
                if failing {
                    wanted.unhealthy.insert(number, policy);
                } else {
                    wanted.unhealthy.remove(&number);
                }
            });
            tell.send_replace(health.clone());
        }
    }
}

impl Drop for Say {
    fn drop(&mut self) {
        let number = self.number;
        self.checked.ask(|wanted| {
            wanted.unhealthy.remove(&number);
        });
    }
}
