//! What was chosen for a client before it connects.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::zk_client::{Client, ClientBuilder, OnExpiry};

use crate::failure::Failure;
use crate::handles::{self, Opaque};
use crate::protection::Protection;

/// Options of zk_client_connect.
pub struct zk_options {
    _private: [u8; 0],
}

impl Opaque for zk_options {
    type Object = Options;
    const NAME: &'static str = "zk_options";
}

/// What was set.
#[derive(Debug, Default)]
pub struct Options(Mutex<Choices>);

#[derive(Debug, Default)]
pub(crate) struct Choices {
    pub(crate) session_timeout: Option<Duration>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) fail_fast: bool,
    pub(crate) stop_on_expiry: bool,
    pub(crate) auth: Vec<(String, Vec<u8>)>,
    pub(crate) protection: Protection,
}

impl Options {
    /// A client of `servers` with these options.
    pub(crate) fn builder(&self, servers: &str) -> Result<ClientBuilder, Failure> {
        let choices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut builder = Client::builder(servers);
        if let Some(timeout) = choices.session_timeout {
            builder = builder.session_timeout(timeout);
        }
        if let Some(timeout) = choices.request_timeout {
            builder = builder.request_timeout(timeout);
        }
        if choices.fail_fast {
            builder = builder.fail_fast();
        }
        if choices.stop_on_expiry {
            builder = builder.on_expiry(OnExpiry::Stop);
        }
        for (scheme, auth) in &choices.auth {
            builder = builder.auth(scheme.clone(), auth.clone());
        }
        choices.protection.protect(builder)
    }
}

/// Changes options of a caller.
pub(crate) fn change(
    options: *mut zk_options,
    change: impl FnOnce(&mut Choices) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let options = handles::get(options)?;
    let mut choices = options.0.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut choices)
}
