//! The error of every operation: what went wrong, whether it took effect, and what to do next.

use std::fmt;
use std::sync::Arc;

use zk_session::Fate;
use zk_wire::SessionId;

use crate::expiry::LostHold;

mod kind;
mod text;

pub use kind::{ErrorKind, RetryAdvice};
pub(crate) use text::{Asked, or_nobody};

/// An error of the client or of a recipe.
///
/// Its text is one clause that names the operation, the path and the next step; only the error of a failed connect
/// has one line per server. Decide on
/// [`kind`](Self::kind), [`fate`](Self::fate) and [`retry`](Self::retry), not on the text.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    fate: Fate,
    op: Option<OpKind>,
    path: Option<String>,
    server: Option<String>,
    session: Option<SessionId>,
    message: String,
    hint: Option<String>,
    expected: Option<i32>,
    operation: Option<usize>,
    hold: Option<LostHold>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// Which operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpKind {
    /// Connecting.
    Connect,
    /// Creating a node.
    Create,
    /// Deleting a node.
    Delete,
    /// Asking whether a node exists.
    Exists,
    /// Reading a node.
    Get,
    /// Writing a node.
    Set,
    /// Listing children.
    Children,
    /// Reading an ACL.
    GetAcl,
    /// Writing an ACL.
    SetAcl,
    /// Flushing the channel to the leader.
    Sync,
    /// A transaction.
    Multi,
    /// Listing the session's ephemeral nodes.
    Ephemerals,
    /// Counting all nodes below one.
    AllChildrenCount,
    /// Asking for the connection's identities.
    WhoAmI,
    /// Several reads in one request.
    MultiRead,
    /// Reading the ensemble's configuration.
    Config,
    /// Changing the ensemble's configuration.
    Reconfig,
    /// Reading or changing a quota.
    Quota,
    /// Setting a persistent watch.
    Watch,
    /// Acquiring a lock.
    Acquire,
    /// Releasing a lock.
    Release,
    /// Listing the contenders of a lock.
    Contenders,
    /// Waiting for others: a barrier, a flag, a latch.
    Wait,
    /// Closing the session.
    Close,
}

impl OpKind {
    /// The operation as a verb phrase, e.g. `create`.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Exists => "check",
            Self::Get => "read",
            Self::Set => "write",
            Self::Children => "list the children of",
            Self::GetAcl => "read the ACL of",
            Self::SetAcl => "write the ACL of",
            Self::Sync => "sync",
            Self::Multi => "commit a multi on",
            Self::Ephemerals => "list ephemeral nodes under",
            Self::AllChildrenCount => "count the nodes below",
            Self::WhoAmI => "list the identities of the connection, seen from",
            Self::MultiRead => "read several nodes, the first of them",
            Self::Config => "read the ensemble's configuration in",
            Self::Reconfig => "change the ensemble's configuration in",
            Self::Quota => "look after the quota of",
            Self::Watch => "watch",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Contenders => "list the contenders of",
            Self::Wait => "wait for",
            Self::Close => "close",
        }
    }
}

impl Error {
    /// An error of `kind` with a text; nothing was applied unless [`with_fate`](Self::with_fate) says else.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            fate: Fate::NotApplied,
            op: None,
            path: None,
            server: None,
            session: None,
            message: message.into(),
            hint: None,
            expected: None,
            operation: None,
            hold: None,
            source: None,
        }))
    }

    /// Sets whether the request took effect.
    #[must_use]
    pub fn with_fate(mut self, fate: Fate) -> Self {
        self.0.fate = fate;
        self
    }

    /// Names the operation and the path it was about.
    #[must_use]
    pub fn with_op(mut self, op: OpKind, path: impl Into<String>) -> Self {
        self.0.op = Some(op);
        self.0.path = Some(path.into());
        self
    }

    /// Names the server and the session.
    #[must_use]
    pub fn with_origin(mut self, server: Option<String>, session: Option<SessionId>) -> Self {
        self.0.server = server;
        self.0.session = session;
        self
    }

    /// Adds what to do next, shown after the text.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn with_lost_hold(mut self, hold: LostHold) -> Self {
        self.0.hold = Some(hold);
        self
    }

    /// The text without the next step.
    fn message(&self) -> &str {
        &self.0.message
    }

    /// Replaces the text.
    #[must_use]
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    /// The version that the caller expected, of a conditional write that failed.
    pub(crate) fn expected_version(&self) -> Option<i32> {
        self.0.expected
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the request took effect.
    #[must_use]
    pub fn fate(&self) -> Fate {
        self.0.fate
    }

    /// The operation that failed.
    #[must_use]
    pub fn op(&self) -> Option<OpKind> {
        self.0.op
    }

    /// The path of the operation as the caller gave it.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Which operation of a [`Multi`](crate::Multi) failed, counted from 0. Those before it would have succeeded, those
    /// after it were not tried, and nothing was applied.
    #[must_use]
    pub fn operation(&self) -> Option<usize> {
        self.0.operation
    }

    /// The hold that was over, of a fenced write that was refused: which of several fences it was.
    #[must_use]
    pub fn lost_hold(&self) -> Option<&LostHold> {
        self.0.hold.as_ref()
    }

    /// The server that was asked, as named in the connect string.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.0.server.as_deref()
    }

    /// The session in which the request was made.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.0.session
    }

    /// What a caller may do next.
    #[must_use]
    pub fn retry(&self) -> RetryAdvice {
        match (self.0.fate, self.0.kind.retry()) {
            (Fate::Unknown, RetryAdvice::SameSession) => RetryAdvice::AfterSettling,
            (_, advice) => advice,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.hint {
            // After a list of servers, one per line, the next step has a line of its own.
            Some(hint) if self.0.message.contains('\n') => write!(f, "\n{hint}"),
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("fate", &self.0.fate)
            .field("op", &self.0.op)
            .field("path", &self.0.path)
            .field("server", &self.0.server)
            .field("session", &self.0.session)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_ref()
            .map(|e| &**e as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_one_word_wide_and_crosses_threads() {
        fn check<T: Clone + Send + Sync + 'static>() {}
        check::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn unknown_fate_asks_for_settling_before_a_retry() {
        let lost = Error::new(ErrorKind::ConnectionLost, "x");
        assert_eq!(lost.retry(), RetryAdvice::SameSession);
        assert_eq!(
            lost.with_fate(Fate::Unknown).retry(),
            RetryAdvice::AfterSettling
        );
    }
}
