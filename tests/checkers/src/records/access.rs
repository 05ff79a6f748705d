//! Uses of resources outside ZooKeeper.

use zk_wire::{Moment, Zxid};

use crate::text::{Text, record};

record! {
    /// One use of a resource that a lock protects.
    pub struct Access = "access" {
        /// Who used it.
        pub process: u32,
        /// The recipe instance.
        pub recipe: Text,
        /// The resource.
        pub resource: Text,
        /// The fencing token that came along.
        pub token: Zxid,
        /// Whether the resource checks tokens.
        pub checked: bool,
        /// Whether it let the use pass.
        pub accepted: bool,
        /// When the resource judged it.
        pub at: Moment,
    }
}
