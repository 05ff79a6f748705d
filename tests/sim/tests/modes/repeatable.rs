//! That a seed is a run, whatever else differs.

use std::collections::BTreeMap;
use std::process::Command;

use zk_sim::fingerprint;
use zk_sim::recipe::Recipe;
use zk_sim::sweep::Harness;

const SEEDS: u64 = 200;

/// The fingerprints as another process sees them, which has nothing of our environment.
fn elsewhere(seeds: u64, words: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_zk-sim"))
        .args(words)
        .args(["--traces", &seeds.to_string()])
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir("/")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The fingerprints as so many threads of this process see them, in another order: each takes every nth seed, from the
/// last to the first.
fn on_threads(harness: Harness, (recipe, seeds): (Recipe, u64), threads: u64) -> Vec<String> {
    let mut lines: BTreeMap<u64, String> = BTreeMap::new();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let seeds = (0..seeds).rev().filter(|seed| seed % threads == thread);
                    let lines = seeds.map(|seed| (seed, fingerprint::line(harness, recipe, seed)));
                    lines.collect::<Vec<_>>()
                })
            })
            .collect();
        for part in parts {
            lines.extend(part.join().unwrap());
        }
    });
    lines.into_values().collect()
}

fn is_one_run_everywhere(harness: Harness, recipe: Recipe, seeds: u64, words: &[&str]) {
    let first = elsewhere(seeds, words, &[("LANG", "C"), ("TZ", "UTC")]);
    assert_eq!(first.len(), usize::try_from(seeds).unwrap());
    let other = [
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("TZ", "Pacific/Chatham"),
        ("HOME", "/nonexistent"),
        ("RUST_LOG", "trace"),
        (
            "PADDING",
            "moves the stack by some more bytes than the other environment does",
        ),
    ];
    assert_eq!(
        first,
        elsewhere(seeds, words, &other),
        "another environment"
    );
    assert_eq!(
        first,
        on_threads(harness, (recipe, seeds), 1),
        "the other way round"
    );
    assert_eq!(
        first,
        on_threads(harness, (recipe, seeds), 8),
        "on eight threads"
    );
    let mut different = first.clone();
    different.dedup_by_key(|line| line.split_once(' ').map(|(_, hash)| hash.to_owned()));
    assert_eq!(different.len(), first.len(), "seeds that are one run");
}

#[test]
fn two_hundred_seeds_are_the_same_runs_in_two_processes_on_eight_threads_and_in_any_order() {
    is_one_run_everywhere(Harness::Library, Recipe::Mutex, SEEDS, &[]);
}

#[test]
fn two_hundred_seeds_of_the_cores_are_the_same_runs_in_two_processes_on_eight_threads_and_in_any_order()
 {
    is_one_run_everywhere(Harness::Cores, Recipe::Mutex, SEEDS, &["cores"]);
}

/// Several tasks of one client wait for one thing there, and were woken in an order that tokio drew for each run.
const CROWDED: [(Recipe, u64); 6] = [
    (Recipe::PersistentNode, 124),
    (Recipe::TtlNode, 44),
    (Recipe::Discovery, 11),
    (Recipe::Discovery, 124),
    (Recipe::Discovery, 272),
    (Recipe::Discovery, 484),
];

#[test]
fn seeds_whose_tasks_wait_together_are_the_same_run_each_time() {
    for (recipe, seed) in CROWDED {
        let first = fingerprint::line(Harness::Library, recipe, seed);
        for _ in 0..7 {
            let again = fingerprint::line(Harness::Library, recipe, seed);
            assert_eq!(first, again, "{}", recipe.word());
        }
    }
}

#[test]
fn ten_seeds_of_each_recipe_are_the_same_runs_in_two_processes_on_eight_threads_and_in_any_order() {
    for recipe in Recipe::others() {
        let words = ["--recipe", recipe.word()];
        is_one_run_everywhere(Harness::Library, recipe, 10, &words);
    }
}
