//! Values that cross the boundary: data, seconds, metadata, access control lists.

use std::time::Duration;

use bytes::Bytes;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};
use zk_recipes::{Acl, ErrorKind, Node, Stat};

use crate::error::Failure;

/// A node's data. Copied: it is sent by threads that never take the interpreter lock.
pub(crate) fn payload(data: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(Bytes::copy_from_slice(bytes.as_bytes()));
    }
    match PyBuffer::<u8>::get(data) {
        Ok(buffer) => Ok(buffer.to_vec(data.py())?.into()),
        Err(_) => {
            let found = data.get_type().name()?;
            let text = format!("data must be bytes, not {found}; encode text first");
            Err(PyTypeError::new_err(text))
        }
    }
}

/// A span of time: a number of seconds or a `timedelta`.
pub(crate) fn span(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    if let Ok(seconds) = value.extract::<f64>() {
        return Duration::try_from_secs_f64(seconds)
            .map_err(|_| not_a_span(name, &seconds.to_string()).into());
    }
    match value.extract::<Duration>() {
        Ok(span) => Ok(span),
        Err(_) => Err(not_a_span(name, &value.str()?.to_string()).into()),
    }
}

/// A span of time that may be left out.
pub(crate) fn maybe_span(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Duration>> {
    value.map(|value| span(name, value)).transpose()
}

fn not_a_span(name: &str, found: &str) -> Failure {
    let text = format!("{name} must be a timedelta or a number of seconds, not {found}");
    Failure::new(ErrorKind::InvalidConfig, text)
}

/// An access control list, from entries such as `digest:user:hash:cdrwa`.
pub(crate) fn acls(entries: &[String]) -> Result<Vec<Acl>, Failure> {
    let parse = |entry: &String| {
        entry.parse().map_err(|error| {
            let text = format!("cannot use {entry:?} as an ACL: {error}");
            Failure::new(ErrorKind::InvalidAcl, text)
        })
    };
    entries.iter().map(parse).collect()
}

/// Metadata, as `zk_recipes.Stat`.
pub(crate) fn stat<'py>(py: Python<'py>, stat: &Stat) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    class(py, &CLASS, "Stat")?.call1((
        stat.czxid.as_raw(),
        stat.mzxid.as_raw(),
        stat.ctime,
        stat.mtime,
        stat.version,
        stat.cversion,
        stat.aversion,
        stat.ephemeral_owner.as_raw(),
        stat.data_length,
        stat.num_children,
        stat.pzxid.as_raw(),
    ))
}

/// Data and metadata, as `zk_recipes.Node`.
pub(crate) fn node<'py>(py: Python<'py>, node: &Node) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let data = PyBytes::new(py, &node.data);
    class(py, &CLASS, "Node")?.call1((data, stat(py, &node.stat)?))
}

/// The path of a node that was created and its metadata, if they are known, as `zk_recipes.Created`.
pub(crate) fn created<'py>(
    py: Python<'py>,
    path: &str,
    known: Option<&Stat>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let known = known.map(|known| stat(py, known)).transpose()?;
    class(py, &CLASS, "Created")?.call1((path, known))
}

/// A class of the package that values are made of.
pub(crate) fn class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyType>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    cell.import(py, "zk_recipes._types", name)
}

/// The id by which a digest entry of an ACL names a user.
#[pyfunction]
pub(crate) fn digest_id(user: &str, password: &str) -> String {
    Acl::digest(user, password).id
}
