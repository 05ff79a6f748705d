//! The header and the list of symbols are those of the sources.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// In the order of the header.
const SOURCES: [&str; 15] = [
    "version",
    "status",
    "failure",
    "last_error",
    "choices",
    "options",
    "security",
    "client",
    "stat",
    "reads",
    "writes",
    "result",
    "completion",
    "mutex",
    "contenders",
];
const LAST: &str = "guard";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Writes the file where it is asked to, else compares it.
fn compare(file: &Path, made: &str) {
    if std::env::var_os("ZK_C_HEADER").is_some_and(|value| value == "write") {
        std::fs::write(file, made).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == made,
        "{} is not what the sources say; `cargo xtask c header` writes it",
        file.display()
    );
}

fn made(sources: &[&str], config: cbindgen::Config) -> String {
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(folder().join(format!("src/{source}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

fn config() -> cbindgen::Config {
    cbindgen::Config::from_file(folder().join("cbindgen.toml")).unwrap()
}

/// The functions that a header declares.
fn functions(header: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut in_comment = false;
    for line in header.lines() {
        in_comment |= line.trim_start().starts_with("/*");
        if !in_comment {
            let name = line.split('(').next().unwrap_or_default();
            let name = name.rsplit([' ', '*']).next().unwrap_or_default();
            if line.contains('(') && name.starts_with("zk_") {
                names.insert(name.to_owned());
            }
        }
        in_comment &= !line.contains("*/");
    }
    names
}

#[test]
fn the_header_is_made_from_the_sources() {
    let sources: Vec<&str> = SOURCES.into_iter().chain([LAST]).collect();
    let header = made(&sources, config());
    compare(&folder().join("include/zk_recipes.h"), &header);
    let listed: String = functions(&header)
        .into_iter()
        .map(|name| name + "\n")
        .collect();
    compare(&folder().join("exported-symbols.txt"), &listed);
}

#[test]
fn the_header_of_the_tests_is_made_from_the_sources() {
    let mut config = config();
    config.header =
        Some("/* Of the feature `testing`; made by `cargo xtask c header`, do not edit. */".into());
    config.include_guard = Some("ZK_TESTING_H".into());
    config.sys_includes.clear();
    config.includes = vec!["zk_recipes.h".into()];
    config.after_includes = None;
    config.export.exclude.clear();
    let header = made(&["testing"], config);
    compare(&folder().join("tests/zk_testing.h"), &header);
    assert!(functions(&header).contains("zk_test_panic"));
}

#[test]
fn every_exported_function_of_the_sources_is_in_a_header() {
    let declared: BTreeSet<String> = ["include/zk_recipes.h", "tests/zk_testing.h"]
        .iter()
        .flat_map(|header| functions(&std::fs::read_to_string(folder().join(header)).unwrap()))
        .collect();
    let mut defined = BTreeSet::new();
    for file in std::fs::read_dir(folder().join("src")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for part in text.split("#[unsafe(no_mangle)]").skip(1) {
            let after = part.split_once("fn ").unwrap().1;
            defined.insert(after.split('(').next().unwrap().to_owned());
        }
    }
    assert_eq!(declared, defined);
}
