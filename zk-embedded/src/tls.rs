//! TLS, as a stock server has it on its `secureClientPort`.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig as Rustls};
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// The certificate of a server, and whose certificates it wants of clients. All of it is PEM.
///
/// A client that shows one has the identity `x509` with its subject. `Debug` shows no key.
#[derive(Clone)]
#[must_use]
pub struct ServerTls {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
    optional: bool,
}

impl ServerTls {
    /// Shows this certificate, with those that lead to its authority behind it. Wants none of clients.
    pub fn new(certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
            optional: false,
        }
    }

    /// Wants a certificate of this authority of every client, as a stock server does (`ssl.clientAuth=need`).
    pub fn client_ca(mut self, authority: impl Into<Vec<u8>>) -> Self {
        self.client_ca = Some(authority.into());
        self
    }

    /// Serves clients without a certificate, too (`ssl.clientAuth=want`).
    pub fn client_certificate_optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Whether clients may have certificates.
    pub(crate) fn knows_clients(&self) -> bool {
        self.client_ca.is_some()
    }

    pub(crate) fn acceptor(&self) -> io::Result<Acceptor> {
        let provider = Arc::new(ring::default_provider());
        let builder = Rustls::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(authority)? {
                    roots.add(certificate).map_err(io::Error::other)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if self.optional {
                    verifier.allow_unauthenticated()
                } else {
                    verifier
                };
                builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
            }
        };
        // The parser's own error may quote the text.
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| io::Error::other("there is no private key in PEM"))?;
        let config = builder
            .with_single_cert(certificates(&self.certificate)?, key)
            .map_err(io::Error::other)?;
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("client_ca", &self.client_ca.is_some())
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}

fn certificates(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(io::Error::other("there is no certificate in PEM")),
    }
}

/// Takes connections in.
#[derive(Clone)]
pub(crate) struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// The encrypted stream, and the subject of the client's certificate if it has shown one. `None` if there is no
    /// agreement.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> Option<(TlsStream<TcpStream>, Option<String>)> {
        let stream = timeout(HANDSHAKE_LIMIT, self.0.accept(stream)).await;
        let stream = stream
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .inspect_err(|error| tracing::debug!(%error, "no agreement on TLS"))
            .ok()?;
        let (_, session) = stream.get_ref();
        let subject = session
            .peer_certificates()
            .and_then(|chain| subject(chain.first()?));
        Some((stream, subject))
    }
}

/// The subject in Java's form: the most specific part first, no blanks between.
fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let parsed = Certificate::from_der(certificate).ok()?;
    Some(parsed.tbs_certificate().subject().to_string())
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

/// As long as a stock server waits (`ssl.handshakeDetectionTimeoutMillis` is 5 s, the handshake of Netty 10 s).
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
