//! What tests may do to a running ensemble, and ask of it.

use std::sync::Arc;
use std::time::Duration;

use zk_wire::SessionId;

use crate::core::{
    Action, Backup, EnsembleCore, FaultPlan, Match, MemberInfo, NodeInfo, Reaction, Refusal,
    RuleId, ServerCore, ServerId, Witnessed,
};
use crate::shared::Shared;

/// A handle to a running ensemble for tests: faults, and a look inside.
///
/// Everything but [`until`](Self::until) is synchronous and takes effect at once. What there is no method
/// for can be said with an [`Action`], or in words with [`chaos`](Self::chaos).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zk_embedded::{PipeEnsemble, ServerId};
///
/// let ensemble = PipeEnsemble::builder().in_memory();
/// let hooks = ensemble.hooks();
/// let (one, two, three) = (ServerId::new(1), ServerId::new(2), ServerId::new(3));
/// hooks.partition(&[&[one], &[two, three]]);
/// hooks.until(|core| core.leader() != Some(one)).await;
/// hooks.heal();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EnsembleHooks {
    shared: Arc<Shared<EnsembleCore>>,
}

/// A selection of requests at one server that still lacks what is to happen to them.
#[derive(Debug)]
#[must_use = "nothing happens to the requests until it is said what"]
pub struct ServerFault<'a> {
    hooks: &'a EnsembleHooks,
    server: ServerId,
    when: Match,
}

impl ServerFault<'_> {
    /// What happens. `None` if there is no such server.
    pub fn react(self, then: Reaction) -> Option<RuleId> {
        let (server, when) = (self.server, self.when);
        self.hooks
            .with_server(server, |core| core.add_rule(when, then))
    }
}

impl EnsembleHooks {
    pub(crate) const fn new(shared: Arc<Shared<EnsembleCore>>) -> Self {
        Self { shared }
    }

