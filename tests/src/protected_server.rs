//! A real ZooKeeper server that speaks TLS and SASL.

use std::io::{self, Read as _};
use std::net::TcpStream;
use std::time::Duration;

use testcontainers::ImageExt;
use testcontainers::core::IntoContainerPort;
use zk_client::{ClientBuilder, DigestMd5, TlsConfig};

use crate::RealServer;
use crate::deadline;
use crate::pki::{Authority, Issued, Request};
use crate::real_server::Wanted;

/// A stand-alone server that takes connections by TLS on one port, whose certificate is for 127.0.0.1, and in plain text
/// on another; SASL is offered on both. A client certificate is looked at and not required.
#[derive(Debug)]
pub struct ProtectedServer {
    server: RealServer,
    authority: Authority,
}

impl ProtectedServer {
    /// The users that the server knows by SASL, with their passwords.
    pub const USERS: [(&'static str, &'static str); 3] = [
        ("app", "s3cret word"),
        ("other", "0ther"),
        ("zo\u{eb}", "p\u{e4}ssw\u{f6}rd \u{3a9}"),
    ];

    /// Starts one. TTL nodes can be had if `extended`; if `demanding`, a client certificate is required by TLS, and
    /// nobody is served without SASL.
    ///
    /// # Panics
    ///
    /// As [`RealServer::start`].
    #[must_use]
    pub fn start(extended: bool, demanding: bool) -> Self {
        let authority = Authority::new("the authority");
        let Issued { certificate, key } = authority.issue(Request::names(&["127.0.0.1"]));
        let config = configuration(extended, demanding);
        let flags =
            "-Xmx384m -Dfile.encoding=UTF-8 -Djava.security.auth.login.config=/tls/jaas.conf";
        let settings = [("ZOO_CFG_EXTRA", config.as_str()), ("JVMFLAGS", flags)];
        let files = [
            ("/tls/server.pem", format!("{key}{certificate}")),
            ("/tls/ca.pem", authority.pem().to_owned()),
            ("/tls/jaas.conf", jaas()),
            // An image that was made before this one's file was complete lacks a part of Netty.
            (
                "/etc/zookeeper/conf_example/environment",
                ENVIRONMENT.to_owned(),
            ),
        ];
        let add = |request: Wanted, port: u16| {
            let request = request.with_mapped_port(port, SECURE_PORT.tcp());
            files.iter().fold(request, |request, (path, text)| {
                request.with_copy_to(*path, text.as_bytes().to_vec())
            })
        };
        let server = RealServer::start_request("3.9", &settings, add);
        let port = server.second_port();
        let ready = "a server that serves on its port for TLS";
        deadline(Duration::from_secs(60)).wait_for(ready, || is_served(port).then_some(()));
        Self { server, authority }
    }

    /// The server as such, by its port for plain text.
    #[must_use]
    pub fn plain(&self) -> &RealServer {
        &self.server
    }

    /// What a client is given to connect by TLS.
    #[must_use]
    pub fn connect_string(&self) -> String {
        format!("127.0.0.1:{}", self.server.second_port())
    }

    /// The authority of its certificate, which signs those of clients as well.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Trusts its authority.
    pub fn trusting(&self) -> TlsConfig {
        TlsConfig::new().ca_pem(self.authority.pem().to_owned())
    }

    /// Makes a client one of its first user.
    pub fn as_app(client: ClientBuilder) -> ClientBuilder {
        let [(user, password), ..] = Self::USERS;
        client.sasl(DigestMd5::new(user, password))
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

fn configuration(extended: bool, demanding: bool) -> String {
    let providers = "org.apache.zookeeper.server.auth";
    let (clients, required) = match demanding {
        true => ("need", "sessionRequireClientSASLAuth=true"),
        false => ("want", "sessionRequireClientSASLAuth=false"),
    };
    [
        format!("extendedTypesEnabled={extended}"),
        format!("secureClientPort={SECURE_PORT}"),
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

fn jaas() -> String {
    let users: Vec<String> = ProtectedServer::USERS
        .iter()
        .map(|(user, password)| format!("user_{user}=\"{password}\""))
        .collect();
    let module = "org.apache.zookeeper.server.auth.DigestLoginModule";
    format!("Server {{ {module} required {}; }};\n", users.join(" "))
}

const SECURE_PORT: u16 = 2281;

const ENVIRONMENT: &str = include_str!("../../xtask/image/environment");
