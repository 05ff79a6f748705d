//! What the rules for locks look at.

use crate::history::History;
use crate::known::{Bounds, Contenders, Ends, Tree};

/// What is known of the locks of a history.
pub(super) struct Locks<'h> {
    pub(super) history: &'h History,
    pub(super) tree: &'h Tree<'h>,
    pub(super) contenders: Contenders<'h>,
    pub(super) ends: Ends,
    pub(super) bounds: Bounds,
}