    /// Selects requests at one server for a fault. Earlier rules take precedence.
    pub fn on(&self, server: ServerId, when: Match) -> ServerFault<'_> {
        ServerFault {
            hooks: self,
            server,
            when,
        }
    }

    /// Carries out what is described in words, at once, later, or when a request comes; one fault a line or
    /// between semicolons. See [`FaultPlan`] for the language.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the words make no sense, or nothing can come of them here. What came before has been
    /// done.
    pub fn chaos(&self, words: &str) -> Result<(), Refusal> {
        let plans = FaultPlan::parse_all(words)?;
        self.shared
            .act(|core, now| plans.iter().try_for_each(|plan| core.plan(now, plan)))
    }

    /// Carries out one action.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if nothing can come of it, because there is no such server, session or node.
    pub fn perform(&self, action: &Action) -> Result<(), Refusal> {
        self.shared.act(|core, now| core.perform(now, action))
    }

    /// See [`EnsembleCore::partition`].
    pub fn partition(&self, groups: &[&[ServerId]]) {
        self.shared.act(|core, now| core.partition(now, groups));
    }

    /// See [`EnsembleCore::block`].
    pub fn block(&self, from: ServerId, to: ServerId) {
        self.shared.act(|core, _| core.block(from, to));
    }

    /// See [`EnsembleCore::heal`].
    pub fn heal(&self) {
        self.shared.act(|core, now| core.heal(now));
    }

    /// See [`EnsembleCore::lag`].
    pub fn lag(&self, server: ServerId, lag: Duration) {
        self.shared.act(|core, now| core.lag(now, server, lag));
    }

    /// See [`EnsembleCore::hold_apply`].
    pub fn hold_apply(&self, server: ServerId, hold: bool) {
        self.shared
            .act(|core, now| core.hold_apply(now, server, hold));
    }

    /// See [`EnsembleCore::freeze_commits`].
    pub fn freeze_commits(&self, freeze: bool) {
        self.shared
            .act(|core, now| core.freeze_commits(now, freeze));
    }

    /// See [`EnsembleCore::lose_tails`].
    pub fn lose_tails(&self, lose: bool) {
        self.shared.act(|core, _| core.lose_tails(lose));
    }

    /// See [`EnsembleCore::crash`].
    pub fn crash(&self, server: ServerId) {
        self.shared.act(|core, now| core.crash(now, server));
    }

    /// See [`EnsembleCore::restart`].
    pub fn restart(&self, server: ServerId) {
        self.shared.act(|core, now| core.restart(now, server));
    }

    /// See [`EnsembleCore::pause`].
    pub fn pause(&self, server: ServerId, pause: bool) {
        self.shared.act(|core, now| core.pause(now, server, pause));
    }

    /// See [`EnsembleCore::depose`].
    pub fn depose(&self) -> bool {
        self.shared.act(|core, now| core.depose(now))
    }

    /// Ends a session as if its time had come. `false` if there is none, or nobody to end it.
    pub fn expire(&self, session: SessionId) -> bool {
        self.shared.act(|core, now| core.expire(now, session))
    }

    /// While dropped, nothing that clients send to a server keeps their sessions alive, although they are
    /// answered.
    pub fn drop_touches(&self, server: ServerId, drop: bool) {
        self.shared.act(|core, now| {
            core.with_server(now, server, |core| core.hold_touches(now, drop));
        });
    }

    /// Closes the connection of a session, wherever it is. `false` if it has none.
    pub fn cut_session(&self, session: SessionId) -> bool {
        let cut = |server: ServerId| self.with_server(server, |core| core.cut_session(session));
        let servers = self.shared.look(EnsembleCore::servers);
        servers.into_iter().filter_map(cut).any(|was_cut| was_cut)
    }

    /// See [`EnsembleCore::set_sequence`].
    pub fn set_sequence(&self, parent: &str, next: i32) -> bool {
        self.shared.act(|core, _| core.set_sequence(parent, next))
    }

    /// See [`EnsembleCore::backup`].
    #[must_use]
    pub fn backup(&self, server: ServerId) -> Option<Backup> {
        self.shared.look(|core| core.backup(server))
    }

    /// See [`EnsembleCore::restore`].
    pub fn restore(&self, servers: &[ServerId], backup: &Backup) {
        self.shared
            .act(|core, now| core.restore(now, servers, backup));
    }

    /// Acts on one server alone. `None` if there is no such server.
    pub fn with_server<R>(
        &self,
        server: ServerId,
        act: impl FnOnce(&mut ServerCore) -> R,
    ) -> Option<R> {
        self.shared
            .act(|core, now| core.with_server(now, server, act))
    }

    /// The leader with the newest epoch, even if it has lost its quorum without noticing yet.
    #[must_use]
    pub fn leader(&self) -> Option<ServerId> {
        self.shared.look(EnsembleCore::leader)
    }

    /// All servers, as they are.
    #[must_use]
    pub fn members(&self) -> Vec<MemberInfo> {
        self.shared.look(EnsembleCore::members)
    }

    /// One node as a server has it, without asking any ACL.
    #[must_use]
    pub fn node(&self, server: ServerId, path: &str) -> Option<NodeInfo> {
        self.shared.look(|core| core.server(server)?.node(path))
    }

    /// The paths of all nodes of a server but the root and `/zookeeper`, in alphabetical order.
    #[must_use]
    pub fn paths(&self, server: ServerId) -> Vec<String> {
        let paths = |core: &EnsembleCore| core.server(server).map(ServerCore::paths);
        self.shared.look(paths).unwrap_or_default()
    }

    /// From now on what happens is written down, or not any more. Off at first.
    pub fn witness(&self, on: bool) {
        self.shared.act(|core, _| core.witness(on));
    }

    /// What has happened since the last call, in order.
    #[must_use]
    pub fn drain_truth(&self) -> Vec<Witnessed> {
        self.shared.act(|core, _| core.drain_truth())
    }

    /// Waits until the ensemble is as wanted: the way for a test to wait without sleeping.
    ///
    /// # Errors
    ///
    /// None; it waits for as long as it takes, so put a timeout around it.
    ///
    /// # Cancel safety
    ///
    /// Inert: nothing is lost by cancelling.
    ///
    /// # Ordering
    ///
    /// Looks at once, and again after everything that happens to the ensemble.
    ///
    /// # On session events
    ///
    /// They are among the things that happen.
    pub async fn until(&self, wanted: impl FnMut(&EnsembleCore) -> bool) {
        self.shared.until(wanted).await;
    }
}
