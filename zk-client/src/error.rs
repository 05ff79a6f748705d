//! The error of every operation: what went wrong, whether it took effect, and what to do next.

use std::fmt;
use std::sync::Arc;

use zk_session::{FailCause, Fate, Rejected, SessionState};
use zk_wire::{DecodeError, ErrorCode, SessionId};

mod kind;

pub use kind::{ErrorKind, RetryAdvice};

/// An error of the client or of a recipe.
///
/// Its text is one clause that names the operation, the path and the next step. Decide on
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
    /// Setting a persistent watch.
    Watch,
    /// Acquiring a lock.
    Acquire,
    /// Releasing a lock.
    Release,
    /// Listing the contenders of a lock.
    Contenders,
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
            Self::Watch => "watch",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Contenders => "list the contenders of",
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

    /// Replaces the text.
    #[must_use]
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.message = message;
        self
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

    pub(crate) fn from_code(code: ErrorCode, op: OpKind, path: &str) -> Self {
        let kind = ErrorKind::from_code(code);
        Self::new(kind, server_text(code, kind, op, path)).with_op(op, path)
    }

    /// The error of the operation at `at` of a failed multi.
    pub(crate) fn in_multi(code: ErrorCode, at: usize) -> Self {
        let text = format!("operation {at} of the multi failed: {code}; nothing was applied");
        Self::new(ErrorKind::from_code(code), text)
    }

    pub(crate) fn malformed(error: DecodeError, op: OpKind, path: &str) -> Self {
        Self::new(
            ErrorKind::Protocol,
            format!(
                "cannot {} {path}: the server's answer is malformed: {error}",
                op.verb()
            ),
        )
        .with_fate(Fate::Unknown)
        .with_op(op, path)
        .with_source(error)
    }

    pub(crate) fn from_failure(cause: &FailCause, fate: Fate, op: OpKind, path: &str) -> Self {
        let kind = ErrorKind::from_cause(cause);
        let tail = match fate {
            Fate::NotApplied => "it was not applied",
            Fate::Unknown => "whether it was applied is unknown",
        };
        Self::new(
            kind,
            format!("cannot {} {path}: {cause}; {tail}", op.verb()),
        )
        .with_fate(fate)
        .with_op(op, path)
    }

    pub(crate) fn from_rejection(rejected: &Rejected, op: OpKind, path: &str) -> Self {
        let kind = match rejected {
            Rejected::Full { .. } => ErrorKind::QueueFull,
            Rejected::TooLarge { .. } => ErrorKind::FrameTooLarge,
            Rejected::Terminal(SessionState::Expired) => ErrorKind::SessionExpired,
            Rejected::Terminal(SessionState::AuthFailed) => ErrorKind::AuthFailed,
            Rejected::Terminal(_) | Rejected::Closing => ErrorKind::Closed,
            _ => ErrorKind::Misuse,
        };
        let why = match kind {
            ErrorKind::SessionExpired => "the session expired".to_owned(),
            ErrorKind::AuthFailed => "a server refused the credentials".to_owned(),
            ErrorKind::Closed => "the client is closed".to_owned(),
            _ => rejected.to_string(),
        };
        Self::new(
            kind,
            format!("cannot {} {path}: {why}; it was not sent", op.verb()),
        )
        .with_op(op, path)
    }
}

fn server_text(code: ErrorCode, kind: ErrorKind, op: OpKind, path: &str) -> String {
    let verb = op.verb();
    match kind {
        ErrorKind::NoNode => format!("cannot {verb} {path}: it does not exist"),
        ErrorKind::NodeExists => format!("cannot {verb} {path}: it exists already"),
        ErrorKind::BadVersion => {
            format!("cannot {verb} {path}: its version is not the expected one")
        }
        ErrorKind::NotEmpty => format!("cannot {verb} {path}: it has children"),
        ErrorKind::NoChildrenForEphemerals => {
            format!("cannot {verb} {path}: its parent is ephemeral and cannot have children")
        }
        ErrorKind::NoAuth => format!("no permission to {verb} {path}"),
        ErrorKind::InvalidAcl => format!("cannot {verb} {path}: its ACL is empty or malformed"),
        ErrorKind::QuotaExceeded => format!("cannot {verb} {path}: a quota would be exceeded"),
        ErrorKind::ReadOnlyServer => format!("cannot {verb} {path}: the server is read-only"),
        ErrorKind::Unimplemented => {
            format!(
                "cannot {verb} {path}: the server does not know the operation (older than 3.5?)"
            )
        }
        _ => format!("cannot {verb} {path}: the server answered {code}"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.hint {
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
