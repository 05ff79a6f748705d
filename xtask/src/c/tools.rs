//! Which compilers and tools this machine has.

use std::time::Duration;

use super::mode::Mode;
use crate::left_out::LeftOut;
use crate::shell;

/// The answers.
pub(super) struct Tools {
    gcc: bool,
    make: bool,
    pkg_config: bool,
    nm: bool,
    /// With the runtime of its address sanitizer.
    clang: bool,
    valgrind: bool,
    pub(super) cmake: bool,
}

impl Tools {
    /// Looks.
    pub(super) fn probe() -> Self {
        let has = |program: &str| shell::answers(program, &["--version"], Duration::from_secs(30));
        Self {
            gcc: has("gcc"),
            make: has("make"),
            pkg_config: has("pkg-config"),
            nm: has("nm"),
            clang: has("clang") && sanitizes(),
            valgrind: has("valgrind"),
            cmake: has("cmake"),
        }
    }

    /// Whether there is what every test of the library needs.
    pub(super) fn can_build(&self) -> bool {
        self.gcc && self.make && self.pkg_config && self.nm
    }

    /// Whether tests can run in this mode.
    pub(super) fn has(&self, mode: Mode) -> bool {
        match mode {
            Mode::Plain | Mode::GccSanitized => self.gcc,
            Mode::ClangSanitized => self.clang,
            Mode::Valgrind => self.valgrind,
        }
    }

    /// What cannot run, and how to change that.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let missing = |tests: &str, tool: &str, packages: &str| LeftOut {
            what: format!("tests of the C library{tests}"),
            why: format!("there is no {tool}"),
            remedy: format!("apt-get install {packages}"),
        };
        if !self.can_build() {
            let tools = "gcc, make, pkg-config or nm";
            return vec![missing("", tools, "gcc make pkg-config binutils")];
        }
        let mut left_out = Vec::new();
        if !self.clang {
            let tool = "clang with its address sanitizer";
            left_out.push(missing(" with clang", tool, "clang libclang-rt-14-dev"));
        }
        if !self.valgrind {
            left_out.push(missing(" under valgrind", "valgrind", "valgrind libc6-dbg"));
        }
        if !self.cmake {
            left_out.push(missing("'s CMake package", "cmake", "cmake"));
        }
        left_out
    }
}

/// Debian has the sanitizers of clang in a package of their own.
fn sanitizes() -> bool {
    let search = [
        "-fsanitize=address",
        "--print-file-name=libclang_rt.asan-x86_64.a",
    ];
    let found = shell::output(
        &mut shell::command("clang", &search),
        Duration::from_secs(30),
    );
    // Where it finds nothing it prints the name as it was given.
    found.is_ok_and(|path| path.contains('/') && std::path::Path::new(path.trim()).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(build: bool, rest: bool) -> Tools {
        Tools {
            gcc: build,
            make: build,
            pkg_config: build,
            nm: build,
            clang: rest,
            valgrind: rest,
            cmake: rest,
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        assert!(tools(true, true).left_out().is_empty());
        let without_rest: Vec<String> = tools(true, false)
            .left_out()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(without_rest.len(), 3, "{without_rest:?}");
        assert!(
            without_rest
                .iter()
                .all(|line| line.contains("apt-get install"))
        );
        assert_eq!(tools(false, true).left_out().len(), 1);
    }
}
