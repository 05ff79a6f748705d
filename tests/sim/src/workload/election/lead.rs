//! Leading without asking for each term: in work that starts again, and behind a latch.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_client::Error;
use zk_recipes::{Election, Latch, Term};

use crate::actor::Called;
use crate::recorder::{OpenCall, code, failed};
use crate::schedule::{Call, Phase};
use crate::workload::Application;

/// The application, for one term's work after the other.
struct Lent<'a> {
    app: Mutex<Option<&'a mut Application>>,
    /// The candidacy until its next term, or the end of the last one.
    call: Mutex<Option<OpenCall>>,
    lock: usize,
}

/// What one term has borrowed.
struct Borrowed<'l, 'a> {
    lent: &'l Lent<'a>,
    app: Option<&'a mut Application>,
}

impl Drop for Borrowed<'_, '_> {
    fn drop(&mut self) {
        // It stands again, unless this was the end.
        let again = |app: &&mut Application| app.begin_stand(Function::Stand, self.lent.lock, None);
        *locked(&self.lent.call) = self.app.as_ref().map(again);
        *locked(&self.lent.app) = self.app.take();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Lent<'a> {
    fn new(app: &'a mut Application, lock: usize) -> Self {
        let call = app.begin_stand(Function::Stand, lock, None);
        Self {
            lock,
            call: Mutex::new(Some(call)),
            app: Mutex::new(Some(app)),
        }
    }

    /// A term has begun: works in it.
    async fn term(&self, term: Term) {
        let Some(app) = locked(&self.app).take() else {
            return;
        };
        let mut borrowed = Borrowed {
            lent: self,
            app: Some(app),
        };
        let Some(app) = borrowed.app.as_deref_mut() else {
            return;
        };
        let held = term.held();
        if let Some(call) = locked(&self.call).take() {
            app.end_granted(call, 1, held);
        }
        let beliefs = [app.believe(held)];
        app.actor.enter(Phase::Holding);
        app.work(std::slice::from_ref(held), &beliefs).await;
        app.actor.enter(Phase::Releasing);
    }

    /// Its work is done: what comes now is the end of this term, and no candidacy.
    fn gives_back(&self, term: &Term) {
        let app = locked(&self.app);
        let Some(app) = app.as_deref() else {
            return;
        };
        let mut call = locked(&self.call);
        if let Some(stands) = call.take() {
            // It may have won this term, which nobody looked at.
            stands.end(1, Outcome::Cancelled, |_, _| {});
        }
        *call = Some(app.begin_release(term.held()));
    }

    /// All is over: how the candidacy ended, if it got no term, or the last term did.
    fn end(&self, called: Called<Result<(), Error>>) {
        let Some(call) = locked(&self.call).take() else {
            return;
        };
        match called {
            Called::Returned(Err(error), polls) => {
                call.end(polls, failed(&error), |op, _| op.error = code(&error));
            }
            // A latch that was closed before; or a term's end, of which nobody tells whether it was lost before.
            Called::Returned(Ok(()), polls) | Called::Dropped(polls) => {
                call.end(polls, Outcome::Cancelled, |_, _| {});
            }
        }
    }
}

impl Application {
    /// Leads until some work is done.
    pub(super) async fn lead(&mut self, election: &Election, lock: usize) {
        self.actor.enter(Phase::Acquiring);
        let actor = Arc::clone(&self.actor);
        let lent = Lent::new(self, lock);
        let lead = election.lead(|term| async {
            let term = term;
            lent.term(term.clone()).await;
            lent.gives_back(&term);
        });
        let called = actor.call(Call::Hold, lead).await;
        lent.end(called);
    }

    /// Has itself told when it leads, for a while.
    pub(super) async fn latch(&mut self, election: &Election, lock: usize) {
        self.actor.enter(Phase::Acquiring);
        let actor = Arc::clone(&self.actor);
        let patience = Duration::from_millis(self.rng.between(50, 2500));
        let terms = self.rng.between(1, 2);
        let lent = Lent::new(self, lock);
        let (latch, driver) = election.latch();
        let user = async {
            let mut last = 0;
            for _ in 0..terms {
                let wait = tokio::time::timeout(patience, latch.leader());
                match wait.await {
                    Ok(Some(term)) if term.epoch() != last => {
                        last = term.epoch();
                        worked(&lent, &latch, term).await;
                    }
                    // It leads on, and has done its work.
                    _ => break,
                }
            }
            if let Some(term) = latch.term() {
                lent.gives_back(&term);
            }
            latch.close();
        };
        let both = async { tokio::join!(driver, user).0 };
        let called = actor.call(Call::Hold, both).await;
        lent.end(called);
    }
}

/// Works for as long as the latch says that this process leads.
async fn worked(lent: &Lent<'_>, latch: &Latch, term: Term) {
    let mut told = latch.clone();
    let over = async {
        while latch.term().is_some_and(|now| now.epoch() == term.epoch()) {
            if told.changed().await.is_none() {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        () = over => {}
        () = lent.term(term.clone()) => {}
    }
}
