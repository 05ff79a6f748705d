//! Queues of items that any number of programs put and take.

mod choose;
mod claim;
mod claimed;
mod clock;
mod config;
mod entry;
mod envelope;
mod handle;
mod inspect;
mod item;
mod layout;
mod name;
mod pick;
mod place;
mod put;
mod sharded;
mod size;
mod state;
mod take;

pub use claim::ClaimNext;
pub use claimed::Claimed;
pub use config::OnCorrupt;
pub use entry::{Entry, Placed};
pub use handle::Queue;
pub use item::{Item, Listed};
pub use layout::QueueLayout;
pub use put::{Put, PutAll};
pub use sharded::ShardedQueue;
pub use take::{Take, TakeMany};
