//! Tests on the embedded server: they need nothing but Rust.

mod conformance;
