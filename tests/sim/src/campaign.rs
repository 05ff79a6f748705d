//! The long runs of the command line: modes that enumerate, and seeds of the bare cores.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::bare;
use crate::batch::usual;
use crate::exhaustive::{Mode, script};
use crate::judge::judge;
use crate::plan::Plan;
use crate::seed::Seed;
use crate::sweep::{Harness, Swept, sweep};

/// How the words are used.
pub const HELP: &str = "\
zk-sim x1|x2|x4|x5 [--scripts N] [--from SEED] [--library] [--threads N]
                                       every place of N scripts that a fault can strike, on the cores or the library
zk-sim cores --seeds N [--from SEED] [--threads N]             seeds of the cores alone
zk-sim cores --replay FILE | --plan SEED                       a plan on the cores alone
";

/// What the words ask for, as far as this module knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How many scripts, or seeds.
    pub count: Option<u64>,
    /// The first.
    pub from: u64,
    /// How many at once.
    pub threads: usize,
}

/// Runs a mode over scripts, and returns what to print and whether nothing broke.
#[must_use]
pub fn enumerate(mode: Mode, harness: Harness, options: Options) -> (String, bool) {
    let mut sum = Swept::default();
    let begun = Begun::now();
    let mut frames = 0;
    let scripts = options.count.unwrap_or(1);
    for number in options.from..options.from + scripts {
        // One server in three scripts of four; an ensemble in the fourth.
        let script = script(number, if number % 4 == 3 { 3 } else { 1 }, 2);
        let cases = mode.cases(&script, harness);
        frames += cases.frames();
        let bar = bar(cases.count(), &format!("script {number}"));
        let swept = sweep(
            cases.count(),
            &|case| cases.plan(case),
            harness,
            options.threads,
            &|swept| bar.set_position(swept.cases),
        );
        bar.finish_and_clear();
        add(&mut sum, swept);
    }
    let what = format!(
        "{scripts} scripts with {frames} frames: {} cases",
        sum.cases
    );
    report(&sum, &what, begun)
}

/// Runs seeds on the cores, and returns what to print and whether nothing broke.
#[must_use]
pub fn seeds(options: Options) -> (String, bool) {
    let begun = Begun::now();
    let count = options.count.unwrap_or(1);
    let bar = bar(count, "seeds of the cores");
    let plan = |number| {
        let seed = options.from + number;
        bare::draw(Seed(seed), usual(seed))
    };
    let swept = sweep(count, &plan, Harness::Cores, options.threads, &|swept| {
        bar.set_position(swept.cases);
    });
    bar.finish_and_clear();
    report(&swept, &format!("{count} seeds"), begun)
}

/// Runs a plan on the cores.
///
/// # Errors
///
/// If the file cannot be read or is no plan.
pub fn replay(file: &str) -> Result<(String, bool), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let plan: Plan = text.parse().map_err(|error| format!("{file}: {error}"))?;
    let run = bare::run(&plan);
    let found = judge(&run);
    let mut text = String::new();
    if !found.is_empty() {
        text = format!("{plan}\n{}\n", run.history);
    }
    for (property, what) in &found {
        text += &format!("breaks {property}: {what}\n");
    }
    text += &format!("trace {:016x}, {} violations", run.trace, found.len());
    Ok((text, found.is_empty()))
}

fn add(sum: &mut Swept, other: Swept) {
    sum.cases += other.cases;
    sum.struck += other.struck;
    sum.frames += other.frames;
    sum.faults += other.faults;
    sum.simulated_ms += other.simulated_ms;
    sum.violations.extend(other.violations);
}

fn report(sum: &Swept, what: &str, begun: Begun) -> (String, bool) {
    let (wall, busy) = begun.elapsed();
    let mut text = String::new();
    for (plan, found) in sum.violations.iter().take(5) {
        for (property, what) in found.iter().take(2) {
            text += &format!("breaks {property}: {what}\n");
        }
        text += &format!("{plan}\n");
    }
    text += &format!(
        "{what}, {} with every fault struck, {} faults, {} frames, {:.1} simulated hours, {wall:.0} s, {} violations\n",
        sum.struck,
        sum.faults,
        sum.frames,
        sum.simulated_ms as f64 / 3.6e6,
        sum.violations.len(),
    );
    // Wall time says little on a machine that does other things, too.
    if let Some(busy) = busy.filter(|busy| *busy > 0.0) {
        text += &format!(
            "{busy:.1} s of processor time: {:.0} frames, {:.0} runs per second and core",
            sum.frames as f64 / busy,
            sum.cases as f64 / busy,
        );
    }
    (text, sum.violations.is_empty())
}

/// When something began: by the clock, and in processor time that this process had used.
#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Instant,
    busy: Option<f64>,
}

impl Begun {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            busy: busy(),
        }
    }

    /// Seconds since then, of both kinds.
    fn elapsed(self) -> (f64, Option<f64>) {
        let used = self.busy.zip(busy()).map(|(before, now)| now - before);
        (self.at.elapsed().as_secs_f64(), used)
    }
}

/// The processor time that this process has used, in seconds, where the system tells.
fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything: user and system time are the 12th and 13th field from there, in
    // hundredths.
    let fields = text.rsplit_once(')')?.1.split_whitespace();
    let times: Vec<f64> = fields
        .skip(11)
        .take(2)
        .filter_map(|it| it.parse().ok())
        .collect();
    (times.len() == 2).then(|| times.iter().sum::<f64>() / 100.0)
}

fn bar(count: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}, {per_sec}, {msg}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}
