//! zkctl.
fn main() {}
