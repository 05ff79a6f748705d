//! self_cleaning
