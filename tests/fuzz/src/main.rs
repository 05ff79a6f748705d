//! `zk-fuzz [TARGET] [--seconds N] [--seed N] [--replay FILE]`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use zk_fuzz::campaign::{self, Limit};
use zk_fuzz::corpus;
use zk_fuzz::coverage::Coverage;
use zk_fuzz::target::Target;
use zk_fuzz::targets::ALL;

struct Options {
    target: Option<String>,
    seconds: u64,
    seed: u64,
    replay: Option<String>,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zk-fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        target: None,
        seconds: 60,
        seed: 1,
        replay: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse().map_err(|e| format!("{text:?}: {e}"));
        match word.as_str() {
            "--seconds" => options.seconds = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--replay" => options.replay = Some(value()?),
            name if !name.starts_with('-') => options.target = Some(name.to_owned()),
            other => return Err(format!("no option {other}")),
        }
    }
    Ok(options)
}

/// Whether nothing was found.
fn run(options: &Options) -> Result<bool, String> {
    let wanted = |target: &&Target| {
        options
            .target
            .as_ref()
            .is_none_or(|name| name == target.name)
    };
    let targets: Vec<&Target> = ALL.iter().filter(wanted).collect();
    if targets.is_empty() {
        let names: Vec<_> = ALL.iter().map(|target| target.name).collect();
        return Err(format!("no such target; there are: {}", names.join(", ")));
    }
    if let Some(file) = &options.replay {
        return replay(&targets, file);
    }
    let mut good = true;
    for target in targets {
        good &= fuzz(target, options);
    }
    Ok(good)
}

fn replay(targets: &[&Target], file: &str) -> Result<bool, String> {
    let [target] = targets else {
        return Err("--replay needs the target, too".to_owned());
    };
    let input = fs::read(file).map_err(|e| format!("{file}: {e}"))?;
    let verdict = target.judge(&input);
    println!("{}: {verdict:?}", target.name);
    Ok(verdict.is_ok())
}

fn fuzz(target: &Target, options: &Options) -> bool {
    let limit = Limit::Time(Duration::from_secs(options.seconds));
    let summary = campaign::run(target, options.seed, limit);
    let guidance = if Coverage::is_on() {
        format!("{} places reached", summary.places)
    } else {
        "not guided".to_owned()
    };
    println!(
        "{:10} {:>9} inputs, {:>5} kept, {guidance}, seed {}",
        target.name, summary.inputs, summary.kept, options.seed
    );
    let Some((input, complaint)) = summary.finding else {
        return true;
    };
    println!("{}: {complaint}", target.name);
    match save(target, &input) {
        Ok(file) => println!("the input is {file}; mend it and keep the input there"),
        Err(error) => println!("the input is {input:?}; it cannot be saved: {error}"),
    }
    false
}

fn save(target: &Target, input: &[u8]) -> std::io::Result<String> {
    let folder = corpus::folder(target.name);
    fs::create_dir_all(&folder)?;
    let sum = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let file: &Path = &folder.join(format!("{sum:016x}"));
    fs::write(file, input)?;
    Ok(file.display().to_string())
}
