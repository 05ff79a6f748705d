//! The seam between a connection and what encrypts it.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use crate::transport::BoxStream;

/// A stream that is being encrypted.
pub(crate) type Securing = Pin<Box<dyn Future<Output = io::Result<BoxStream>> + Send>>;

/// Encrypts connections.
pub(crate) trait Secure: fmt::Debug + Send + Sync {
    /// Encrypts a connection to the server of that name, as the user wrote it, after the server has proven to be it.
    /// Nothing but the TLS handshake has been sent when it is done.
    fn secure(&self, host: &str, stream: BoxStream) -> Securing;
}

/// An [`io::Error`] about the encryption, inside one.
#[derive(Debug)]
pub(crate) struct NotSecure(pub(crate) String);

impl fmt::Display for NotSecure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotSecure {}

/// True if the error is about the encryption.
pub(crate) fn is_about_security(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<NotSecure>())
}
