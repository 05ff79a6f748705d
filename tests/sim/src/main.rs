//! `zk-sim`: runs seeds, replays plans, and shrinks what fails.
#![expect(clippy::print_stdout, reason = "results go to standard output")]

use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use zk_sim::batch::{Sum, batch, usual};
use zk_sim::campaign::{self, Options};
use zk_sim::coverage;
use zk_sim::exhaustive::Mode;
use zk_sim::fingerprint;
use zk_sim::judge::{LATE, judge};
use zk_sim::plan::Plan;
use zk_sim::recipe::Recipe;
use zk_sim::run::run;
use zk_sim::schedule::Profile;
use zk_sim::seed::Seed;
use zk_sim::shrink::{as_test, shrink};
use zk_sim::sweep::Harness;

const HELP: &str = "\
zk-sim --seeds N [--from SEED] [--recipe NAME] [--profile NAME] [--threads N]   run seeds
zk-sim recipes --seeds N [--from SEED] [--recipe NAME] [--threads N]           run seeds of each recipe, or of one
zk-sim --replay FILE [--history]                               run a plan, and print its history also if nothing is wrong
zk-sim --traces N [--from SEED] [--recipe NAME]                print the fingerprint of each seed
zk-sim --plan SEED [--recipe NAME] [--profile NAME]            print a seed's plan
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match carry_out(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("zk-sim: {why}\n{HELP}{}", campaign::HELP);
            ExitCode::FAILURE
        }
    }
}

fn carry_out(words: &[String]) -> Result<bool, String> {
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).map(String::as_str)
    };
    let number = |name: &str| match value(name) {
        Some(word) => match word.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{name} wants a number and not {word:?}")),
        },
        None => Ok(None),
    };
    let profile = match value("--profile") {
        Some(word) => {
            let mut known = Profile::ALL.into_iter();
            let found = known.find(|profile| profile.word() == word);
            Some(found.ok_or_else(|| format!("there is no profile {word:?}"))?)
        }
        None => None,
    };
    let recipe = value("--recipe").map(Recipe::of).transpose()?;
    let from = number("--from")?.unwrap_or(0);
    let threads = usize::try_from(number("--threads")?.unwrap_or(1)).unwrap_or(1);
    let mode = words.first().and_then(|word| Mode::of(word));
    let cores = words.first().is_some_and(|word| word == "cores");
    if let Some(count) = number("--traces")? {
        let harness = if cores {
            Harness::Cores
        } else {
            Harness::Library
        };
        for seed in from..from + count {
            println!(
                "{}",
                fingerprint::line(harness, recipe.unwrap_or_default(), seed)
            );
        }
        return Ok(true);
    }
    if mode.is_some() || cores {
        let count = match mode {
            Some(_) => number("--scripts")?,
            None => number("--seeds")?,
        };
        let options = Options {
            count,
            from,
            threads,
        };
        let (text, holds) = match (mode, value("--replay"), number("--plan")?) {
            (Some(mode), ..) => {
                let library = words.iter().any(|word| word == "--library");
                let harness = if library {
                    Harness::Library
                } else {
                    Harness::Cores
                };
                campaign::enumerate(mode, harness, options)
            }
            (None, Some(file), _) => campaign::replay(file)?,
            (None, None, Some(seed)) => (
                zk_sim::bare::draw(Seed(seed), usual(seed)).to_string(),
                true,
            ),
            (None, None, None) => campaign::seeds(options),
        };
        println!("{text}");
        return Ok(holds);
    }
    if let Some(file) = value("--replay") {
        #[cfg(feature = "seeded-bugs")]
        if let Some(bug) = value("--with") {
            zk_sim::bugs::turn_on(bug)?;
        }
        return replay(file, words.iter().any(|word| word == "--history"));
    }
    if let Some(seed) = number("--plan")? {
        print!(
            "{}",
            Plan::draw_for(
                recipe.unwrap_or_default(),
                Seed(seed),
                profile.unwrap_or_else(|| usual(seed))
            )
        );
        return Ok(true);
    }
    #[cfg(feature = "seeded-bugs")]
    if let Some(folder) = value("--bugs") {
        let limit = std::time::Duration::from_secs(number("--limit")?.unwrap_or(60));
        return bugs(folder, from, value("--only"), limit);
    }
    let count = number("--seeds")?.ok_or("what is to be done?")?;
    if words.first().is_some_and(|word| word == "recipes") {
        let mut holds = true;
        for recipe in Recipe::others().filter(|one| recipe.is_none_or(|only| only == *one)) {
            println!("{}", recipe.word());
            holds &= seeds(recipe, from, count, profile, threads);
            println!();
        }
        return Ok(holds);
    }
    Ok(seeds(
        recipe.unwrap_or_default(),
        from,
        count,
        profile,
        threads,
    ))
}

