//! From files and texts to what rustls wants.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::config::{Source, TlsConfig};
use super::verifier::Verifier;

/// Why there is nothing to connect with: a file is missing or holds something else. Never tells what is in it.
pub(super) type Unusable = String;

impl TlsConfig {
    /// Reads everything anew.
    #[expect(
        clippy::disallowed_methods,
        reason = "files may be slow, and nothing here waits for time to pass"
    )]
    pub(crate) async fn material(&self) -> Result<Arc<ClientConfig>, Unusable> {
        let config = self.clone();
        let loading = tokio::task::spawn_blocking(move || config.load()).await;
        loading.map_err(|e| e.to_string())?
    }

    /// Blocks as long as the files do.
    fn load(&self) -> Result<Arc<ClientConfig>, Unusable> {
        let provider = Arc::new(provider());
        let verifier = if self.any_certificate {
            Verifier::of_anybody(Arc::clone(&provider))
        } else {
            let roots = Arc::new(self.roots()?);
            let revocations = self.revocations()?;
            Verifier::of(
                roots,
                revocations,
                Arc::clone(&provider),
                self.any_host_name,
            )?
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| format!("TLS cannot be set up: {e}"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let secret = private_key(key)?;
                builder.with_client_auth_cert(chain, secret).map_err(|_| {
                    format!("the client's certificate in {certificate} and the key in {key} do not belong together")
                })?
            }
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, Unusable> {
        if self.authorities.is_empty() {
            return Err(
                "TLS needs the certificate of the servers' authority (.ca_file(), zkctl --tls-ca)"
                    .to_owned(),
            );
        }
        let mut roots = RootCertStore::empty();
        for source in &self.authorities {
            for certificate in certificates(source)? {
                let added = roots.add(certificate);
                added.map_err(|_| format!("{source} holds a certificate that is malformed"))?;
            }
        }
        Ok(roots)
    }

    fn revocations(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, Unusable> {
        let mut lists = Vec::new();
        for source in &self.revocations {
            lists.extend(revocation_lists(source)?);
        }
        Ok(lists)
    }
}

fn revocation_lists(
    source: &Source,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Unusable> {
    let pem = read(source)?;
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{source} holds no revocation list in PEM")),
    }
}

/// The cryptography that was built in; `aws-lc-rs` where there is a choice, because it was asked for by name.
fn provider() -> CryptoProvider {
    #[cfg(feature = "tls-aws-lc")]
    return tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "tls-aws-lc"))]
    tokio_rustls::rustls::crypto::ring::default_provider()
}

fn certificates(source: &Source) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = read(source)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|_| format!("{source} is no PEM"))?;
    if found.is_empty() {
        return Err(format!("{source} holds no certificate in PEM"));
    }
    Ok(found)
}

fn private_key(source: &Source) -> Result<PrivateKeyDer<'static>, Unusable> {
    let pem = read(source)?;
    // The parser's own error may quote the file.
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let is_encrypted = pem
            .windows(ENCRYPTED.len())
            .any(|window| window == ENCRYPTED);
        if is_encrypted {
            format!("the key in {source} is encrypted, which is not supported; store it decrypted, readable by its user alone")
        } else {
            format!("{source} holds no private key in PEM")
        }
    })
}

fn read(source: &Source) -> Result<bytes::Bytes, Unusable> {
    match source {
        Source::Text(pem) => Ok(pem.clone()),
        Source::File(path) => std::fs::read(path)
            .map(Into::into)
            .map_err(|e| format!("cannot read {source}: {e}")),
    }
}

const ENCRYPTED: &[u8] = b"ENCRYPTED";
