//! What an operation that succeeded hands to Python.

use pyo3::prelude::*;

/// A result that becomes a Python object later, on a thread that holds the interpreter lock.
pub(crate) struct Reply(Box<Make>);

type Make = dyn for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>> + Send;

impl Reply {
    /// The object that `make` makes.
    pub(crate) fn new(
        make: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    ) -> Self {
        Self(Box::new(make))
    }

    pub(crate) fn none() -> Self {
        Self::new(|py| Ok(py.None().into_bound(py)))
    }

    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        (self.0)(py)
    }
}
