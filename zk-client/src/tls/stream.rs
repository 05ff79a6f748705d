//! A connection that is encrypted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::config::TlsConfig;
use super::failure::{broken, not_agreed};
use crate::secure::{NotSecure, Secure, Securing};
use crate::transport::BoxStream;

impl Secure for TlsConfig {
    fn secure(&self, host: &str, stream: BoxStream) -> Securing {
        let (config, host) = (self.clone(), host.to_owned());
        Box::pin(async move {
            let shows = config.has_identity();
            let material = config.material().await;
            let material = material.map_err(|why| io::Error::other(NotSecure(why)))?;
            let name = ServerName::try_from(host.clone()).map_err(|_| {
                io::Error::other(NotSecure(format!(
                    "{host:?} is no name that a certificate can be for"
                )))
            })?;
            let connector = TlsConnector::from(material);
            match connector.connect(name, stream).await {
                Ok(stream) => Ok(Box::new(Encrypted { stream, shows }) as BoxStream),
                Err(error) => Err(not_agreed(&error, &host, shows)),
            }
        })
    }
}

/// Says goodbye when it is dropped, as far as that goes without waiting, so that the server need not take the end for a
/// cut.
struct Encrypted {
    stream: TlsStream<BoxStream>,
    /// Whether a certificate of our own was shown.
    shows: bool,
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        read.map_err(|error| broken(error, self.shows))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        written.map_err(|error| broken(error, self.shows))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        flushed.map_err(|error| broken(error, self.shows))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut nobody);
    }
}
