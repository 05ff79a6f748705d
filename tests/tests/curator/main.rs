//! Tests next to unmodified Curator programs, on a real server.

mod exclusion;
mod kit;
