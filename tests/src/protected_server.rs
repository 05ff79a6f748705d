//! A real ZooKeeper server that speaks TLS and SASL.

use testcontainers::ImageExt;
use testcontainers::core::IntoContainerPort;

use crate::RealServer;
use crate::protection::Protection;
use crate::real_server::{OLDER_TAG, TAG, Wanted};

/// A stand-alone server that takes connections by TLS on one port, whose certificate is for 127.0.0.1, and in plain text
/// on another; SASL is offered on both. A client certificate is looked at and not required.
#[derive(Debug)]
pub struct ProtectedServer {
    server: RealServer,
    protection: Protection,
}

impl ProtectedServer {
    /// Starts one. TTL nodes can be had if `extended`; if `demanding`, a client certificate is required by TLS, and
    /// nobody is served without SASL.
    ///
    /// # Panics
    ///
    /// As [`RealServer::start`].
    #[must_use]
    pub fn start(extended: bool, demanding: bool) -> Self {
        Self::start_image(TAG, extended, demanding)
    }

    /// As [`start`](Self::start), of the release 3.8.0, demanding nothing.
    ///
    /// # Panics
    ///
    /// As [`RealServer::start_older_with`].
    #[must_use]
    pub fn start_older(extended: bool) -> Self {
        Self::start_image(OLDER_TAG, extended, false)
    }

    fn start_image(tag: &str, extended: bool, demanding: bool) -> Self {
        let protection = Protection::new();
        let config = Protection::configuration(extended, demanding);
        let flags = format!("-Xmx384m {}", Protection::FLAGS);
        let settings = [("ZOO_CFG_EXTRA", config.as_str()), ("JVMFLAGS", &flags)];
        // An image that was made before this one's file was complete lacks a part of Netty.
        let mut files = vec![(
            "/etc/zookeeper/conf_example/environment".to_owned(),
            ENVIRONMENT.to_owned(),
        )];
        let own = protection.files();
        files.extend(own.map(|(name, text)| (format!("/tls/{name}"), text)));
        let add = |request: Wanted, port: u16| {
            let request = request.with_mapped_port(port, Protection::PORT.tcp());
            files.iter().fold(request, |request, (path, text)| {
                request.with_copy_to(path.as_str(), text.as_bytes().to_vec())
            })
        };
        let server = RealServer::start_request(tag, &settings, add);
        Protection::wait_until_served(server.second_port());
        Self { server, protection }
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

    /// Whom to trust, and who may log in.
    #[must_use]
    pub fn protection(&self) -> &Protection {
        &self.protection
    }
}

const ENVIRONMENT: &str = include_str!("../../xtask/image/environment");
