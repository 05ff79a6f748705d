//! What becomes of a fault at a single server.

use zk_wire::{Moment, SessionId};

use super::chaos::{Action, FaultPlan, Refusal, Then, Trigger};
use super::rules::{Match, Reaction};
use super::server::ServerCore;

impl ServerCore {
    /// Makes a fault happen: at once, or when a request comes. What happens later or ends by itself takes
    /// an ensemble, which has an agenda; it may be one of a single server.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if nothing can come of it.
    pub fn plan(&mut self, now: Moment, plan: &FaultPlan) -> Result<(), Refusal> {
        match (&plan.when, &plan.then, plan.lasts) {
            (Trigger::On(when), Then::React(reaction), None) => {
                self.add_rule(when.clone(), *reaction);
                Ok(())
            }
            (Trigger::Now, Then::Act(action), None) => self.perform(now, action),
            _ => Err(Refusal::NoEnsemble),
        }
    }

    /// Carries out an action, with itself as whoever is meant.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if nothing can come of it: most of all because it takes an ensemble.
    pub fn perform(&mut self, now: Moment, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Expire(None) => {
                let all: Vec<SessionId> = self.sessions.iter().map(|(id, _)| id).collect();
                for session in all {
                    self.expire(now, session);
                }
            }
            Action::Expire(Some(session)) => {
                if !self.expire(now, *session) {
                    let session = session.to_string();
                    return Err(Refusal::NoSession { session });
                }
            }
            Action::Freeze(on) => self.hold_commits(now, *on),
            Action::DropTouches(_, on) => self.hold_touches(now, *on),
            Action::Refuse(_, on) => self.refuse_connections(*on),
            Action::Cut(_) => self.cut_all(),
            Action::Substitute(_, on) => self.substitute_sessions(*on),
            Action::Delay(_, delay) => {
                self.add_rule(Match::any().always(), Reaction::DelayReply(*delay));
            }
            Action::Clear => {
                self.clear_rules();
                self.release_replies();
            }
            Action::Reap => self.run_reaper(now),
            Action::SetSequence(path, next) => {
                if !self.set_sequence(path, *next) {
                    let path = path.clone();
                    return Err(Refusal::NoNode { path });
                }
            }
            _ => return Err(Refusal::NoEnsemble),
        }
        Ok(())
    }
}
