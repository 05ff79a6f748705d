//! Whom to trust, and who to be.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;

/// How connections are encrypted, whom to trust, and which certificate to show.
///
/// A server has to prove by a certificate of a trusted authority that it bears the name in the connect string, whatever
/// address that stands for. A connection that cannot be encrypted is no connection: nothing is ever sent in plain text.
/// TLS 1.2 and 1.3 are spoken. Certificates and keys are PEM.
///
/// Files are read for each connection, so what replaces them counts from the next connection on. Of two files that are
/// replaced one after the other an attempt may see one old and one new; it fails, and the next one is made as after any
/// other failure.
///
/// ```no_run
/// # async fn run() -> Result<(), zk_client::Error> {
/// use zk_client::{Client, TlsConfig};
///
/// let tls = TlsConfig::new()
///     .ca_file("/etc/zk/ca.pem")
///     .client_certificate_files("/etc/zk/app.pem", "/etc/zk/app.key");
/// let zk = Client::builder("zk1:2281,zk2:2281,zk3:2281").tls(tls).connect().await?;
/// # Ok(()) }
/// ```
///
/// `Debug` shows no key. Copies of a key in memory are not wiped: whoever can read the memory of the process can read the
/// key, as with any client that uses one.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TlsConfig {
    pub(super) authorities: Vec<Source>,
    pub(super) revocations: Vec<Source>,
    pub(super) identity: Option<(Source, Source)>,
    pub(super) any_host_name: bool,
    pub(super) any_certificate: bool,
}

/// Where PEM comes from.
#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    Text(Bytes),
}

impl TlsConfig {
    /// Trusts nobody yet: name the authority of the servers' certificates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities whose certificates are in this file. May be called several times.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities.push(Source::File(path.into()));
        self
    }

    /// Trusts the authorities whose certificates are in this text. May be called several times.
    pub fn ca_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.authorities.push(Source::Text(pem.into()));
        self
    }

    /// Refuses servers whose certificate is in this file's revocation lists (PEM). May be called several times. Default: no
    /// certificate is taken for revoked.
    ///
    /// It fails closed: with one list there has to be one of each authority between a server and a trusted one, and a
    /// list that is out of date (`nextUpdate`) is as bad as none. The file is read for each connection; nothing is fetched.
    /// It has no say where [any certificate is accepted](Self::dangerous_accept_any_certificate).
    pub fn crl_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.revocations.push(Source::File(path.into()));
        self
    }

    /// As [`crl_file`](Self::crl_file), from memory.
    pub fn crl_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.revocations.push(Source::Text(pem.into()));
        self
    }

    /// Shows servers the certificate in one file, with those that lead to its authority behind it, and proves by the key
    /// in another that it is ours. Stock servers want one (`ssl.clientAuth=need`).
    pub fn client_certificate_files(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.identity = Some((Source::File(certificate.into()), Source::File(key.into())));
        self
    }

    /// As [`client_certificate_files`](Self::client_certificate_files), from memory.
    pub fn client_certificate_pem(
        mut self,
        certificate: impl Into<Bytes>,
        key: impl Into<Bytes>,
    ) -> Self {
        self.identity = Some((Source::Text(certificate.into()), Source::Text(key.into())));
        self
    }

    /// Accepts a trusted certificate whatever name it is for: whoever has any certificate of the authority can pass
    /// for a server.
    pub fn dangerous_accept_any_host_name(mut self) -> Self {
        self.any_host_name = true;
        self
    }

    /// Accepts any certificate: whoever is on the way can pass for a server, read and change everything, passwords
    /// included. For a first try alone.
    pub fn dangerous_accept_any_certificate(mut self) -> Self {
        self.any_certificate = true;
        self
    }

    /// Whether a certificate of our own is shown.
    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Text(pem) => write!(f, "({} bytes)", pem.len()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Text(_) => f.write_str("the PEM given"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_memory_stay_out_of_debug_output() {
        let tls = TlsConfig::new()
            .ca_file("/ca.pem")
            .client_certificate_pem("cert", "hunter2");
        let shown = format!("{tls:?}");
        assert!(
            shown.contains("/ca.pem") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
