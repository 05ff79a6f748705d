//! `check layers`: the one direction of dependency, and what sans-IO code may name.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use super::verdict::Verdict;
use crate::shell::{self, Outcome};
use crate::source;
use crate::workspace::{self, Kind, Package};

/// A package and the members of the workspace that it may depend on.
struct Layer {
    package: &'static str,
    may_use: &'static [&'static str],
    /// Members that only development and the feature `dev-server` may bring in.
    dev_server: &'static [&'static str],
}

const LAYERS: [Layer; 15] = [
    Layer {
        package: "zk-wire",
        may_use: &[],
        dev_server: &[],
    },
    Layer {
        package: "zk-session",
        may_use: &["zk-wire"],
        dev_server: &[],
    },
    Layer {
        package: "zk-client",
        may_use: &["zk-wire", "zk-session"],
        dev_server: &["zk-embedded"],
    },
    Layer {
        package: "zk-recipes",
        may_use: &["zk-wire", "zk-session", "zk-client"],
        dev_server: &["zk-embedded"],
    },
    Layer {
        package: "zk-embedded",
        may_use: &["zk-wire"],
        dev_server: &[],
    },
    Layer {
        package: "zkctl",
        may_use: &["zk-wire", "zk-client", "zk-recipes", "zk-embedded"],
        dev_server: &[],
    },
    Layer {
        package: "zk-c",
        may_use: &["zk-wire", "zk-client", "zk-recipes", "zk-embedded"],
        dev_server: &[],
    },
    Layer {
        package: "zk-python",
        may_use: &["zk-wire", "zk-client", "zk-recipes", "zk-embedded"],
        dev_server: &[],
    },
    Layer {
        package: "zk-examples",
        may_use: &["zk-recipes", "zk-embedded"],
        dev_server: &[],
    },
    Layer {
        package: "zk-tests",
        may_use: &[
            "zk-checkers",
            "zk-wire",
            "zk-session",
            "zk-client",
            "zk-recipes",
            "zk-embedded",
        ],
        dev_server: &[],
    },
    Layer {
        package: "zk-sim",
        may_use: &[
            "zk-checkers",
            "zk-wire",
            "zk-session",
            "zk-client",
            "zk-recipes",
            "zk-embedded",
        ],
        dev_server: &[],
    },
    Layer {
        package: "zk-fuzz",
        may_use: &["zk-wire", "zk-session"],
        dev_server: &[],
    },
    // What judges the library must not be built on it.
    Layer {
        package: "zk-checkers",
        may_use: &["zk-wire"],
        dev_server: &[],
    },
    Layer {
        package: "zk-benches",
        may_use: PRODUCTS,
        dev_server: &[],
    },
    Layer {
        package: "xtask",
        may_use: &[],
        dev_server: &[],
    },
];

const PRODUCTS: &[&str] = &[
    "zk-wire",
    "zk-session",
    "zk-client",
    "zk-recipes",
    "zk-embedded",
    "zkctl",
];

const DEV_SERVER: &str = "dev-server";

/// Crates whose code is sans-IO throughout.
const SANS_IO_PACKAGES: [&str; 2] = ["zk-wire", "zk-session"];

/// What brings in a runtime, a clock, randomness or an order that differs from run to run.
const BARRED: [&str; 9] = [
    "tokio",
    "async_std",
    "Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "rand",
    "getrandom",
    "fastrand",
];

/// Looks at the manifests and at the sans-IO sources.
///
/// # Errors
///
/// If cargo fails or a source cannot be parsed.
pub(super) fn check() -> Outcome<Verdict> {
    let members = workspace::members()?;
    let mut findings = misplaced(&members);
    let sources = sans_io_sources(&shell::root())?;
    for file in &sources {
        findings.extend(barred(file)?);
    }
    let note = format!(
        "{} packages, {} sans-IO files",
        members.len(),
        sources.len()
    );
    Ok(Verdict::from_findings(findings, note))
}

