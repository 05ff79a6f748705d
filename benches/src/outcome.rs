//! The result of everything here.

use std::error::Error;

/// A result whose error is only shown.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
