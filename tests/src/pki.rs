//! Authorities and certificates for tests, made on the spot.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, date_time_ymd,
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

    /// With this number, by which it can be revoked.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Self {
        self.params.serial_number = Some(number.into());
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
        let certificate = self.params.self_signed(&key).expect("a certificate");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
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

    /// A list of the certificates that hold no longer, by their numbers, which is out of date from that year on.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn revoke(&self, numbers: &[u64], until: i32) -> String {
        let revoked = numbers.iter().map(|number| RevokedCertParams {
            serial_number: (*number).into(),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).expect("a list");
        list.pem().expect("its text")
    }

    /// A certificate.
    ///
    /// # Panics
    ///
    /// If its key cannot be made.
    #[must_use]
    pub fn issue(&self, request: Request) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let certificate = request.params.signed_by(&key, &self.issuer);
        Issued {
            certificate: certificate.expect("a certificate").pem(),
            key: key.serialize_pem(),
        }
    }
}
