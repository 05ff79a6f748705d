//! Authorities and certificates for tests, made on the spot.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevocationReason, RevokedCertParams, date_time_ymd,
};

/// Signs certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key, both PEM.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// The number under which its authority knows it.
    pub serial: u64,
}

/// What a certificate is for, and when.
#[derive(Debug, Clone)]
pub struct Request {
    params: CertificateParams,
}

impl Request {
    /// A certificate for whoever bears one of these names or addresses, valid now, for servers and clients.
    ///
    /// # Panics
    ///
    /// If a name is none.
    #[must_use]
    pub fn names(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name = DistinguishedName::new();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        Self { params }
    }

    /// A certificate of somebody, `CN=name,OU=tests,O=zk-recipes` in Java's form.
    #[must_use]
    pub fn subject(name: &str) -> Self {
        let mut request = Self::names(&[]);
        let subject = &mut request.params.distinguished_name;
        subject.push(DnType::OrganizationName, "zk-recipes");
        subject.push(DnType::OrganizationalUnitName, "tests");
        subject.push(DnType::CommonName, name);
        request
    }

    /// Valid in another year alone.
    #[must_use]
    pub fn in_year(mut self, year: i32) -> Self {
        self.params.not_before = date_time_ymd(year, 1, 1);
        self.params.not_after = date_time_ymd(year, 12, 31);
        self
    }

    /// For clients alone.
    #[must_use]
    pub fn for_clients_alone(mut self) -> Self {
        self.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self
    }

    /// Signed by its own key.
    ///
    /// # Panics
    ///
    /// If the key cannot be made.
    #[must_use]
    pub fn self_signed(mut self) -> Issued {
        let name = &mut self.params.distinguished_name;
        name.push(DnType::CommonName, "itself");
        let key = KeyPair::generate().expect("a key");
        let serial = next_serial();
        self.params.serial_number = Some(serial.into());
        let certificate = self.params.self_signed(&key).expect("a certificate");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            serial,
        }
    }
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    ///
    /// If its key cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// Its own certificate, which those trust who trust it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate.
    ///
    /// # Panics
    ///
    /// If its key cannot be made.
    #[must_use]
    pub fn issue(&self, mut request: Request) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let serial = next_serial();
        request.params.serial_number = Some(serial.into());
        let certificate = request.params.signed_by(&key, &self.issuer);
        Issued {
            certificate: certificate.expect("a certificate").pem(),
            key: key.serialize_pem(),
            serial,
        }
    }

    /// Its list of revoked certificates (PEM), which has to be renewed by the end of a year.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn revocation_list(&self, revoked: &[&Issued], last_year: i32) -> String {
        let revoked = revoked.iter().map(|issued| RevokedCertParams {
            serial_number: issued.serial.into(),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(last_year, 12, 31),
            crl_number: next_serial().into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("a list");
        list.pem().expect("PEM")
    }
}

fn next_serial() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
