//! What becomes of a fault in an ensemble, at once and later.

use zk_wire::{Moment, SessionId};

use super::core::EnsembleCore;
use super::member::Role;
use crate::core::chaos::{Action, FaultPlan, Refusal, Then, Trigger, Who};
use crate::core::rules::{Match, Reaction};
use crate::core::server_id::ServerId;

impl EnsembleCore {
    /// Makes a fault happen: at once, later, or when a request comes.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if it is to happen at once and nothing can come of it.
    pub fn plan(&mut self, now: Moment, plan: &FaultPlan) -> Result<(), Refusal> {
        match (&plan.when, &plan.then) {
            (Trigger::On(when), Then::React(reaction)) => {
                self.add_rule_everywhere(when, *reaction);
                Ok(())
            }
            (Trigger::On(when), Then::Act(action)) => {
                let lasts = plan.lasts;
                let later = FaultPlan {
                    lasts,
                    ..FaultPlan::now(action.clone())
                };
                let mark = self.agenda.mark(later);
                self.add_rule_everywhere(when, Reaction::Mark(mark));
                Ok(())
            }
            (Trigger::After(delay), then) => {
                let later = FaultPlan {
                    when: Trigger::Now,
                    then: then.clone(),
                    lasts: plan.lasts,
                };
                self.agenda.put(now + *delay, later);
                Ok(())
            }
            // Without a condition there is no request for anything to happen to.
            (Trigger::Now, Then::React(_)) => Ok(()),
            (Trigger::Now, Then::Act(action)) => {
                // Whoever leads now is meant, also when it is taken back.
                let fixed = action.fixed(|who| self.fix(who));
                self.perform(now, &fixed)?;
                if let Some((lasts, undo)) = plan.lasts.zip(fixed.undone()) {
                    self.agenda.put(now + lasts, FaultPlan::now(undo));
                }
                Ok(())
            }
        }
    }

