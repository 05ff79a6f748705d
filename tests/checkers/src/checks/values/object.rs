//! What the rules of all values need to know.

use crate::history::History;
use crate::known::Row;
use crate::records::Op;

/// One node: the calls about it in the order in which they were made, and what became of it.
pub(super) struct Object<'h> {
    pub(super) history: &'h History,
    pub(super) name: String,
    pub(super) calls: Vec<(usize, Op)>,
    pub(super) rows: &'h [Row],
}

impl Object<'_> {
    /// A call in words.
    pub(super) fn what(&self, op: &Op) -> String {
        let (function, process) = (op.function.word(), op.process);
        format!("{function} {} of process {process}", self.name)
    }
}
