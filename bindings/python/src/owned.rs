//! Values that belong to the process that made them.

use std::process;

use crate::error::Failure;

/// A value that a forked child must neither use nor drop.
///
/// The child has no threads of the runtime, and a mutex of the parent may be locked in it for ever. Dropping a client
/// there would even say goodbye on the parent's connection. So the child's copy is leaked.
pub(crate) struct Owned<T> {
    /// None only while it is dropped.
    value: Option<T>,
    owner: u32,
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Some(value),
            owner: process::id(),
        }
    }

    pub(crate) fn get(&self) -> Result<&T, Failure> {
        self.value
            .as_ref()
            .filter(|_| self.is_ours())
            .ok_or_else(Failure::forked)
    }

    pub(crate) fn get_mut(&mut self) -> Result<&mut T, Failure> {
        let ours = self.is_ours();
        self.value
            .as_mut()
            .filter(|_| ours)
            .ok_or_else(Failure::forked)
    }

    pub(crate) fn into_inner(mut self) -> Result<T, Failure> {
        if self.is_ours() {
            self.value.take()
        } else {
            None
        }
        .ok_or_else(Failure::forked)
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.owner == process::id()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.is_ours() {
            std::mem::forget(self.value.take());
        }
    }
}
