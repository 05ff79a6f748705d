//! `fidelity [--scripts N] [--from SEED] [--release 3.9.3|3.8.0] [--servers N]`: random scripts on real servers and on
//! embedded ones. Without a release, both, one after the other. The result goes to standard output.
#![allow(clippy::print_stdout, reason = "a program whose output is kept")]

use std::process::ExitCode;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use zk_embedded::Version;
use zk_tests::fidelity::Campaign;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&words) {
        Ok(options) => {
            if options.run() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(why) => {
            eprintln!("fidelity: {why}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    scripts: u64,
    from: u64,
    servers: usize,
    releases: Vec<Version>,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self, String> {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let mut options = Self {
            scripts: 20_000,
            from: 0,
            // A server waits for its client half of the time.
            servers: 2 * cores,
            releases: vec![Version::V3_9, Version::V3_8_DEBIAN],
        };
        let mut words = words.iter();
        while let Some(name) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("{name} wants a value"))?;
            let number = || {
                let wrong = |_| format!("{name} wants a number and not {value:?}");
                value.parse::<u64>().map_err(wrong)
            };
            match name.as_str() {
                "--scripts" => options.scripts = number()?,
                "--from" => options.from = number()?,
                "--servers" => options.servers = usize::try_from(number()?).unwrap_or(1),
                "--release" => {
                    let known = options
                        .releases
                        .iter()
                        .find(|known| known.to_string() == *value);
                    let release = known.ok_or_else(|| {
                        format!("there is an image of 3.9.3 and of 3.8.0, and none of {value:?}")
                    })?;
                    options.releases = vec![*release];
                }
                other => {
                    let known = "--scripts, --from, --servers and --release";
                    return Err(format!("no option {other:?}; there are {known}"));
                }
            }
        }
        Ok(options)
    }

    /// Whether no two servers said different things, and everything was said that can be.
    fn run(&self) -> bool {
        let mut clean = true;
        for &version in &self.releases {
            let bar = ProgressBar::new(self.scripts);
            let style = "{msg} {bar:30} {pos}/{len} scripts, {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            let campaign = Campaign {
                version,
                from: self.from,
                scripts: self.scripts,
                servers: self.servers,
            };
            let sum = campaign.run(&|done, differ| {
                bar.set_position(done);
                bar.set_message(format!("{version}, {differ} differ,"));
            });
            bar.finish_and_clear();
            println!("{sum}");
            clean &= sum.mismatches().is_empty();
            // A few reach what they reach.
            clean &= self.scripts < 1000 || sum.unreached().is_empty();
        }
        clean
    }
}
