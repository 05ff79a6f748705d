//! Whether a server is who it should be.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, UnixTime,
};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::issuer::is_self_issued;

/// rustls's own check, told apart and weakened where the user asked for it.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None`: anybody will do.
    check: Option<Arc<WebPkiServerVerifier>>,
    any_host_name: bool,
    provider: Arc<CryptoProvider>,
}

/// In place of an unknown issuer, of a certificate that is its own.
#[derive(Debug)]
pub(super) struct SelfSigned;

impl fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("self-signed")
    }
}

impl std::error::Error for SelfSigned {}

impl Verifier {
    pub(super) fn of(
        roots: Arc<RootCertStore>,
        revocations: Vec<CertificateRevocationListDer<'static>>,
        provider: Arc<CryptoProvider>,
        any_host_name: bool,
    ) -> Result<Self, String> {
        let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .with_crls(revocations)
            .enforce_revocation_expiration();
        let check = builder.build();
        let check = check.map_err(|error| match error {
            VerifierBuilderError::InvalidCrl(_) => {
                "a revocation list is malformed, or of a kind that is not supported (a delta, an indirect one)".to_owned()
            }
            error => format!("TLS cannot be set up: {error}"),
        })?;
        Ok(Self {
            check: Some(check),
            any_host_name,
            provider,
        })
    }

    pub(super) const fn of_anybody(provider: Arc<CryptoProvider>) -> Self {
        Self {
            check: None,
            any_host_name: true,
            provider,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(check) = &self.check else {
            return Ok(ServerCertVerified::assertion());
        };
        match check.verify_server_cert(end_entity, intermediates, name, ocsp_response, now) {
            // The name is looked at last, so everything else was found to be in order.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_host_name => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
                if is_self_issued(end_entity) =>
            {
                let why = OtherError(Arc::new(SelfSigned));
                Err(CertificateError::Other(why).into())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
