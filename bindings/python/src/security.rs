//! How connections are protected.

use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zk_recipes::{ClientBuilder, DigestMd5, ErrorKind, TlsConfig};

use crate::error::Failure;

/// Certificates or a key: in a file, or the PEM itself.
enum Pem {
    File(PathBuf),
    Text(Vec<u8>),
}

/// What `connect` is told about it.
#[derive(Default)]
pub(crate) struct Security {
    tls: Option<TlsConfig>,
    sasl: Option<DigestMd5>,
}

impl Security {
    pub(crate) fn new(
        [tls_ca, tls_crl, tls_cert, tls_key]: [Option<&Bound<'_, PyAny>>; 4],
        sasl: Option<(String, String)>,
        any_host_name: bool,
        any_certificate: bool,
    ) -> PyResult<Self> {
        let tls_ca = pem("tls_ca", tls_ca)?;
        let tls_crl = pem("tls_crl", tls_crl)?;
        let identity = match (pem("tls_cert", tls_cert)?, pem("tls_key", tls_key)?) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err(unusable("tls_cert and tls_key belong together; give both").into()),
        };
        let sasl = match sasl {
            Some((user, password)) if user.is_empty() || password.is_empty() => {
                let text = "sasl is a user and a password, and one of them is empty";
                return Err(unusable(text).into());
            }
            sasl => sasl.map(|(user, password)| DigestMd5::new(user, password)),
        };
        if tls_ca.is_some() && any_certificate {
            let text = "tls_ca says whom to trust, and dangerous_accept_any_certificate to trust anybody; give one of them";
            return Err(unusable(text).into());
        }
        if tls_ca.is_none() && !any_certificate {
            if identity.is_some() || tls_crl.is_some() || any_host_name {
                let text = "TLS needs the certificate of the servers' authority; give tls_ca";
                return Err(unusable(text).into());
            }
            return Ok(Self { tls: None, sasl });
        }
        let mut tls = TlsConfig::new();
        match tls_ca {
            Some(Pem::File(path)) => tls = tls.ca_file(path),
            Some(Pem::Text(pem)) => tls = tls.ca_pem(pem),
            None => {}
        }
        match tls_crl {
            Some(Pem::File(path)) => tls = tls.crl_file(path),
            Some(Pem::Text(pem)) => tls = tls.crl_pem(pem),
            None => {}
        }
        match identity {
            Some((Pem::File(certificate), Pem::File(key))) => {
                tls = tls.client_certificate_files(certificate, key);
            }
            Some((Pem::Text(certificate), Pem::Text(key))) => {
                tls = tls.client_certificate_pem(certificate, key);
            }
            Some(_) => {
                let text = "tls_cert and tls_key are both paths or both PEM";
                return Err(unusable(text).into());
            }
            None => {}
        }
        if any_host_name {
            tls = tls.dangerous_accept_any_host_name();
        }
        if any_certificate {
            tls = tls.dangerous_accept_any_certificate();
        }
        Ok(Self {
            tls: Some(tls),
            sasl,
        })
    }

    /// Protects a client so.
    pub(crate) fn protect(self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Some(user) = self.sasl {
            builder = builder.sasl(user);
        }
        match self.tls {
            Some(tls) => builder.tls(tls),
            None => builder,
        }
    }
}

fn unusable(text: &str) -> Failure {
    Failure::new(ErrorKind::InvalidConfig, text)
}

fn pem(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Pem>> {
    let Some(value) = value else { return Ok(None) };
    if let Ok(pem) = value.cast::<PyBytes>() {
        return Ok(Some(Pem::Text(pem.as_bytes().to_vec())));
    }
    // It may be a key, and errors tell paths.
    let is_pem = value
        .cast::<PyString>()
        .is_ok_and(|text| text.to_string_lossy().contains("-----BEGIN"));
    if is_pem {
        let text = format!("{name} is a path if it is a str; encode PEM");
        return Err(PyTypeError::new_err(text));
    }
    match value.extract() {
        Ok(path) => Ok(Some(Pem::File(path))),
        Err(_) => {
            let found = value.get_type().name()?;
            let text = format!("{name} must be a path, or PEM as bytes, not {found}");
            Err(PyTypeError::new_err(text))
        }
    }
}
