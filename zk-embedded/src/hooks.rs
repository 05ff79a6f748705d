//! What tests may do to a running server, and ask of it.

use std::sync::Arc;
use std::time::Duration;

use zk_wire::{ErrorCode, OpCode, SessionId, Zxid};

use crate::core::{
    FaultPlan, Match, NodeInfo, Reaction, Refusal, RequestCounts, RequestRecord, RuleId,
    ServerCore, SessionInfo,
};
use crate::shared::Shared;

/// A handle to a running server for tests: faults, and a look inside.
///
/// Everything but [`until`](Self::until) is synchronous and takes effect at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use zk_embedded::{Match, PipeServer};
/// use zk_wire::OpCode;
///
/// let server = PipeServer::builder().in_memory();
/// let hooks = server.hooks();
/// // The first create below /locks takes effect, but its answer is lost with the connection.
/// let rule = hooks.on(Match::op(OpCode::Create2).path("/locks/")).cut_after_apply();
/// assert_eq!(hooks.fired(rule), 0);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Hooks {
    shared: Arc<Shared<ServerCore>>,
}

/// A selection of requests that still lacks what is to happen to them.
#[derive(Debug)]
#[must_use = "nothing happens to the requests until it is said what"]
pub struct Fault<'a> {
    hooks: &'a Hooks,
    when: Match,
}

impl Fault<'_> {
    /// Their connection is closed before they take effect.
    pub fn cut_before_apply(self) -> RuleId {
        self.react(Reaction::CutBeforeApply)
    }

    /// They take effect, and their connection is closed instead of an answer.
    pub fn cut_after_apply(self) -> RuleId {
        self.react(Reaction::CutAfterApply)
    }

    /// Their connection is closed, and writes take effect when they are [let go](Hooks::apply_postponed).
    pub fn postpone(self) -> RuleId {
        self.react(Reaction::Postpone)
    }

    /// They take effect, and the answer leaves that much later; pings overtake it.
    pub fn delay_reply(self, delay: Duration) -> RuleId {
        self.react(Reaction::DelayReply(delay))
    }

    /// They take effect, and from then on nothing leaves on their connection.
    pub fn hold_replies(self) -> RuleId {
        self.react(Reaction::HoldReplies)
    }

    /// They have no effect and are answered with an error.
    pub fn error(self, code: ErrorCode) -> RuleId {
        self.react(Reaction::Error(code))
    }

    /// Any reaction.
    pub fn react(self, then: Reaction) -> RuleId {
        self.hooks
            .shared
            .act(|core, _| core.add_rule(self.when, then))
    }
}

impl Hooks {
    pub(crate) const fn new(shared: Arc<Shared<ServerCore>>) -> Self {
        Self { shared }
    }