/// Dependencies that go against the layers.
fn misplaced(members: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in members {
        let name = &package.name;
        let Some(layer) = LAYERS.iter().find(|layer| layer.package == name) else {
            findings.push(format!("{name} has no layer; give it one in {}", file!()));
            continue;
        };
        for dependency in &package.dependencies {
            let on = dependency.name.as_str();
            if SANS_IO_PACKAGES.contains(&name.as_str())
                && on == "tokio"
                && dependency.kind != Kind::Dev
            {
                findings.push(format!("{name} is sans-IO and depends on tokio"));
            }
            // A package may ask for its own features in its tests.
            let itself = on == name && dependency.kind == Kind::Dev;
            let foreign = !members.iter().any(|member| member.name == on);
            if foreign || itself || layer.may_use.contains(&on) {
                continue;
            }
            let behind_feature = dependency.optional || dependency.kind == Kind::Dev;
            if !(layer.dev_server.contains(&on) && behind_feature) {
                findings.push(format!("{name} may not depend on {on}"));
            }
        }
        for (feature, enables) in &package.features {
            for guarded in layer.dev_server {
                let turns_on = enables
                    .iter()
                    .any(|enabled| enabled.trim_start_matches("dep:") == *guarded);
                if turns_on && feature != DEV_SERVER {
                    findings.push(format!("{name}: feature {feature} brings in {guarded}"));
                }
            }
            if feature == "default" && enables.iter().any(|on| on.ends_with(DEV_SERVER)) {
                findings.push(format!(
                    "{name}: the default features bring in {DEV_SERVER}"
                ));
            }
        }
    }
    findings
}

fn sans_io_sources(root: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["zk-wire/src", "zk-session/src", "zk-embedded/src/core"] {
        let folder = root.join(folder);
        if folder.exists() {
            files.extend(source::files(&folder, &["rs"])?);
        }
    }
    // The decisions of recipes are pure functions.
    let recipes = source::files(&root.join("recipes/src"), &["rs"])?;
    files.extend(
        recipes
            .into_iter()
            .filter(|file| file.ends_with("decide.rs")),
    );
    Ok(files)
}

/// Barred names in the code of a file, tests left out.
fn barred(file: &Path) -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| {
        format!("{}:{}: {error}", file.display(), error.span().start().line)
    })?;
    let mut found = Vec::new();
    search(tokens, &mut found);
    let shown = file.strip_prefix(shell::root()).unwrap_or(file).display();
    Ok(found
        .into_iter()
        .map(|(line, name)| format!("{shown}:{line}: sans-IO code names `{name}`"))
        .collect())
}

fn search(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        if starts_test(rest) {
            rest = after_item(after);
            continue;
        }
        match token {
            TokenTree::Ident(ident) if BARRED.iter().any(|name| ident == name) => {
                found.push((ident.span().start().line, ident.to_string()));
            }
            TokenTree::Group(group) => search(group.stream(), found),
            _ => {}
        }
        rest = after;
    }
}

/// Whether the tokens begin with `#[cfg(test)]`.
pub(super) fn starts_test(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = tokens else {
        return false;
    };
    hash.as_char() == '#' && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// The tokens behind the item that follows: it ends with a block or a semicolon.
pub(super) fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let end = tokens
        .iter()
        .position(ends)
        .map_or(tokens.len(), |end| end + 1);
    &tokens[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_that_breaks_the_layers_is_found_out() {
        let mut cargo = shell::cargo();
        cargo.current_dir(shell::root().join("xtask/fixtures/layers"));
        let members = workspace::members_from(&mut cargo).unwrap();
        let mut findings = misplaced(&members);
        findings.sort();
        let stray = format!("stray has no layer; give it one in {}", file!());
        assert_eq!(
            findings,
            [
                stray.as_str(),
                "zk-client may not depend on zkctl",
                "zk-client: feature handy brings in zk-embedded",
                "zk-client: the default features bring in dev-server",
                "zk-wire may not depend on zk-embedded",
            ]
        );
    }

    #[test]
    fn a_runtime_or_clock_in_sans_io_code_is_found_but_not_in_its_tests() {
        let file = shell::root().join("xtask/fixtures/layers/wire/src/lib.rs");
        let prefix = "xtask/fixtures/layers/wire/src/lib.rs";
        assert_eq!(
            barred(&file).unwrap(),
            [
                format!("{prefix}:3: sans-IO code names `Instant`"),
                format!("{prefix}:9: sans-IO code names `tokio`"),
            ]
        );
    }
}
