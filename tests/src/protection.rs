//! What a real server is given to speak TLS and SASL.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::time::Duration;

use zk_client::{ClientBuilder, DigestMd5, TlsConfig};

use crate::deadline;
use crate::pki::{Authority, Issued, Request};

/// An authority made on the spot, a certificate of it for the servers of 127.0.0.1, and users of SASL.
#[derive(Debug)]
pub struct Protection {
    authority: Authority,
    issued: Issued,
}

impl Protection {
    /// The users that the servers know by SASL, with their passwords.
    pub const USERS: [(&'static str, &'static str); 3] = [
        ("app", "s3cret word"),
        ("other", "0ther"),
        ("zo\u{eb}", "p\u{e4}ssw\u{f6}rd \u{3a9}"),
    ];

    /// Where a server listens for TLS, inside its container.
    pub(crate) const PORT: u16 = 2281;

    /// For `JVMFLAGS`.
    pub(crate) const FLAGS: &'static str =
        "-Dfile.encoding=UTF-8 -Djava.security.auth.login.config=/tls/jaas.conf";

    pub(crate) fn new() -> Self {
        let authority = Authority::new("the authority");
        let issued = authority.issue(Request::names(&["127.0.0.1"]));
        Self { authority, issued }
    }

    /// The authority of the servers' certificate, which signs those of clients as well.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Trusts the authority.
    pub fn trusting(&self) -> TlsConfig {
        TlsConfig::new().ca_pem(self.authority.pem().to_owned())
    }

    /// Makes a client one of the first user.
    pub fn as_app(client: ClientBuilder) -> ClientBuilder {
        let [(user, password), ..] = Self::USERS;
        client.sasl(DigestMd5::new(user, password))
    }

    /// For `ZOO_CFG_EXTRA`: see [`ProtectedServer::start`](crate::ProtectedServer::start).
    pub(crate) fn configuration(extended: bool, demanding: bool) -> String {
        let providers = "org.apache.zookeeper.server.auth";
        let (clients, required) = match demanding {
            true => ("need", "sessionRequireClientSASLAuth=true"),
            false => ("want", "sessionRequireClientSASLAuth=false"),
        };
        [
            format!("extendedTypesEnabled={extended}"),
            format!("secureClientPort={}", Self::PORT),
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory".to_owned(),
            "ssl.keyStore.location=/tls/server.pem".to_owned(),
            "ssl.keyStore.type=PEM".to_owned(),
            "ssl.trustStore.location=/tls/ca.pem".to_owned(),
            "ssl.trustStore.type=PEM".to_owned(),
            format!("ssl.clientAuth={clients}"),
            format!("authProvider.x509={providers}.X509AuthenticationProvider"),
            format!("authProvider.sasl={providers}.SASLAuthenticationProvider"),
            required.to_owned(),
        ]
        .join(" ")
    }

    /// What has to be in `/tls` of a container.
    pub(crate) fn files(&self) -> [(&'static str, String); 3] {
        let Issued {
            certificate, key, ..
        } = &self.issued;
        [
            ("server.pem", format!("{key}{certificate}")),
            ("ca.pem", self.authority.pem().to_owned()),
            ("jaas.conf", jaas()),
        ]
    }

    /// Waits until a server serves on its port for TLS.
    pub(crate) fn wait_until_served(port: u16) {
        let ready = "a server that serves on its port for TLS";
        deadline(Duration::from_secs(60)).wait_for(ready, || is_served(port).then_some(()));
    }
}

/// Whether a connection is taken and kept: the engine takes it, and hangs up, before the server listens.
fn is_served(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let patience = Some(Duration::from_millis(300));
    let silence = stream
        .set_read_timeout(patience)
        .and_then(|()| stream.read(&mut [0]));
    silence.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

fn jaas() -> String {
    let users: Vec<String> = Protection::USERS
        .iter()
        .map(|(user, password)| format!("user_{user}=\"{password}\""))
        .collect();
    let module = "org.apache.zookeeper.server.auth.DigestLoginModule";
    format!("Server {{ {module} required {}; }};\n", users.join(" "))
}
