//! Tests that this machine cannot run: said, never hidden.

/// Tests that cannot run here.
#[derive(Clone, Debug)]
pub(crate) struct LeftOut {
    /// Which.
    pub(crate) what: String,
    /// What is missing.
    pub(crate) why: String,
    /// How to get it.
    pub(crate) remedy: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "left out: {} because {}; to include: {}",
            self.what, self.why, self.remedy
        )
    }
}
