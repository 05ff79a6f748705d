//! Encrypted connections, by rustls.

mod config;
mod failure;
mod issuer;
mod material;
mod stream;
mod verifier;

pub use config::TlsConfig;
