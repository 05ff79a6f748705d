//! uncertain
