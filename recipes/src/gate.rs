//! Gates of resources outside ZooKeeper: they remember the highest fencing token that was presented, and refuse older ones.
//!
//! A lock tells its holder that it is lost; it cannot stop a holder that was paused in the very moment before it writes. The
//! resource can: every exclusive hold has a [token](crate::Held::token), and every later holder a greater one. A resource
//! that compares and remembers the token in one step with the write lets nothing of an earlier holder through once a later
//! one has written.
//!
//! | the resource | use |
//! |---|---|
//! | a row of a database | [`SqlGate`]: the column and the statements, for any driver |
//! | a file, written by programs of one machine | [`FileGate`] |
//! | a service | [`header`] on both sides, and one of the others where it stores |
//! | memory of one process | [`MemoryGate`] |
//! | anything else | implement [`TokenGate`], and let [`StaleWriters`] try to get a stale write through |
//!
//! **Safety**: level C. Whatever clocks and pauses do, accepted writes are ordered by token. Until the first write of a new
//! holder arrives the resource knows nothing of it, and the one before can still write.

mod file;
pub mod header;
mod memory;
mod sql;
mod stale;
mod stale_writers;

pub use file::FileGate;
pub use memory::{Entered, MemoryGate};
pub use sql::{InvalidName, SqlGate, SqlRefusal};
pub use stale::{GateError, StaleToken};
pub use stale_writers::{Breach, BreachKind, Checked, StaleWriters};

/// A resource that holds one value and remembers the highest token it was written with.
///
/// The rules, for every implementation:
///
/// * A token as high as the highest so far, or higher, is let in. The same token is the same holder, who may write again.
/// * A lower one is refused with [`StaleToken`], and changes nothing.
/// * Comparing, remembering and writing are one step for everybody else, also for other processes.
/// * What was accepted is remembered for as long as the value is.
///
/// Only tokens of one lock belong to one gate: those of different paths are no order. Shared holds have none.
///
/// Both methods may block; those of an asynchronous driver run on its runtime, for example with `Handle::block_on`.
/// [`StaleWriters`] shows whether an implementation keeps the rules.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Mutex;
/// use zk_recipes::gate::{GateError, StaleToken, StaleWriters, TokenGate};
///
/// #[derive(Default)]
/// struct Mine(Mutex<(u64, Vec<u8>)>);
///
/// impl TokenGate for Mine {
///     type Error = Infallible;
///     fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<Infallible>> {
///         let mut stored = self.0.lock().unwrap();
///         if token < stored.0 {
///             return Err(GateError::Stale(StaleToken::new(token, stored.0)));
///         }
///         *stored = (token, value.to_vec());
///         Ok(())
///     }
///     fn read(&self) -> Result<Vec<u8>, Infallible> {
///         Ok(self.0.lock().unwrap().1.clone())
///     }
/// }
///
/// let checked = StaleWriters::new().check(&Mine::default())?;
/// assert!(checked.refused > 0);
/// # Ok::<(), zk_recipes::gate::Breach>(())
/// ```
pub trait TokenGate {
    /// What can go wrong besides.
    type Error: std::error::Error + 'static;

    /// Replaces the value, unless a higher token was here before.
    ///
    /// # Errors
    ///
    /// [`GateError::Stale`] if one was: nothing has changed. [`GateError::Failed`] if it could not be found out.
    fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<Self::Error>>;

    /// The value that was accepted last.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    fn read(&self) -> Result<Vec<u8>, Self::Error>;
}
