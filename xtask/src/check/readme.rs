//! `check readme`: the README's lines of Rust compile as a program of their own, with the two dependencies
//! that it names and no others.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::verdict::Verdict;
use crate::shell::{self, LONG, Outcome};

/// What a user of the README is told to depend on.
const DEPENDENCIES: [&str; 2] = ["zk-recipes", "tokio"];

/// Ours, which the registry does not have yet in this version.
const OURS: [(&str, &str); 5] = [
    ("zk-wire", "zk-wire"),
    ("zk-session", "zk-session"),
    ("zk-client", "zk-client"),
    ("zk-embedded", "zk-embedded"),
    ("zk-recipes", "recipes"),
];

/// Compiles the README's program.
///
/// # Errors
///
/// If the README cannot be read, or cargo cannot be started.
pub(super) fn check() -> Outcome<Verdict> {
    let readme = fs::read_to_string(shell::root().join("README.md"))?;
    let (Some(manifest), Some(program)) = (block(&readme, "toml"), block(&readme, "rust")) else {
        return Ok(Verdict::Broken(vec![
            "README.md has no block of toml or none of rust".to_owned(),
        ]));
    };
    let named = dependencies(&manifest);
    if named != DEPENDENCIES {
        return Ok(Verdict::Broken(vec![format!(
            "README.md tells users to depend on {}; {} are enough",
            named.join(", "),
            DEPENDENCIES.join(" and ")
        )]));
    }
    let folder = shell::target_dir().join("readme");
    write_package(&folder, &manifest, &program)?;
    let mut cargo = shell::cargo();
    cargo
        .current_dir(&folder)
        .args(["check", "--quiet", "--offline", "--target-dir"])
        .arg(shell::target_dir());
    let finished = shell::capture(&mut cargo, LONG)?;
    Ok(if finished.ok {
        Verdict::Holds(format!(
            "{} lines of Rust with {}",
            program.lines().count(),
            DEPENDENCIES.join(" and ")
        ))
    } else {
        Verdict::Broken(vec![finished.tail(40)])
    })
}

fn write_package(folder: &Path, manifest: &str, program: &str) -> Outcome<()> {
    let mut text = format!(
        "[package]\nname = \"readme\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n{manifest}\n[patch.crates-io]\n"
    );
    for (name, place) in OURS {
        let path = shell::root().join(place);
        writeln!(
            text,
            "{name} = {{ path = {:?} }}",
            path.display().to_string()
        )?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), text)?;
    fs::write(folder.join("src/main.rs"), program)?;
    // The same versions as everywhere, which are here already.
    fs::copy(shell::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// The first fenced block of a language, whatever follows its name.
fn block(text: &str, language: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| {
        line.strip_prefix("```")
            .is_none_or(|info| info.split(',').next() != Some(language))
    });
    lines.next()?;
    let mut found = String::new();
    for line in lines.take_while(|line| *line != "```") {
        found.push_str(line);
        found.push('\n');
    }
    Some(found)
}

/// The names on the left of the lines of a manifest.
fn dependencies(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_their_language() {
        let text = "```sh\nls\n```\n```rust,no_run\nfn main() {}\n```\n```rust\nlater\n```\n";
        assert_eq!(block(text, "rust").as_deref(), Some("fn main() {}\n"));
        assert_eq!(block(text, "toml"), None);
    }

    #[test]
    fn dependencies_are_the_names_of_a_manifest() {
        let manifest = "[dependencies]\nzk-recipes = \"0.1\"\ntokio = { version = \"1\" }\n";
        assert_eq!(dependencies(manifest), DEPENDENCIES);
        assert_ne!(
            dependencies("[dependencies]\nserde = \"1\"\n"),
            DEPENDENCIES
        );
    }
}
