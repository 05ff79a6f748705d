//! One term, and what a leader does in it.

use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_client::Error;
use zk_recipes::{Election, Leadership};

use crate::actor::Called;
use crate::paths::lock_path;
use crate::recorder::{OpenCall, code, failed, zxid};
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::guard::Guard as _;
use crate::workload::rw_lock::How;

impl Application {
    pub(super) fn begin_stand(
        &self,
        function: Function,
        lock: usize,
        limit: Option<Duration>,
    ) -> OpenCall {
        self.begin_acquire(function, &lock_path(lock), limit)
    }

    /// Stands for one term.
    pub(super) async fn stand(&mut self, election: &Election, lock: usize) {
        let how = How::draw(self);
        self.actor.enter(Phase::Acquiring);
        let elected = election.elected();
        let leadership = if matches!(how, How::Tries) {
            let call = self.begin_stand(Function::TryStand, lock, None);
            let called = self.actor.call(Call::TryAcquire, elected.if_free()).await;
            self.acquired(vec![call], called)
        } else {
            let call = self.begin_stand(Function::Stand, lock, how.limit());
            let elected = match how.limit() {
                Some(limit) => elected.timeout(limit),
                None => elected,
            };
            let called = self.actor.call(Call::Acquire, elected).await;
            self.acquired(vec![call], called.map(|taken| taken.map(Some)))
        };
        let Some(leadership) = leadership else {
            return;
        };
        let helds = leadership.helds();
        let beliefs: Vec<_> = helds.iter().map(|held| self.believe(held)).collect();
        self.actor.enter(Phase::Holding);
        self.work(&helds, &beliefs).await;
        if self.rng.percent(30) {
            self.announce(&leadership).await;
        }
        if self.rng.percent(40) {
            self.name_successor(&leadership).await;
        }
        self.end_with(leadership, &helds, &beliefs).await;
    }

    /// Tells observers something.
    async fn announce(&mut self, leadership: &Leadership) {
        let term = leadership.term();
        let node = term.held().node().to_owned();
        let call = self.begin(Function::Announce, term.path(), |op, history| {
            op.guard = history.text(&node);
        });
        let words = self.fresh_value();
        let called = self.actor.call(Call::Set, term.announce(words)).await;
        end(call, called);
    }

    /// Offers the place to one of the others, who may not be there.
    async fn name_successor(&mut self, leadership: &Leadership) {
        let others = self.plan.clients - 1;
        let other = (self.actor.index + 1 + self.pick(others.max(1))) % self.plan.clients;
        let limit = Duration::from_millis(self.rng.between(50, 800));
        let name = format!("process {other}");
        let held = leadership.term().held().clone();
        let call = self.begin(Function::HandOver, held.path(), |op, history| {
            op.recipe = history.text(held.path());
            op.data = history.data(name.as_bytes());
            op.guard = history.text(held.node());
            op.mzxid = zxid(held.token());
            op.deadline = Some(op.invoked + limit);
        });
        let offer = leadership.name_successor(&name, limit);
        let called = self.actor.call(Call::HandOver, offer).await;
        end(call, called);
    }
}

fn end(call: OpenCall, called: Called<Result<(), Error>>) {
    match called {
        Called::Returned(Ok(()), polls) => call.end(polls, Outcome::Ok, |_, _| {}),
        Called::Returned(Err(error), polls) => {
            call.end(polls, failed(&error), |op, _| op.error = code(&error));
        }
        Called::Dropped(polls) => call.end(polls, Outcome::Cancelled, |_, _| {}),
    }
}
