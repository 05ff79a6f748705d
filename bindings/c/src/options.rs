//! How a client connects.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use crate::args::{bytes_arg, out, text_arg};
use crate::boundary;
use crate::choices::{Options, change, zk_options};
use crate::failure::Failure;
use crate::handles;
use crate::status::zk_status;

/// More credentials than anybody presents; a loop gone wild is stopped here.
const MOST_CREDENTIALS: usize = 64;

fn positive(what: &str, ms: i64) -> Result<Duration, Failure> {
    match u64::try_from(ms) {
        Ok(ms) if ms > 0 => Ok(Duration::from_millis(ms)),
        _ => Err(Failure::new(
            zk_status::ZK_ERR_INVALID_CONFIG,
            format!("the {what} must be positive, not {ms} ms"),
        )),
    }
}

/// Makes options with the defaults. Free them with zk_options_free; a client does not need them any more once
/// zk_client_connect has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_new(options: *mut *mut zk_options) -> zk_status {
    boundary::call(|| {
        let out = out!(options);
        out.put(handles::insert::<zk_options>(Options::default())?.pointer());
        Ok(())
    })
}

/// Frees options. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_free(options: *mut zk_options) -> zk_status {
    boundary::call(|| handles::free(options, drop))
}

/// Sets the session timeout to ask for; the server clamps it (stock: 4 to 40 s). Default: 10 s. After this long
/// without contact the server deletes the session's ephemeral nodes, and its locks go to others.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_set_session_timeout(options: *mut zk_options, ms: i64) -> zk_status {
    boundary::call(|| {
        let timeout = positive("session timeout", ms)?;
        change(options, |choices| {
            choices.session_timeout = Some(timeout);
            Ok(())
        })
    })
}

/// Sets how long a request may take that is made without a deadline. Default: twice the session timeout.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_set_request_timeout(options: *mut zk_options, ms: i64) -> zk_status {
    boundary::call(|| {
        let timeout = positive("request timeout", ms)?;
        change(options, |choices| {
            choices.request_timeout = Some(timeout);
            Ok(())
        })
    })
}

/// Lets zk_client_connect fail as soon as each server was tried once, instead of trying until its deadline.
/// Default: false.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_set_fail_fast(options: *mut zk_options, on: bool) -> zk_status {
    boundary::call(|| {
        change(options, |choices| {
            choices.fail_fast = on;
            Ok(())
        })
    })
}

/// Lets the client end when its session expires, instead of going on with a new session. What was held is lost
/// either way. Default: false.
#[unsafe(no_mangle)]
pub extern "C" fn zk_options_set_stop_on_expiry(options: *mut zk_options, on: bool) -> zk_status {
    boundary::call(|| {
        change(options, |choices| {
            choices.stop_on_expiry = on;
            Ok(())
        })
    })
}

/// Adds credentials, presented on each connection: scheme "digest" and "user:password". May be called repeatedly.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_options_add_auth(
    options: *mut zk_options,
    scheme: *const c_char,
    scheme_len: usize,
    auth: *const c_void,
    auth_len: usize,
) -> zk_status {
    boundary::call(|| {
        let scheme = text_arg!(scheme, scheme_len);
        let auth = bytes_arg!(auth, auth_len);
        change(options, |choices| {
            if choices.auth.len() >= MOST_CREDENTIALS {
                return Err(Failure::misuse(format!(
                    "no more than {MOST_CREDENTIALS} credentials can be presented"
                )));
            }
            choices.auth.push((scheme.to_owned(), auth.to_vec()));
            Ok(())
        })
    })
}
