//! `check msrv`: the libraries build with the oldest Rust we promise.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::verdict::Verdict;
use crate::shell::{self, LONG, Outcome, command};

/// The promise, as `rust-version` in the manifests has it.
const OLDEST: &str = "1.85";

const LIBRARIES: [&str; 7] = [
    "zk-wire",
    "zk-session",
    "zk-client",
    "zk-recipes",
    "zk-embedded",
    "zk-c",
    "zk-python",
];

/// Checks the libraries without and with all their features.
///
/// # Errors
///
/// If cargo cannot be started.
pub(super) fn check() -> Outcome<Verdict> {
    let Some(toolchain) = Toolchain::find() else {
        return Ok(Verdict::LeftOut {
            why: format!("neither /usr/bin/rustc nor rustup has Rust {OLDEST}"),
            remedy: format!("`rustup toolchain install {OLDEST}`, or Debian's rustc-web {OLDEST}"),
        });
    };
    let mut findings = Vec::new();
    for features in ["--no-default-features", "--all-features"] {
        let mut cargo = toolchain.cargo();
        cargo.current_dir(shell::root()).args([
            "check",
            "--locked",
            "--keep-going",
            "--lib",
            features,
        ]);
        for library in LIBRARIES {
            cargo.args(["--package", library]);
        }
        // A folder of its own: the other compiler's results would be thrown away each time.
        cargo
            .arg("--target-dir")
            .arg(shell::target_dir().join("msrv"));
        let finished = shell::capture(&mut cargo, LONG)?;
        if !finished.ok {
            findings.push(format!(
                "{features}: {}\n{}",
                finished.end,
                finished.tail(40)
            ));
        }
    }
    Ok(Verdict::from_findings(
        findings,
        format!("{} libraries on {toolchain}", LIBRARIES.len()),
    ))
}

enum Toolchain {
    System,
    Rustup,
}

impl Toolchain {
    fn find() -> Option<Self> {
        let system = Path::new("/usr/bin/rustc").exists()
            && is_oldest(&mut command("/usr/bin/rustc", &["--version"]))
            && is_oldest(&mut command("/usr/bin/cargo", &["--version"]));
        if system {
            return Some(Self::System);
        }
        is_oldest(&mut command(
            "rustup",
            &["run", OLDEST, "rustc", "--version"],
        ))
        .then_some(Self::Rustup)
    }

    fn cargo(&self) -> Command {
        match self {
            Self::System => {
                let mut cargo = command("/usr/bin/cargo", &[]);
                cargo
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTDOC", "/usr/bin/rustdoc");
                cargo
            }
            Self::Rustup => command("rustup", &["run", OLDEST, "cargo"]),
        }
    }
}

impl std::fmt::Display for Toolchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System => write!(f, "the system's Rust {OLDEST}"),
            Self::Rustup => write!(f, "rustup's Rust {OLDEST}"),
        }
    }
}

fn is_oldest(version: &mut Command) -> bool {
    let answer = shell::output(version, Duration::from_secs(20)).unwrap_or_default();
    says_oldest(&answer)
}

/// Whether a line such as `rustc 1.85.0 (4d91de4e4 2025-02-17)` is of the oldest version.
fn says_oldest(line: &str) -> bool {
    let version = line.split_whitespace().nth(1).unwrap_or_default();
    version
        .strip_prefix(OLDEST)
        .is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_patch_release_of_the_oldest_version_counts() {
        assert!(says_oldest(
            "rustc 1.85.0 (4d91de4e4 2025-02-17) (built from a source tarball)"
        ));
        assert!(says_oldest("cargo 1.85.1"));
        assert!(!says_oldest("rustc 1.850.0"));
        assert!(!says_oldest("rustc 1.95.0 (59807616e 2026-03-21)"));
        assert!(!says_oldest(""));
    }
}
