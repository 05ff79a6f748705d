//! Certificates made on the spot.

use std::ffi::CString;

use rcgen::{BasicConstraints, CertificateParams, DnType, Error, IsCa, Issuer, KeyPair};
use zk_embedded::ServerTls;

use crate::last_error;

/// What a client needs, as PEM.
#[derive(Debug, Default)]
pub(crate) struct Papers {
    pub(crate) authority: CString,
    pub(crate) certificate: CString,
    pub(crate) key: CString,
}

/// A new authority with a certificate for a client, and one for a server on 127.0.0.1 that may want the former.
pub(crate) fn made(wanted: bool) -> Result<(Papers, ServerTls), Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "the authority");
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    let issue = |name: &str| {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec![name.to_owned()])?;
        let certificate = params.signed_by(&key, &issuer)?;
        Ok::<_, Error>((certificate.pem(), key.serialize_pem()))
    };
    let (certificate, key) = issue("127.0.0.1")?;
    let mut tls = ServerTls::new(certificate, key);
    if wanted {
        tls = tls.client_ca(authority.clone());
    }
    let (certificate, key) = issue("app")?;
    let papers = Papers {
        authority: last_error::text(authority),
        certificate: last_error::text(certificate),
        key: last_error::text(key),
    };
    Ok((papers, tls))
}
