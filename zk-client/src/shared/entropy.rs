//! Where the client's randomness comes from.

use std::fmt::Debug;
use std::io;

use crate::error::{Error, ErrorKind};

/// A source of random bytes.
///
/// Marks of contenders and, unless a [seed](crate::ClientBuilder::seed) is given, the session's seed are drawn from it.
/// Marks must never repeat, in no process: the default, [`SystemEntropy`], is right everywhere but in a simulation
/// whose runs have to be repeatable.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// If there is no randomness to be had.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The operating system's randomness.
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the system's randomness comes in"
    )]
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}

/// Draws `N` bytes.
pub(crate) fn draw<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    match entropy.fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(why) => Err(Error::new(
            ErrorKind::InvalidConfig,
            format!("the system has no randomness: {why}"),
        )),
    }
}
