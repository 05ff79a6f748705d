//! `chaos [--runs N] [--from SEED] [--seconds N]`: all recipes on real servers under faults, one run after the other. The
//! result goes to standard output, progress to standard error.
#![allow(clippy::print_stdout, reason = "a program whose output is kept")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use zk_tests::chaos::{Chaos, WINDOWS};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&words) {
        Ok(options) if options.run() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("chaos: {why}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    runs: u64,
    from: u64,
    seconds: u64,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            runs: 20,
            from: 1,
            seconds: 120,
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                return Err(format!("{} wants a value", pair.concat()));
            };
            let wrong = |_| format!("{name} wants a number and not {value:?}");
            let number = value.parse::<u64>().map_err(wrong)?;
            match name.as_str() {
                "--runs" => options.runs = number,
                "--from" => options.from = number,
                "--seconds" => options.seconds = number,
                other => {
                    return Err(format!(
                        "no option {other:?}; there are --runs, --from and --seconds"
                    ));
                }
            }
        }
        Ok(options)
    }

    /// Whether nothing was found.
    fn run(&self) -> bool {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut committed, mut seconds, mut bad) = (0, 0, 0);
        for seed in self.from..self.from + self.runs {
            let time = Duration::from_secs(self.seconds);
            let report = Chaos { seed, time }.run();
            let place = seed - self.from + 1;
            eprintln!("run {place} of {}: {report}", self.runs);
            for (what, count) in &report.counts {
                *sums.entry(what).or_default() += count;
            }
            committed += report.committed;
            seconds += report.took.as_secs();
            if !report.findings.is_empty() {
                bad += 1;
                println!("{report}");
            }
        }
        let enough = self.runs < 5 || sums.get(WINDOWS).is_some_and(|windows| *windows > 0);
        if !enough {
            println!("too few: no safe window of a lost hold to compare");
        }
        let sums: Vec<String> = sums.iter().map(|(what, n)| format!("{what} {n}")).collect();
        println!("{}", sums.join(", "));
        println!(
            "{} runs, {committed} transactions, {seconds} s, {bad} runs with findings",
            self.runs
        );
        bad == 0 && enough
    }
}
