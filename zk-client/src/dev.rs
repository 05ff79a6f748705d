//! Clients of an embedded server.