    /// Carries out one action.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if nothing can come of it, because there is no such server, session or node.
    pub fn perform(&mut self, now: Moment, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Partition(groups) => {
                let groups = groups
                    .iter()
                    .map(|group| self.all_of(group))
                    .collect::<Result<Vec<_>, _>>()?;
                let groups: Vec<&[ServerId]> = groups.iter().map(Vec::as_slice).collect();
                self.partition(now, &groups);
            }
            Action::OneWay(from, to) => {
                for from in self.resolve(*from)? {
                    for to in self.resolve(*to)? {
                        self.block(from, to);
                    }
                }
            }
            Action::Heal => self.heal(now),
            Action::Latency(latency) => self.set_latency(*latency),
            Action::Lag(who, lag) => self.each(*who, |this, id| this.lag(now, id, *lag))?,
            Action::Kill(who) => self.each(*who, |this, id| this.crash(now, id))?,
            Action::Restart(who) => self.each(*who, |this, id| this.restart(now, id))?,
            Action::Pause(who, on) => self.each(*who, |this, id| this.pause(now, id, *on))?,
            Action::Deafen(who, on) => self.each(*who, |this, id| this.deafen(now, id, *on))?,
            Action::Linger(who, each) => self.each(*who, |this, id| this.linger(id, *each))?,
            Action::SlowLog(who, delay) => {
                self.each(*who, |this, id| this.slow_log(id, *delay))?;
            }
            Action::Election => {
                if !self.depose(now) {
                    return Err(Refusal::NoLeader);
                }
            }
            Action::Backup(who) => {
                let server = self.resolve(*who)?.first().copied();
                self.kept = server.and_then(|server| self.backup(server));
            }
            Action::Restore(who) => {
                let servers = self.resolve(*who)?;
                let kept = self.kept.clone().ok_or(Refusal::NoBackup)?;
                self.restore(now, &servers, &kept);
            }
            Action::ReadOnlyMode(on) => self.allow_read_only(now, *on),
            Action::Freeze(on) => self.freeze_commits(now, *on),
            Action::LoseTails(on) => self.lose_tails(*on),
            Action::Expire(session) => self.expire_some(now, *session)?,
            Action::Reap => {
                let leader = self.leader().ok_or(Refusal::NoLeader)?;
                self.with_server(now, leader, |server| server.run_reaper(now));
            }
            Action::SetSequence(path, next) => {
                if !self.set_sequence(path, *next) {
                    let path = path.clone();
                    return Err(Refusal::NoNode { path });
                }
            }
            Action::Clear => self.at_each(now, Who::All, action)?,
            Action::DropTouches(who, _)
            | Action::Refuse(who, _)
            | Action::Cut(who)
            | Action::Substitute(who, _)
            | Action::Delay(who, _) => self.at_each(now, *who, action)?,
        }
        Ok(())
    }

    /// What was planned for now, and what requests have set off. `true` if there was anything.
    pub(super) fn run_agenda(&mut self, now: Moment) -> bool {
        let mut plans = Vec::new();
        while let Some(plan) = self.agenda.take_due(now) {
            plans.push(plan);
        }
        for member in &mut self.members {
            for mark in member.server.rules.take_marks() {
                plans.extend(self.agenda.marked(mark).cloned());
            }
        }
        for plan in &plans {
            // A server that is gone or a session that has ended meanwhile is nothing to complain of.
            let _ = self.plan(now, plan);
        }
        !plans.is_empty()
    }

    fn add_rule_everywhere(&mut self, when: &Match, then: Reaction) {
        for member in &mut self.members {
            member.server.add_rule(when.clone(), then);
        }
    }

    fn expire_some(&mut self, now: Moment, session: Option<SessionId>) -> Result<(), Refusal> {
        let leader = self.leader().ok_or(Refusal::NoLeader)?;
        match session {
            Some(session) => {
                if !self.expire(now, session) {
                    let session = session.to_string();
                    return Err(Refusal::NoSession { session });
                }
            }
            None => {
                let all: Vec<SessionId> = match self.get(leader).map(|member| &member.role) {
                    Some(Role::Leading(leader)) => {
                        leader.tracker.iter().map(|(id, _)| id).collect()
                    }
                    _ => Vec::new(),
                };
                for session in all {
                    self.expire(now, session);
                }
            }
        }
        Ok(())
    }

    fn at_each(&mut self, now: Moment, who: Who, action: &Action) -> Result<(), Refusal> {
        for id in self.resolve(who)? {
            self.with_server(now, id, |server| server.perform(now, action))
                .transpose()?;
        }
        Ok(())
    }

    fn each(&mut self, who: Who, act: impl Fn(&mut Self, ServerId)) -> Result<(), Refusal> {
        for id in self.resolve(who)? {
            act(self, id);
        }
        Ok(())
    }

    fn all_of(&self, group: &[Who]) -> Result<Vec<ServerId>, Refusal> {
        let mut all = Vec::new();
        for who in group {
            all.extend(self.resolve(*who)?);
        }
        Ok(all)
    }

    fn fix(&self, who: Who) -> Who {
        match self.resolve(who).as_deref() {
            Ok([one]) => Who::Server(*one),
            _ => who,
        }
    }

    fn resolve(&self, who: Who) -> Result<Vec<ServerId>, Refusal> {
        let servers = u8::try_from(self.members.len()).unwrap_or(u8::MAX);
        match who {
            Who::All => Ok(self.servers()),
            Who::Leader => Ok(vec![self.leader().ok_or(Refusal::NoLeader)?]),
            Who::Server(id) if self.get(id).is_some() => Ok(vec![id]),
            Who::Server(_) => Err(Refusal::NoServer { servers }),
            Who::Follower => {
                let follows =
                    |member: &&super::member::Member| matches!(member.role, Role::Following(_));
                let follower = self.members.iter().find(follows);
                Ok(vec![follower.ok_or(Refusal::NoLeader)?.id])
            }
        }
    }
}
