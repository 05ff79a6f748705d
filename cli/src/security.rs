//! How connections are encrypted, and as whom SASL knows us.

use std::path::PathBuf;

use clap::Args;
use zk_recipes::{ClientBuilder, DigestMd5, TlsConfig};

/// The variables that protect connections.
pub(crate) const VARIABLES: [&str; 5] = [
    "ZK_TLS_CA",
    "ZK_TLS_CRL",
    "ZK_TLS_CERT",
    "ZK_TLS_KEY",
    "ZK_SASL",
];

/// Where the options stand in the help.
const HEADING: &str = "Security";

/// Options that protect the connection.
#[derive(Debug, Args)]
pub(crate) struct Security {
    /// Encrypt, and trust servers of the authorities in this file (PEM)
    #[arg(long, global = true, env = "ZK_TLS_CA", value_name = "FILE", help_heading = HEADING)]
    tls_ca: Option<PathBuf>,

    /// Refuse certificates in the revocation lists of this file (PEM), and those of authorities without a current list
    #[arg(long, global = true, env = "ZK_TLS_CRL", value_name = "FILE", help_heading = HEADING, requires = "tls_ca")]
    tls_crl: Option<PathBuf>,

    /// Show this certificate (PEM) to servers that want one
    #[arg(long, global = true, env = "ZK_TLS_CERT", value_name = "FILE", help_heading = HEADING, requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of the certificate (PEM, not encrypted)
    #[arg(long, global = true, env = "ZK_TLS_KEY", value_name = "FILE", help_heading = HEADING, requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Accept a trusted certificate whatever name it is for
    #[arg(long, global = true, help_heading = HEADING, requires = "tls_ca")]
    dangerous_accept_any_host_name: bool,

    /// Encrypt, and accept any certificate: whoever is on the way can read and change everything
    #[arg(long, global = true, help_heading = HEADING, conflicts_with = "tls_ca")]
    dangerous_accept_any_certificate: bool,

    /// Authenticate by SASL DIGEST-MD5; in ZK_SASL other users of the machine cannot see it
    #[arg(
        long,
        global = true,
        env = "ZK_SASL",
        hide_env_values = true,
        value_name = "USER:PASSWORD",
        help_heading = HEADING,
        value_parser = user
    )]
    sasl: Option<DigestMd5>,
}

// The text must not appear in the error: it may be a password.
fn user(text: &str) -> Result<DigestMd5, &'static str> {
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {
            Ok(DigestMd5::new(user, password))
        }
        _ => Err("write USER:PASSWORD"),
    }
}

impl Security {
    /// Whether connections are encrypted.
    pub(crate) fn encrypts(&self) -> bool {
        self.tls_ca.is_some() || self.tls_cert.is_some() || self.dangerous_accept_any_certificate
    }

    /// Protects a client so.
    pub(crate) fn protect(&self, mut client: ClientBuilder) -> ClientBuilder {
        if let Some(user) = &self.sasl {
            client = client.sasl(user.clone());
        }
        if !self.encrypts() {
            return client;
        }
        let mut tls = TlsConfig::new();
        if let Some(path) = &self.tls_ca {
            tls = tls.ca_file(path);
        }
        if let Some(path) = &self.tls_crl {
            tls = tls.crl_file(path);
        }
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            tls = tls.client_certificate_files(certificate, key);
        }
        if self.dangerous_accept_any_host_name {
            tls = tls.dangerous_accept_any_host_name();
        }
        if self.dangerous_accept_any_certificate {
            tls = tls.dangerous_accept_any_certificate();
        }
        client.tls(tls)
    }
}
