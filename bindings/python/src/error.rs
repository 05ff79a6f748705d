//! Rust errors as Python exceptions.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use zk_recipes::{Error, ErrorKind, Fate, LockLost, OpKind, RetryAdvice};

/// Why an operation failed.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    /// Of the hold that ended or is in doubt: its token, and the reason.
    hold: Option<(u64, String)>,
    /// The exception, where the kind does not name it.
    class: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Error::new(kind, text).into()
    }

    /// A mistake of the caller.
    pub(crate) fn misuse(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Misuse, text)
    }

    /// Something of the parent was used in a forked child.
    pub(crate) fn forked() -> Self {
        let text = "this object belongs to the parent process and cannot be used after fork(); connect again";
        Self {
            class: Some("ForkedError"),
            ..Self::misuse(text)
        }
    }

    pub(crate) fn panicked() -> Self {
        let text = "a bug of zk-recipes: please report it with what it wrote to stderr";
        Error::new(ErrorKind::Bug, text)
            .with_fate(Fate::Unknown)
            .into()
    }

    /// The hold with `token` on `path` is in doubt.
    pub(crate) fn doubt(path: &str, token: u64) -> Self {
        let text =
            format!("it is not certain any more that the lock {path} is held (token {token})");
        let error = Error::new(ErrorKind::LockDoubt, text)
            .with_fate(Fate::Unknown)
            .with_op(OpKind::Acquire, path)
            .with_hint("write with fenced_by= to be stopped by the server, not by a guess");
        Self {
            hold: Some((token, "no server confirmed it in time".to_owned())),
            ..error.into()
        }
    }

    /// The failure of a write that was fenced by the hold with this token.
    pub(crate) fn of_fenced(error: Error, token: u64, known: Option<LockLost>) -> Self {
        let hold = (error.kind() == ErrorKind::LockLost).then(|| {
            let why = known.map_or_else(|| "its node is gone".to_owned(), |lost| lost.reason());
            (token, why)
        });
        Self {
            hold,
            ..error.into()
        }
    }

    /// The exception, as a value.
    pub(crate) fn into_exception(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let error = &self.error;
        let details = PyDict::new(py);
        details.set_item("op", error.op().map(op))?;
        details.set_item("path", error.path())?;
        details.set_item("fate", fate(error.fate()))?;
        details.set_item("retry", advice(error.retry()))?;
        details.set_item("server", error.server())?;
        details.set_item("session", error.session().map(|session| session.as_raw()))?;
        if let Some((token, why)) = self.hold {
            details.set_item("token", token)?;
            details.set_item("why", why)?;
        }
        let class = self.class.unwrap_or_else(|| error.kind().python_class());
        py.import("zk_recipes._errors")?
            .getattr(class)?
            .call((error.to_string(),), Some(&details))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            hold: None,
            class: None,
        }
    }
}

impl From<LockLost> for Failure {
    fn from(lost: LockLost) -> Self {
        let error = Error::new(ErrorKind::LockLost, lost.to_string())
            .with_fate(Fate::Unknown)
            .with_op(OpKind::Acquire, &lost.path);
        Self {
            hold: Some((lost.token, lost.reason())),
            ..error.into()
        }
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| match failure.into_exception(py) {
            Ok(exception) => Self::from_value(exception),
            Err(error) => error,
        })
    }
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::NotApplied => "not_applied",
        _ => "unknown",
    }
}

fn advice(advice: RetryAdvice) -> &'static str {
    match advice {
        RetryAdvice::SameSession => "same_session",
        RetryAdvice::NewSession => "new_session",
        RetryAdvice::AfterSettling => "after_settling",
        _ => "never",
    }
}

/// The operation's name as Python spells it: `get_acl`.
fn op(op: OpKind) -> String {
    let mut name = String::new();
    for letter in format!("{op:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// Number, kind and class of every kind of error, for the test that compares them with the exceptions.
#[pyfunction]
pub(crate) fn error_table() -> Vec<(i32, &'static str, &'static str)> {
    let row = |kind: &ErrorKind| (kind.number(), kind.name(), kind.python_class());
    ErrorKind::ALL.iter().map(row).collect()
}
