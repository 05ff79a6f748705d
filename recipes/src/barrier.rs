//! Barriers: many wait for one event, or for each other.

mod count_down;
mod cyclic;
mod double;
mod flag;
mod single;
mod withdraw;

pub use count_down::CountDownLatch;
pub use cyclic::{Arrive, CyclicBarrier};
pub use double::{BarrierMember, DoubleBarrier, Enter, Leave, Left, MemberLost};
pub use flag::EventFlag;
pub use single::Barrier;
