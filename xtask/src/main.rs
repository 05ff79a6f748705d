//! The project's own commands: `cargo xtask help` lists them.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "results go to standard output, progress to standard error"
)]

mod bench;
mod binaries;
mod c;
mod campaign;
mod check;
mod ensemble;
mod fuzz;
mod image;
mod left_out;
mod machine;
mod python;
mod selection;
mod shell;
mod sim;
mod source;
mod suite;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  test                    format, lints, checks, documentation and all tests that this machine can
                          run; the last line is `N passed, N failed`. What it cannot run is named,
                          and has failed where CI=true
  check NAME|all          one rule of the project, or all:
CHECKS
  ensemble image [--release trixie|bookworm|bullseye|all] [--rebuild]
                          make sure the image zookeeper:3.9 (bookworm: zookeeper:3.8, bullseye: zookeeper:3.4;
                          all: these three) exists: pull it where a registry answers, else build it from
                          Debian packages
  ensemble up             start three servers on 127.0.0.1:21811-21813 and print the connect string
  ensemble down           stop and remove them
  python setup            make target/python-venv and install what the tests of the Python package need
  python test             install the Python package there and run its tests alone
  bench [--quick] [ARGS]  the workloads and their peers, in one interleaved run
  c test                  only the tests of the C library, in every way this machine has tools for
  c header                write the C library's header from its sources
  sim --seeds N [--profile P] | --replay FILE
                          seeds of the simulation, or one plan of it
  fuzz [TARGET] [--seconds N] [--seed N] [--replay FILE]
                          fuzz the decoders and the session core, guided by coverage; 60 s each unless told
  campaign sim            100,000 seeds, recorded in docs/verification.md
  campaign fidelity [--scripts N] [--from SEED] [--release 3.9.3|3.8.0] [--servers N]
                          20,000 random scripts on real servers of each release and on embedded ones, the
                          answers compared; recorded in docs/verification.md
  campaign real [--runs N] [--from SEED] [--seconds N]
                          20 runs of two minutes of faults: all recipes at once on three real servers under kills,
                          pauses and cuts; recorded in docs/verification.md
  campaign cores          a million seeds of the session and server cores alone, recorded there
  campaign x2|x4|x5       every byte cut; every pair of frames; every expiry with every cut: of 16 or
                          more scripts, on the cores or (--library) on the whole library; recorded there
  help                    this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", HELP.replace("CHECKS\n", &check::help()));
            Ok(())
        }
        ["test"] => {
            return if suite::run() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        ["test", ..] => {
            Err("test takes no arguments; for some of the tests use `cargo test`".into())
        }
        ["check", name] => check::run(name),
        ["check", ..] => Err("check takes one name, or `all`".into()),
        ["ensemble", "image", options @ ..] => image::ensure(options),
        ["ensemble", "up"] => ensemble::up(),
        ["ensemble", "down"] => ensemble::down(),
        ["python", "setup"] => python::setup(),
        ["python", "test"] => python::run(),
        ["python", ..] => Err("python: say `setup` or `test`".into()),
        ["bench", rest @ ..] => bench::run(rest),
        ["c", "test"] => c::test_alone(),
        ["c", "header"] => c::write_header(),
        ["c", ..] => Err("c: say `test` or `header`".into()),
        ["sim", rest @ ..] => sim::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["campaign", name, rest @ ..] => campaign::run(name, rest),
        ["campaign"] => {
            Err("campaign: say which; there are: sim, cores, x2, x4, x5, fidelity, real".into())
        }
        ["ensemble", ..] => Err("ensemble: say `image`, `up` or `down`".into()),
        [other, ..] => {
            Err(format!("no command `{other}`; `cargo xtask help` lists the commands").into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
