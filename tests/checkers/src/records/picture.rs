//! What local pictures of the tree hold and tell.

use zk_wire::{Moment, Zxid};

use crate::text::{Text, record, words};

words! {
    /// What the stream of a local picture tells.
    pub enum NewsKind {
        /// All that the picture holds: the `cached` lines of the same number.
        All = "all",
        /// A node is there.
        Created = "created",
        /// A node holds other data.
        Changed = "changed",
        /// A node is gone.
        Deleted = "deleted",
        /// From here on the picture may be behind.
        Stale = "stale",
        /// The picture holds all that was committed up to `zxid`.
        Fresh = "fresh",
    }
}

record! {
    /// What a process was told of a local picture.
    pub struct News = "news" {
        /// Who was told.
        pub process: u32,
        /// The picture.
        pub recipe: Text,
        /// What it is a picture of.
        pub root: Text,
        /// What was told.
        pub what: NewsKind,
        /// The number of the `cached` lines.
        pub number: u32,
        /// The node.
        pub path: Text,
        /// What it holds now; what it held, if it is gone.
        pub data: Text,
        /// What it held before it changed.
        pub old: Text,
        /// Its creation.
        pub czxid: Zxid,
        /// Its last write.
        pub mzxid: Zxid,
        /// When.
        pub at: Moment,
        /// Up to where the picture reaches.
        pub zxid: Zxid,
    }
}

record! {
    /// A node as a local picture held it.
    pub struct Cached = "cached" {
        /// Whose picture.
        pub process: u32,
        /// The picture.
        pub recipe: Text,
        /// Which of its states; those of one picture grow.
        pub number: u32,
        /// The node.
        pub path: Text,
        /// What it holds.
        pub data: Text,
        /// Its creation.
        pub czxid: Zxid,
        /// Its last write.
        pub mzxid: Zxid,
    }
}
