//! resumable