    /// Selects requests for a fault. Earlier rules take precedence.
    pub fn on(&self, when: Match) -> Fault<'_> {
        Fault { hooks: self, when }
    }

    /// How many requests a rule has hit.
    #[must_use]
    pub fn fired(&self, rule: RuleId) -> u64 {
        self.shared.look(|core| core.rule_fired(rule))
    }

    /// Removes a rule.
    pub fn remove(&self, rule: RuleId) {
        self.shared.act(|core, _| core.remove_rule(rule));
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.shared.act(|core, _| core.clear_rules());
    }

    /// Carries out what is described in words, as far as a single server can: at once, or on requests. See
    /// [`FaultPlan`] for the language.
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

    /// Ends a session as if its time had come. `false` if there is none.
    pub fn expire(&self, session: SessionId) -> bool {
        self.shared.act(|core, now| core.expire(now, session))
    }

    /// Writes that were [postponed](Fault::postpone) take effect, or are refused if their sessions are gone.
    pub fn apply_postponed(&self) {
        self.shared.act(|core, now| core.apply_postponed(now));
    }

    /// While held, reads and pings are answered and nothing is committed; see
    /// [`ServerCore::hold_commits`].
    pub fn hold_commits(&self, hold: bool) {
        self.shared.act(|core, now| core.hold_commits(now, hold));
    }

    /// While held, nothing that clients send keeps their sessions alive; see
    /// [`ServerCore::hold_touches`].
    pub fn hold_touches(&self, hold: bool) {
        self.shared.act(|core, now| core.hold_touches(now, hold));
    }

    /// How many requests, new sessions and ends of sessions wait for commits to go on.
    #[must_use]
    pub fn held_commits(&self) -> usize {
        self.shared.look(ServerCore::held_commits)
    }

    /// Closes every connection. Sessions live on.
    pub fn cut_all(&self) {
        self.shared.act(|core, _| core.cut_all());
    }

    /// Closes the connection of a session. `false` if it has none.
    pub fn cut_session(&self, session: SessionId) -> bool {
        self.shared.act(|core, _| core.cut_session(session))
    }

    /// While refusing, every new connection is closed at once.
    pub fn refuse_connections(&self, refuse: bool) {
        self.shared.act(|core, _| core.refuse_connections(refuse));
    }

    /// Whether new connections are refused.
    #[must_use]
    pub fn refuses_connections(&self) -> bool {
        self.shared.look(ServerCore::refuses_connections)
    }

    /// Lets held and delayed replies go.
    pub fn release_replies(&self) {
        self.shared.act(|core, _| core.release_replies());
    }

    /// Gives a user of SASL this password from now on, or makes it one.
    pub fn set_sasl_password(&self, user: &str, password: &str) {
        self.shared
            .act(|core, _| core.set_sasl_password(user, password));
    }

    /// Collects empty containers and outlived TTL nodes now.
    pub fn run_reaper(&self) {
        self.shared.act(|core, now| core.run_reaper(now));
    }

    /// Sets the next sequence number among the children of `parent`. `false` if there is no such node.
    pub fn set_sequence(&self, parent: &str, next: i32) -> bool {
        self.shared.act(|core, _| core.set_sequence(parent, next))
    }

    /// How often an operation was asked for; handshakes are `CreateSession`, events `Notification`.
    #[must_use]
    pub fn count(&self, op: OpCode) -> u64 {
        self.shared
            .look(|core| core.counts().get(&op).copied().unwrap_or(0))
    }

    /// How often each operation was asked for.
    #[must_use]
    pub fn counts(&self) -> RequestCounts {
        self.shared.look(ServerCore::counts)
    }

    /// How often each operation was asked for in one session.
    #[must_use]
    pub fn counts_of(&self, session: SessionId) -> RequestCounts {
        self.shared.look(|core| core.counts_of(session))
    }

    /// The newest requests, oldest first. Each is returned once.
    #[must_use]
    pub fn drain_log(&self) -> Vec<RequestRecord> {
        self.shared.act(|core, _| core.drain_log())
    }

    /// How many watches there are: one for each connection, path and table.
    #[must_use]
    pub fn watch_count(&self) -> usize {
        self.shared.look(ServerCore::watch_count)
    }

    /// How many connections are open.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.shared.look(ServerCore::connection_count)
    }

    /// Every session, in the order of ids.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.shared.look(ServerCore::sessions)
    }

    /// One node, without asking any ACL.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<NodeInfo> {
        self.shared.look(|core| core.node(path))
    }

    /// The paths of all nodes but the root and `/zookeeper`, in alphabetical order.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.shared.look(ServerCore::paths)
    }

    /// The zxid of the newest transaction.
    #[must_use]
    pub fn last_zxid(&self) -> Zxid {
        self.shared.look(ServerCore::last_zxid)
    }

    /// Waits until the server is as wanted: the way for a test to wait without sleeping.
    ///
    /// # Errors
    ///
    /// None; it waits for as long as it takes, so put a timeout around it.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Looks at once, and again after everything that happens to the server.
    ///
    /// # On session events
    ///
    /// They are among the things that happen.
    pub async fn until(&self, wanted: impl FnMut(&ServerCore) -> bool) {
        self.shared.until(wanted).await;
    }
}
