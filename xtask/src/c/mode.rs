//! The ways in which the test programs run.

/// A way to compile and run the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// gcc, nothing else.
    Plain,
    /// gcc's address and leak sanitizer.
    GccSanitized,
    /// clang's.
    ClangSanitized,
    /// What gcc made, under valgrind.
    Valgrind,
}

impl Mode {
    pub(super) const ALL: [Self; 4] = [
        Self::Plain,
        Self::GccSanitized,
        Self::ClangSanitized,
        Self::Valgrind,
    ];

    /// How claims name what runs in this mode.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Plain => "c",
            Self::GccSanitized => "c-gcc-asan",
            Self::ClangSanitized => "c-clang-asan",
            Self::Valgrind => "c-valgrind",
        }
    }
}
