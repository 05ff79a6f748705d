//! Nodes that are there already.

/// What to do with a node that is there already and differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Existing {
    Fail,
    Skip,
    Overwrite,
}
