//! The workspace as cargo describes it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::shell::{self, Outcome};

/// One member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name in the manifest.
    pub(crate) name: String,
    /// The folder of its manifest.
    pub(crate) folder: PathBuf,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its features and what they turn on.
    pub(crate) features: Vec<(String, Vec<String>)>,
    /// What cargo builds from it.
    pub(crate) targets: Vec<Target>,
}

/// One line of a dependency table.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The package depended on.
    pub(crate) name: String,
    /// Normal, build or development.
    pub(crate) kind: Kind,
    /// Whether a feature has to turn it on.
    pub(crate) optional: bool,
}

/// The table a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]`
    Normal,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Dev,
}

/// A library, program, test binary or the like.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// Its first file.
    pub(crate) root: PathBuf,
    /// Whether it is a library or program, not a test, bench or example.
    pub(crate) is_product: bool,
    /// Features without which cargo passes it over.
    pub(crate) required_features: Vec<String>,
}

/// Asks cargo about the workspace of this project.
///
/// # Errors
///
/// If cargo fails.
pub(crate) fn members() -> Outcome<Vec<Package>> {
    let mut cargo = shell::cargo();
    members_from(&mut cargo)
}

/// Asks the given cargo (a folder or manifest may be set on it).
///
/// # Errors
///
/// If cargo fails.
pub(crate) fn members_from(cargo: &mut std::process::Command) -> Outcome<Vec<Package>> {
    cargo.args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--offline",
    ]);
    let text = shell::output(cargo, Duration::from_secs(120))?;
    let metadata: Value = serde_json::from_str(&text)?;
    Ok(array(&metadata, "packages").iter().map(package).collect())
}

fn package(value: &Value) -> Package {
    let manifest = PathBuf::from(text(value, "manifest_path"));
    let features = value["features"].as_object().into_iter().flatten();
    Package {
        name: text(value, "name"),
        folder: manifest.parent().map(PathBuf::from).unwrap_or_default(),
        dependencies: array(value, "dependencies")
            .iter()
            .map(dependency)
            .collect(),
        features: features
            .map(|(name, enables)| (name.clone(), strings(enables)))
            .collect(),
        targets: array(value, "targets").iter().map(target).collect(),
    }
}

fn dependency(value: &Value) -> Dependency {
    let kind = match value["kind"].as_str() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    let optional = value["optional"].as_bool().unwrap_or_default();
    Dependency {
        name: text(value, "name"),
        kind,
        optional,
    }
}

fn target(value: &Value) -> Target {
    let kinds = strings(&value["kind"]);
    Target {
        name: text(value, "name"),
        root: PathBuf::from(text(value, "src_path")),
        is_product: kinds.iter().any(|kind| {
            matches!(
                kind.as_str(),
                "lib" | "bin" | "proc-macro" | "cdylib" | "staticlib" | "rlib"
            )
        }),
        required_features: strings(&value["required-features"]),
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
