//! The records of a history, a struct for each kind of line.

mod access;
pub use access::Access;
mod belief;
pub use belief::{Belief, Clock, Conviction};
mod change;
pub use change::{Change, ChangeKind, NodeKind};
mod leftover;
pub use leftover::{Kept, Leftover};
mod limits;
pub use limits::Limits;
mod note;
pub use note::{Fault, Note, NoteKind};
mod op;
pub use op::{Function, Op, Outcome};
mod picture;
pub use picture::{Cached, News, NewsKind};
mod session;
pub use session::{SessionRow, SessionStep};
mod traffic;
pub use traffic::{Gauge, Request};
mod watch;
pub use watch::{ServerWatch, WatchAction, WatchEvent, WatchKind, WatchMode};
