//! The boundary that no panic crosses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::error::Failure;
use crate::work::Work;

/// Runs `f`; a panic in it is an `InternalError`.
///
/// What `f` touches is not used again after a panic, or is behind a mutex that survives it.
pub(crate) fn shield<T, E: From<Failure>>(f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Failure::panicked().into()))
}

/// Panics at once. For the test of the boundary.
#[pyfunction]
#[expect(clippy::panic, reason = "that is its purpose")]
pub(crate) fn panic_in_call() -> PyResult<()> {
    shield(|| panic!("on purpose, in a call"))
}

/// Panics when polled. For the test of the boundary.
#[pyfunction]
#[expect(clippy::panic, reason = "that is its purpose")]
pub(crate) fn panic_in_work() -> Work {
    Work::new(async { panic!("on purpose, in work") })
}
