//! Which recipes there are, and which page each is on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::shell::Outcome;

/// The pages of `docs/recipes`, each with its recipes.
pub(super) const RECIPES: [(&str, &[&str]); 19] = [
    (
        "barriers",
        &[
            "Barrier",
            "DoubleBarrier",
            "CountDownLatch",
            "CyclicBarrier",
            "EventFlag",
        ],
    ),
    (
        "caches",
        &["NodeCache", "ChildrenCache", "TreeCache", "TypedCache"],
    ),
    (
        "counters",
        &["AtomicLong", "AtomicInt", "AtomicValue", "BlockCounter"],
    ),
    ("discovery", &["Discovery"]),
    ("election", &["Election"]),
    ("groups", &["Group"]),
    ("lease", &["Lease", "ClockLease"]),
    ("multi-lock", &["MultiLock"]),
    ("mutex", &["Mutex", "ReentrantMutex"]),
    ("partitioner", &["Partitioner"]),
    ("persistent-node", &["PersistentNode"]),
    ("queues", &["Queue", "ShardedQueue"]),
    ("rate-limiter", &["RateLimiter"]),
    ("rw-lock", &["RwLock"]),
    ("semaphore", &["Semaphore", "SemaphoreMutex"]),
    ("token-gate", &["SqlGate"]),
    ("transactions", &["Transaction", "Conditional", "Stm"]),
    ("ttl-node", &["TtlNode"]),
    ("values", &["SharedValue", "TypedValue", "SharedCount"]),
];

/// What is made of a client as recipes are, and has no demo of its own: the type under `AtomicLong` and `AtomicInt`, and a
/// strategy of service discovery.
const OTHERS: [&str; 2] = ["AtomicNumber", "Random"];

/// The recipes of a page.
pub(super) fn of(page: &str) -> Option<&'static [&'static str]> {
    let found = RECIPES.iter().find(|(name, _)| *name == page);
    found.map(|(_, recipes)| *recipes)
}

/// The types in this folder that are made of a client, as recipes are, and have no page.
pub(super) fn without_page(folder: &Path) -> Outcome<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(without_page(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(made_of_a_client(&fs::read_to_string(&path)?));
        }
    }
    found.retain(|name| {
        let has_page = RECIPES.iter().any(|(_, names)| names.contains(&&**name));
        !has_page && !OTHERS.contains(&&**name)
    });
    Ok(found)
}

/// The types whose `new` takes a client.
fn made_of_a_client(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut of = None;
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("impl") {
            of = type_of(line);
        }
        let Some(arguments) = line.strip_prefix("    pub fn new") else {
            continue;
        };
        let takes = |text: &str| text.contains("client: &Client");
        if takes(arguments) || lines.peek().is_some_and(|next| takes(next)) {
            found.extend(of.clone());
        }
    }
    found
}

/// `A` of `impl A {` and `impl<T: B> A<T> {`; of an implementation of a trait, nothing.
fn type_of(line: &str) -> Option<String> {
    let mut rest = line.strip_prefix("impl")?;
    if rest.contains(" for ") {
        return None;
    }
    if rest.starts_with('<') {
        rest = rest.split_once("> ")?.1;
    }
    let is_of_name = |c: &char| c.is_alphanumeric() || *c == '_';
    Some(rest.trim_start().chars().take_while(is_of_name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_made_of_a_client_are_found() {
        let code = "impl A {\n    pub fn new(client: &Client, path: &str) -> Self {\n    }\n}\n\
            impl<T: Stored> B<T> {\n    pub fn new(\n        client: &Client,\n    ) {}\n}\n\
            impl C {\n    pub fn new(of: A) {}\n}\nimpl D for E {\n    pub fn new(client: &Client) {}\n}\n";
        assert_eq!(made_of_a_client(code), ["A", "B"]);
    }

    #[test]
    fn a_page_has_its_recipes() {
        assert_eq!(of("mutex"), Some(["Mutex", "ReentrantMutex"].as_slice()));
        assert_eq!(of("nothing"), None);
    }
}
