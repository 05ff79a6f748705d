//! A gate in memory.

use std::convert::Infallible;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::TokenGate;
use super::stale::{GateError, StaleToken};

/// A value in memory that only the latest holder can reach: for a service whose clients hold the lock and send their tokens.
///
/// It forgets with its process; [`with_highest`](Self::with_highest) takes what was stored elsewhere. A panic of whoever has
/// entered leaves the value as it was then.
///
/// ```
/// use zk_recipes::gate::MemoryGate;
///
/// let account = MemoryGate::new(100);
/// *account.enter(7)? -= 10;
/// *account.enter(9)? -= 10;
/// let stale = account.enter(8).unwrap_err();
/// assert_eq!((stale.presented, stale.highest), (8, 9));
/// assert_eq!(account.into_inner(), 80);
/// # Ok::<(), zk_recipes::gate::StaleToken>(())
/// ```
#[derive(Default)]
pub struct MemoryGate<T> {
    state: Mutex<State<T>>,
}

#[derive(Default)]
struct State<T> {
    highest: Option<u64>,
    value: T,
}

/// The value, for a holder that was let in; nobody else is as long as this lives. Not to be kept over an `.await`.
pub struct Entered<'a, T>(MutexGuard<'a, State<T>>);

impl<T> MemoryGate<T> {
    /// A gate that has seen no token.
    pub fn new(value: T) -> Self {
        let highest = None;
        Self {
            state: Mutex::new(State { highest, value }),
        }
    }

    /// A gate that has seen this token.
    pub fn with_highest(value: T, highest: u64) -> Self {
        let highest = Some(highest);
        Self {
            state: Mutex::new(State { highest, value }),
        }
    }

    /// Lets the holder of `token` in, and remembers it. Waits while another one is inside.
    ///
    /// # Errors
    ///
    /// If a later holder was here.
    pub fn enter(&self, token: u64) -> Result<Entered<'_, T>, StaleToken> {
        let mut state = self.lock();
        StaleToken::check(token, state.highest)?;
        state.highest = Some(token);
        Ok(Entered(state))
    }

    /// The highest token so far.
    pub fn highest(&self) -> Option<u64> {
        self.lock().highest
    }

    /// Looks at the value, which needs no token.
    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock().value)
    }

    /// The value, for the gate.
    pub fn into_inner(self) -> T {
        let state = self.state.into_inner();
        state.unwrap_or_else(PoisonError::into_inner).value
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenGate for MemoryGate<Vec<u8>> {
    type Error = Infallible;

    fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<Infallible>> {
        let mut entered = self.enter(token)?;
        *entered = value.to_vec();
        Ok(())
    }

    fn read(&self) -> Result<Vec<u8>, Infallible> {
        Ok(Self::read(self, Clone::clone))
    }
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> DerefMut for Entered<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.value
    }
}

impl<T> fmt::Debug for MemoryGate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGate").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Entered<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered")
            .field("token", &self.0.highest)
            .finish_non_exhaustive()
    }
}
