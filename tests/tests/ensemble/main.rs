//! Tests against three real servers under faults.

mod kit;
