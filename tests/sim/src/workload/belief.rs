//! What a holder believes, written down whenever it looks.

use std::sync::Arc;

use zk_checkers::Conviction;
use zk_client::path;
use zk_recipes::Held;
use zk_wire::SessionId;

use crate::actor::Actor;
use crate::recorder::Hold;

/// The directory of a hold's node: what its calls and beliefs are about.
pub(super) fn home(held: &Held) -> &str {
    path::parent(held.node()).unwrap_or("/")
}

/// The belief in one hold. Dropped before the end, it ends as the guard does: released.
pub(super) struct Belief {
    actor: Arc<Actor>,
    held: Held,
    token: u64,
}

impl Belief {
    /// The hold begins.
    pub(super) fn new(actor: &Arc<Actor>, held: &Held, token: u64, session: SessionId) -> Self {
        actor.believe(Hold {
            process: actor.process(),
            lock: home(held).to_owned(),
            node: held.node().to_owned(),
            token,
            session,
        });
        let belief = Self {
            actor: Arc::clone(actor),
            held: held.clone(),
            token,
        };
        belief.look();
        belief
    }

    /// What the holder believes now.
    pub(super) fn look(&self) -> Conviction {
        let safe_for = self.held.safe_for();
        let says = match (self.held.is_held(), safe_for) {
            (false, _) => Conviction::Lost,
            (true, Some(_)) => Conviction::Safe,
            (true, None) => Conviction::Doubt,
        };
        self.actor.say(self.token, says, safe_for);
        says
    }

    /// It begins to give the hold back.
    pub(super) fn released(&self) {
        self.actor.say(self.token, Conviction::Released, None);
    }

    /// Nobody will give it back, and nobody believes in it any more.
    pub(super) fn leaked(&self) {
        self.actor.say(self.token, Conviction::Doubt, None);
        self.actor.disbelieve(self.token);
    }
}

impl Drop for Belief {
    fn drop(&mut self) {
        self.released();
    }
}
