//! Certificates made on the spot.

use std::ffi::CString;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, Error, IsCa,
    Issuer, KeyIdMethod, KeyPair, RevokedCertParams, date_time_ymd,
};
use zk_embedded::ServerTls;

use crate::last_error;

/// What a client needs, as PEM.
#[derive(Debug, Default)]
pub(crate) struct Papers {
    pub(crate) authority: CString,
    pub(crate) certificate: CString,
    pub(crate) key: CString,
    /// The list of certificates that the authority has revoked: the server's.
    pub(crate) revocations: CString,
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
    let issue = |name: &str, serial: u64| {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.serial_number = Some(serial.into());
        let certificate = params.signed_by(&key, &issuer)?;
        Ok::<_, Error>((certificate.pem(), key.serialize_pem()))
    };
    let (certificate, key) = issue("127.0.0.1", SERVER)?;
    let mut tls = ServerTls::new(certificate, key);
    if wanted {
        tls = tls.client_ca(authority.clone());
    }
    let (certificate, key) = issue("app", SERVER + 1)?;
    let papers = Papers {
        authority: last_error::text(authority),
        certificate: last_error::text(certificate),
        key: last_error::text(key),
        revocations: last_error::text(revocations(&issuer)?),
    };
    Ok((papers, tls))
}

fn revocations(issuer: &Issuer<'_, KeyPair>) -> Result<String, Error> {
    let revoked = RevokedCertParams {
        serial_number: SERVER.into(),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2120, 1, 1),
        crl_number: 1_u64.into(),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer)?.pem()
}

/// The number of the server's certificate.
const SERVER: u64 = 77;
