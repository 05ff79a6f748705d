//! Nothing is measured.

use std::time::Duration;

use zk_session::{Outcome, Session};
use zk_wire::{Moment, OpCode};

use crate::state::State;

/// See the twin with the feature.
#[derive(Debug, Default)]
pub(crate) struct Measured;

impl Measured {
    pub(crate) fn request(&mut self, _op: OpCode, _outcome: &Outcome, _took: Duration) {}

    pub(crate) fn gap(&mut self) {}
}

/// See the twin with the feature.
#[derive(Debug)]
pub(crate) struct Metrics;

impl Metrics {
    pub(crate) fn new(_client: &str) -> Self {
        Self
    }

    pub(crate) fn look(&mut self, _core: &Session, _now: Moment) {}

    pub(crate) fn state(&mut self, _state: State) {}

    pub(crate) fn tell(&mut self, _measured: &mut Measured) {}
}
