//! One picture.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use crate::history::History;
use crate::known::parent;
use crate::records::{Cached, News, Op, WatchMode};
use crate::text::Text;

/// What a picture held at a moment.
pub(super) type State = BTreeMap<Text, Cached>;

/// One picture, in the order of time.
pub(super) struct Picture<'h> {
    pub(super) history: &'h History,
    pub(super) process: u32,
    pub(super) root: Text,
    /// Whether it is of the node alone (`Once`), of its children too (`Persistent`), of all below, or of the children alone.
    pub(super) watch: WatchMode,
    /// What was told; `All` with what there was.
    pub(super) news: Vec<(News, State)>,
    /// When somebody looked, and what was there.
    pub(super) looks: Vec<(usize, Op, State)>,
}

impl<'h> Picture<'h> {
    pub(super) fn new(history: &'h History, process: u32, root: Text) -> Self {
        Self {
            history,
            process,
            root,
            watch: WatchMode::No,
            news: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// Whether the node is to be in it.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        let root = self.history.texts.bytes(self.root);
        let below = path
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with(b"/"));
        match self.watch {
            WatchMode::Once => path == root,
            WatchMode::Persistent => path == root || parent(path) == root,
            WatchMode::Recursive => path == root || below,
            WatchMode::No => parent(path) == root,
        }
    }

    /// Itself in words.
    pub(super) fn name(&self) -> String {
        let root = self.history.texts.shown(self.root);
        format!("the picture of {root} in process {}", self.process)
    }
}

/// What was told of a node, as the picture then held it.
pub(super) const fn told(news: &News) -> Cached {
    Cached {
        process: news.process,
        recipe: news.recipe,
        number: news.number,
        path: news.path,
        data: news.data,
        czxid: news.czxid,
        mzxid: news.mzxid,
    }
}

/// What a node was, as far as order goes.
pub(super) const fn age(node: &Cached) -> (Zxid, Zxid) {
    (node.czxid, node.mzxid)
}
