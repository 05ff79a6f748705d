//! Compares our client with its peers on one real server, in one run, in interleaved rounds.
//!
//! `cargo xtask bench [--quick]` starts this program. It prints a Markdown table, writes it to
//! `target/bench/latest.md`, and fails if something is slower than promised. Quote the ratios, never
//! the times: client and server share the machine.

#![forbid(unsafe_code)]

mod contender;
mod cpu;
mod curator;
mod embedded;
mod floor;
mod host;
mod incumbent;
mod options;
mod ours;
mod outcome;
mod raw;
mod rounds;
mod server;
mod stage;
mod statistic;
mod table;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use contender::{Contender, Workload};
use curator::Curator;
use embedded::Embedded;
use floor::Floor;
use host::Flavour;
use incumbent::Incumbent;
use options::Options;
use ours::Ours;
use outcome::Outcome;
use server::Server;
use stage::Stage;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let options = Options::from_arguments(std::env::args().skip(1))?;
    let server = Server::find_or_start()?;
    eprintln!("bench: {}", server.description());
    let stage = Stage::set(server.address(), server.base())?;
    let measured = measure(&options, &server, &stage);
    let struck = stage.strike();
    let (report, broken) = measured?;
    struck?;
    std::io::stdout().write_all(report.as_bytes())?;
    let file = target().join("bench").join("latest.md");
    fs::create_dir_all(file.parent().unwrap_or_else(|| Path::new(".")))?;
    fs::write(&file, &report).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    eprintln!("bench: written to {}", file.display());
    broken.map_or(Ok(()), |broken| Err(broken.into()))
}

fn measure(options: &Options, server: &Server, stage: &Stage) -> Outcome<(String, Option<String>)> {
    let load_before = cpu::load_average();
    let wanted = |contender: &str| {
        Workload::ALL
            .iter()
            .any(|workload| options.wants(&workload.title(), contender))
    };
    let mut contenders: Vec<Box<dyn Contender>> = Vec::new();
    if wanted(floor::NAME) {
        contenders.push(Box::new(Floor::connect(stage)?));
    }
    if wanted(embedded::NAME) {
        contenders.push(Box::new(Embedded::start()?));
    }
    for flavour in [Flavour::CurrentThread, Flavour::MultiThread] {
        if wanted(ours::name(flavour)) {
            contenders.push(Box::new(Ours::connect(stage, flavour, true)?));
        }
    }
    if wanted(ours::ALONE) {
        let alone = Ours::connect(stage, Flavour::MultiThread, false)?;
        contenders.push(Box::new(alone));
    }
    if wanted(incumbent::NAME) {
        contenders.push(Box::new(Incumbent::connect(stage)?));
    }
    let mut left_out = Vec::new();
    if wanted(&curator::name()) {
        match Curator::start(stage, &target()) {
            Ok(curator) => contenders.push(Box::new(curator)),
            // What CI cannot run is a failure there, not a footnote.
            Err(why) if options.complete => return Err(format!("no Curator: {why}").into()),
            Err(why) => left_out.push(format!("Curator: {why}")),
        }
    }
    let results = rounds::run(&mut contenders, options)?;
    let setting = table::Setting {
        server: server.description(),
        rounds: options.rounds,
        round: options.round,
        load: (load_before, cpu::load_average()),
        left_out,
    };
    Ok((table::render(&setting, &results), table::broken(&results)))
}

/// Where cargo builds to.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    )
}
