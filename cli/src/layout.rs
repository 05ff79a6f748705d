//! Whose programs a path is shared with.

use zk_recipes::Layout;

/// Whose programs a path is shared with.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Shared {
    /// Whose nodes are written: Curator's, or kazoo's, for a path that unmodified programs of kazoo use, too
    #[arg(long = "layout", value_enum, default_value_t = Name::Curator)]
    name: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    Curator,
    Kazoo,
}

impl From<Shared> for Layout {
    fn from(shared: Shared) -> Self {
        match shared.name {
            Name::Curator => Self::Curator,
            Name::Kazoo => Self::Kazoo,
        }
    }
}
