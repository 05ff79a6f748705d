//! Which packages and features a cargo command is about.

use crate::machine::Machine;
use crate::shell::Outcome;
use crate::workspace::{self, Package};

/// What users build.
pub(crate) const PRODUCTS: [&str; 6] = [
    "zk-wire",
    "zk-session",
    "zk-client",
    "zk-recipes",
    "zk-embedded",
    "zkctl",
];

/// What C programs link against; its documentation is its header.
const C_LIBRARY: &str = "zk-c";

/// The libraries that have features which are on unless turned off.
const FEATURED: [&str; 2] = ["zk-client", "zk-recipes"];

/// A library whose features are all off unless turned on.
const EMBEDDED: &str = "zk-embedded";

/// Takes the place of the cryptography that users get by default, so tests would not run on that any more. `check msrv`
/// builds with it.
const OTHER_CRYPTOGRAPHY: &str = "tls-aws-lc";

/// The whole workspace with all features of the libraries and the test features that this machine
/// can serve. One selection for lints and tests: cargo builds a dependency again for each
/// different set of features.
///
/// # Errors
///
/// If cargo cannot describe the workspace.
pub(crate) fn everything(machine: &Machine) -> Outcome<Vec<String>> {
    let mut features = library_features(&workspace::members()?);
    features.push(format!("{C_LIBRARY}/testing"));
    features.extend(machine.test_features());
    Ok(with_features(vec!["--workspace".to_owned()], &features))
}

/// The products with all features, for documentation.
///
/// # Errors
///
/// If cargo cannot describe the workspace.
pub(crate) fn documented() -> Outcome<Vec<String>> {
    Ok(with_features(
        packages(&PRODUCTS),
        &library_features(&workspace::members()?),
    ))
}

/// The products as a user gets them who says nothing of features.
pub(crate) fn products() -> Vec<String> {
    let mut words = packages(&PRODUCTS);
    words.extend(packages(&[C_LIBRARY]));
    words
}

/// The simulation, optimised and with its seeded bugs, all of them off until a test turns one on.
pub(crate) fn simulation() -> Vec<String> {
    let mut words = packages(&["zk-sim"]);
    words.extend(["--features", "seeded-bugs", "--profile", "sim"].map(str::to_owned));
    words
}

/// The libraries that have features, with none of them.
pub(crate) fn featureless() -> Vec<String> {
    let mut words = packages(&FEATURED);
    words.push("--no-default-features".to_owned());
    words
}

fn packages(names: &[&str]) -> Vec<String> {
    names
        .iter()
        .flat_map(|name| ["--package".to_owned(), (*name).to_owned()])
        .collect()
}

fn with_features(mut words: Vec<String>, features: &[String]) -> Vec<String> {
    words.push("--features".to_owned());
    words.push(features.join(","));
    words
}

/// What users may turn on. `__seeded-bugs` is the simulation's: no product is built with it.
fn is_public(feature: &str) -> bool {
    !["default", OTHER_CRYPTOGRAPHY].contains(&feature)
        && !feature.starts_with("unstable")
        && !feature.starts_with("__")
}

/// Every feature of the libraries, as `package/feature`; unstable ones change what is public, and
/// are for those who ask.
fn library_features(members: &[Package]) -> Vec<String> {
    members
        .iter()
        .filter(|package| FEATURED.contains(&package.name.as_str()) || package.name == EMBEDDED)
        .flat_map(|package| {
            package
                .features
                .iter()
                .filter(|(feature, _)| is_public(feature))
                .map(|(feature, _)| format!("{}/{feature}", package.name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_features_of_the_libraries_are_selected() {
        let features = library_features(&workspace::members().unwrap());
        for feature in [
            "zk-client/dev-server",
            "zk-recipes/dev-server",
            "zk-recipes/tls",
            "zk-embedded/tls",
        ] {
            assert!(
                features.iter().any(|known| known == feature),
                "{features:?}"
            );
        }
        assert!(
            !features.iter().any(|feature| feature.contains("__")),
            "{features:?}"
        );
        assert!(
            !features.iter().any(|feature| feature.ends_with("/default")),
            "{features:?}"
        );
    }
}
