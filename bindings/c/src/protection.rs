//! What was chosen to protect a client's connections.

use ::zk_client::{ClientBuilder, DigestMd5, TlsConfig};

use crate::failure::Failure;
use crate::status::zk_status;

/// Whom to trust, and who to be.
#[derive(Debug, Default)]
pub(crate) struct Protection {
    tls: Option<TlsConfig>,
    authorities: usize,
    revocations: usize,
    pub(crate) accepts_any_certificate: bool,
    pub(crate) sasl: Option<DigestMd5>,
}

/// More than an ensemble has; a loop gone wild is stopped here.
const MOST: usize = 64;

impl Protection {
    /// Protects a client so.
    pub(crate) fn protect(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, Failure> {
        if let Some(user) = &self.sasl {
            builder = builder.sasl(user.clone());
        }
        let Some(tls) = &self.tls else {
            return Ok(builder);
        };
        if self.authorities == 0 && !self.accepts_any_certificate {
            return Err(Failure::new(
                zk_status::ZK_ERR_INVALID_CONFIG,
                "TLS needs the certificate of the servers' authority (zk_options_add_tls_ca_file())",
            ));
        }
        Ok(builder.tls(tls.clone()))
    }

    pub(crate) fn change_tls(&mut self, change: impl FnOnce(TlsConfig) -> TlsConfig) {
        self.tls = Some(change(self.tls.take().unwrap_or_default()));
    }

    /// Trusts some authority.
    pub(crate) fn trust(
        &mut self,
        change: impl FnOnce(TlsConfig) -> TlsConfig,
    ) -> Result<(), Failure> {
        counted(&mut self.authorities, "authorities")?;
        self.change_tls(change);
        Ok(())
    }

    /// Knows of some revoked certificates.
    pub(crate) fn distrust(
        &mut self,
        change: impl FnOnce(TlsConfig) -> TlsConfig,
    ) -> Result<(), Failure> {
        counted(&mut self.revocations, "revocation lists")?;
        self.change_tls(change);
        Ok(())
    }
}

fn counted(count: &mut usize, what: &str) -> Result<(), Failure> {
    if *count >= MOST {
        return Err(Failure::misuse(format!(
            "no more than {MOST} files or texts of {what} can be given; one may hold several"
        )));
    }
    *count += 1;
    Ok(())
}
