//! How a client's connections are protected.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;

use ::zk_client::{DigestMd5, TlsConfig};

use crate::args::{bytes_arg, text_arg};
use crate::boundary;
use crate::choices::{change, zk_options};
use crate::failure::Failure;
use crate::status::zk_status;

/// A file of the caller. PEM in its place may be a key, and errors tell paths.
fn file(what: &str, path: &str) -> Result<PathBuf, Failure> {
    if path.contains("-----BEGIN") {
        return Err(Failure::misuse(format!(
            "{what} is the path of a file; the functions that end with _pem take PEM"
        )));
    }
    Ok(PathBuf::from(path))
}

/// Encrypts every connection, and trusts servers whose certificates are of an authority in this file (PEM). Servers
/// listen for TLS on a port of its own, often 2281, and have to prove the name that stands in the connect string. The
/// file is read for each connection: what replaces it counts from the next one on. May be called repeatedly.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_add_tls_ca_file(
    options: *mut zk_options,
    tls_ca: *const c_char,
    tls_ca_len: usize,
) -> zk_status {
    boundary::call(|| {
        let path = file("tls_ca", text_arg!(tls_ca, tls_ca_len))?;
        change(options, |choices| {
            choices.protection.trust(|tls| tls.ca_file(path))
        })
    })
}

/// As zk_options_add_tls_ca_file, with the PEM itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_add_tls_ca_pem(
    options: *mut zk_options,
    tls_ca: *const c_void,
    tls_ca_len: usize,
) -> zk_status {
    boundary::call(|| {
        let pem = bytes_arg!(tls_ca, tls_ca_len).to_vec();
        change(options, |choices| {
            choices.protection.trust(|tls| tls.ca_pem(pem))
        })
    })
}

/// Refuses servers whose certificate is in this file's revocation lists (PEM). With one list there has to be a current one
/// of each authority between a server and a trusted one, else the server is refused, too. The file is read for each
/// connection; nothing is fetched. May be called repeatedly.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_add_tls_crl_file(
    options: *mut zk_options,
    tls_crl: *const c_char,
    tls_crl_len: usize,
) -> zk_status {
    boundary::call(|| {
        let path = file("tls_crl", text_arg!(tls_crl, tls_crl_len))?;
        change(options, |choices| {
            choices.protection.distrust(|tls| tls.crl_file(path))
        })
    })
}

/// As zk_options_add_tls_crl_file, with the PEM itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_add_tls_crl_pem(
    options: *mut zk_options,
    tls_crl: *const c_void,
    tls_crl_len: usize,
) -> zk_status {
    boundary::call(|| {
        let pem = bytes_arg!(tls_crl, tls_crl_len).to_vec();
        change(options, |choices| {
            choices.protection.distrust(|tls| tls.crl_pem(pem))
        })
    })
}

/// Shows servers that want one (ssl.clientAuth) the certificate in one file (PEM), with those that lead to its
/// authority behind it, and proves by the key in another (PEM, not encrypted) that it is ours. Both are read for each
/// connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_set_tls_cert_files(
    options: *mut zk_options,
    tls_cert: *const c_char,
    tls_cert_len: usize,
    tls_key: *const c_char,
    tls_key_len: usize,
) -> zk_status {
    boundary::call(|| {
        let certificate = file("tls_cert", text_arg!(tls_cert, tls_cert_len))?;
        let key = file("tls_key", text_arg!(tls_key, tls_key_len))?;
        change(options, |choices| {
            let show = |tls: TlsConfig| tls.client_certificate_files(certificate, key);
            choices.protection.change_tls(show);
            Ok(())
        })
    })
}

/// As zk_options_set_tls_cert_files, with the PEM itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_set_tls_cert_pem(
    options: *mut zk_options,
    tls_cert: *const c_void,
    tls_cert_len: usize,
    tls_key: *const c_void,
    tls_key_len: usize,
) -> zk_status {
    boundary::call(|| {
        let certificate = bytes_arg!(tls_cert, tls_cert_len).to_vec();
        let key = bytes_arg!(tls_key, tls_key_len).to_vec();
        change(options, |choices| {
            let show = |tls: TlsConfig| tls.client_certificate_pem(certificate, key);
            choices.protection.change_tls(show);
            Ok(())
        })
    })
}

/// Accepts a trusted certificate whatever name it is for: whoever has any certificate of the authority can pass for a
/// server. Cannot be taken back.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_set_dangerous_accept_any_host_name(
    options: *mut zk_options,
) -> zk_status {
    boundary::call(|| {
        change(options, |choices| {
            let accept = TlsConfig::dangerous_accept_any_host_name;
            choices.protection.change_tls(accept);
            Ok(())
        })
    })
}

/// Encrypts every connection, and accepts any certificate: whoever is on the way can pass for a server, read and change
/// everything, passwords included. For a first try alone. Cannot be taken back.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_set_dangerous_accept_any_certificate(
    options: *mut zk_options,
) -> zk_status {
    boundary::call(|| {
        change(options, |choices| {
            choices.protection.accepts_any_certificate = true;
            let accept = TlsConfig::dangerous_accept_any_certificate;
            choices.protection.change_tls(accept);
            Ok(())
        })
    })
}

/// Proves by SASL DIGEST-MD5 who the client is, on each connection before anything else, and that the server knows the
/// password, too. A refusal ends the client: ZK_ERR_AUTH_FAILED. The password is not sent, but whoever hears the exchange
/// can try passwords against it: use TLS below it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_set_sasl(
    options: *mut zk_options,
    user: *const c_char,
    user_len: usize,
    password: *const c_char,
    password_len: usize,
) -> zk_status {
    boundary::call(|| {
        let user = text_arg!(user, user_len);
        let password = text_arg!(password, password_len);
        if user.is_empty() || password.is_empty() {
            return Err(Failure::new(
                zk_status::ZK_ERR_INVALID_CONFIG,
                "SASL needs a user and a password, and one of them is empty",
            ));
        }
        change(options, |choices| {
            choices.protection.sasl = Some(DigestMd5::new(user, password));
            Ok(())
        })
    })
}
