//! Whose programs a recipe shares its path with.

/// Whose lock a [`Mutex`](crate::Mutex) shares its path with: names, order, watches and parents are theirs.
///
/// All contenders of one path use one layout; programs of the other layout would not see them, so a path with both is
/// refused (`MixedContenders`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Layout {
    /// Curator's `InterProcessMutex` and go-zk's lock: `_c_<uuid>-lock-<10 digits>`. Missing parents are made as
    /// containers, which the server removes when they are empty.
    #[default]
    Curator,
    /// kazoo's `Lock`: `<32 hex>__lock__<10 digits>`. Missing parents are made as persistent nodes, as kazoo looks for
    /// them only once per lock.
    Kazoo,
}
