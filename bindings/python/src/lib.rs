//! The extension module `zk_recipes._native`: everything that the asyncio face and the blocking face of the
//! Python package share.
//!
//! Each operation is a [`Work`](work::Work), a Rust future that nobody polls yet. The blocking face polls it on the
//! calling thread with the interpreter lock released; the asyncio face polls it on the event loop's thread, which an
//! [`Inbox`](inbox::Inbox) wakes through a file descriptor. No thread of the runtime ever takes the interpreter
//! lock, so Python code that keeps it cannot stop the pings, and the interpreter can end while the runtime runs.
#![deny(unsafe_code)]

use pyo3::prelude::*;

mod client;
mod error;
mod goodbye;
mod inbox;
mod lock;
mod owned;
mod reply;
mod runtime;
mod security;
mod server;
mod shield;
mod values;
mod work;

/// See the package `zk_recipes`, which is the interface.
#[pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    use crate::client::{Client, connect};
    #[pymodule_export]
    use crate::error::error_table;
    #[pymodule_export]
    use crate::goodbye::shutdown;
    #[pymodule_export]
    use crate::inbox::Inbox;
    #[pymodule_export]
    use crate::lock::{Guard, Held, Lock};
    #[pymodule_export]
    use crate::server::{Fault, Server, start_server};
    #[pymodule_export]
    use crate::shield::{panic_in_call, panic_in_work};
    #[pymodule_export]
    use crate::values::digest_id;
    #[pymodule_export]
    use crate::work::Work;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