/// Looks for every known fault, or one alone, keeps the plan that shows it, and prints the table.
#[cfg(feature = "seeded-bugs")]
fn bugs(
    folder: &str,
    from: u64,
    only: Option<&str>,
    limit: std::time::Duration,
) -> Result<bool, String> {
    let mut all = true;
    println!(
        "{:<42}{:>8}{:>8}{:>9}  reported as",
        "fault", "breaks", "seeds", "time"
    );
    let wanted = |(bug, ..): &(&str, Recipe, &str)| only.is_none_or(|only| only == *bug);
    for (bug, recipe, reported) in zk_sim::bugs::all().filter(wanted) {
        let Some(found) = zk_sim::bugs::find(bug, recipe, from, limit) else {
            println!("{bug:<42}{:>8}", "NOT FOUND");
            all = false;
            continue;
        };
        let (seeds, took) = (found.seeds, found.took.as_secs_f64());
        println!(
            "{bug:<42}{:>8}{seeds:>8}{took:>7.1} s  {reported}",
            found.property
        );
        let file = format!("{folder}/{bug}.txt");
        std::fs::write(&file, found.plan.to_string())
            .map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(all)
}

fn seeds(recipe: Recipe, from: u64, count: u64, profile: Option<Profile>, threads: usize) -> bool {
    let begun = Instant::now();
    let style = "{bar:30} {pos}/{len} seeds, {per_sec}, {msg}";
    let bar = ProgressBar::new(count);
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    let sum = batch(recipe, from, count, profile, threads, &|sum| {
        // Without a terminal there is no bar: long runs say now and then how far they are.
        if bar.is_hidden() && sum.seeds % 1000 == 0 {
            let (seeds, violations) = (sum.seeds, sum.violations.len());
            eprintln!("{seeds} of {count} seeds, {violations} violations");
            for (plan, found) in sum.violations.iter().rev().take(3) {
                eprintln!("  last: seed {} {:?}", plan.seed.0, found.first());
            }
        }
        bar.set_position(sum.seeds);
        bar.set_message(format!(
            "{} faults, {} violations",
            sum.faults(),
            sum.violations.len()
        ));
    });
    bar.finish_and_clear();
    report(recipe, &sum, begun);
    for (plan, found) in sum.violations.iter().take(3) {
        let property = found.first().map_or("", |(property, _)| property.as_str());
        let small = shrink(plan, property, 300);
        println!(
            "\nseed {} shrunk, still breaking {property}:\n{small}",
            plan.seed.0
        );
        println!("as a test:\n{}", as_test(&small, property));
    }
    let mut complete = true;
    if profile.is_none() && count >= 10_000 {
        for cell in coverage::missing(recipe, &sum.hits) {
            println!("not covered: {cell}");
            complete = false;
        }
        for (what, count) in &sum.sometimes {
            complete &= *count > 0;
            if *count == 0 {
                println!("never happened: {what}");
            }
        }
    }
    let late = sum.sometimes.get(LATE).copied().unwrap_or(0);
    if profile == Some(Profile::Late) && late == 0 {
        println!("never happened: {LATE}");
        complete = false;
    }
    complete && sum.violations.is_empty()
}

fn report(recipe: Recipe, sum: &Sum, begun: Instant) {
    let wall = begun.elapsed().as_secs_f64();
    println!("{}\n", coverage::table(recipe, &sum.hits));
    for (fault, count) in sum.by_fault() {
        print!("{fault} {count}, ");
    }
    println!();
    for (what, count) in &sum.sometimes {
        println!("{what}: {count}");
    }
    for (plan, found) in &sum.violations {
        for (property, text) in found.iter().take(2) {
            println!(
                "seed {} ({}) breaks {property}: {text}",
                plan.seed.0,
                plan.profile.word()
            );
        }
    }
    let seeds = sum.seeds.max(1) as f64;
    println!(
        "per seed: {:.1} clients, {:.1} simulated seconds, {:.0} frames, {:.1} faults",
        sum.clients as f64 / seeds,
        sum.simulated_ms as f64 / 1e3 / seeds,
        sum.frames as f64 / seeds,
        sum.faults() as f64 / seeds,
    );
    println!(
        "{} seeds, {} frames, {} faults, {:.1} simulated hours, {wall:.0} s, {:.0} frames/s, {} violations",
        sum.seeds,
        sum.frames,
        sum.faults(),
        sum.simulated_ms as f64 / 3.6e6,
        sum.frames as f64 / wall,
        sum.violations.len(),
    );
}

fn replay(file: &str, in_full: bool) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let plan: Plan = text.parse().map_err(|error| format!("{file}: {error}"))?;
    let run = run(&plan);
    let found = judge(&run);
    if in_full || !found.is_empty() {
        println!("{plan}\n{}", run.history);
    }
    for (property, text) in &found {
        println!("breaks {property}: {text}");
    }
    println!(
        "{file}: trace {:016x}, {} violations",
        run.trace,
        found.len()
    );
    Ok(found.is_empty())
}
