//! The library as its users get it: `make install`, and programs built against what that left.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::group::Group;
use super::mode::Mode;
use super::programs::{flags, folder};
use super::tools::Tools;
use crate::binaries::{End, Ends};
use crate::shell::{self, LONG, Outcome, command, output};

const GROUP: &str = "c::install";
const SYMBOLS: &str = "exactly_the_listed_symbols_are_exported";
const SONAME: &str = "the_soname_has_the_version_that_may_break";
const SHARED: &str = "the_example_runs_with_the_shared_library";
const STATIC: &str = "the_example_runs_with_the_static_library";
const CMAKE: &str = "the_example_runs_through_cmake";
const CPP: &str = "the_header_is_good_cpp";
const UNINSTALL: &str = "uninstalling_leaves_nothing";

const SOON: Duration = Duration::from_secs(120);

/// Installs the library with what its tests need, and returns where.
pub(super) fn testing() -> Outcome<PathBuf> {
    let prefix = shell::target_dir().join("c/testing");
    make(&prefix, "install", "--quiet --features testing")?;
    Ok(prefix)
}

/// The names of the tests below.
pub(super) fn listed(tools: &Tools) -> impl Iterator<Item = String> + use<> {
    let build = tools.can_build();
    let (cmake, clang) = (tools.cmake, tools.has(Mode::ClangSanitized));
    [SYMBOLS, SONAME, SHARED, STATIC, CPP, CMAKE, UNINSTALL]
        .into_iter()
        .filter(move |name| build && (cmake || *name != CMAKE) && (clang || *name != CPP))
        .map(full)
}

fn full(name: &str) -> String {
    format!("{GROUP}::{name}")
}

/// Tests the library without what tests need, next to a server from `testing`.
pub(super) fn test(testing: &Path, tools: &Tools) -> Group {
    let begun = Instant::now();
    let prefix = shell::target_dir().join("c/user");
    let mut server = match make(&prefix, "install", "--quiet").and_then(|()| Server::start(testing))
    {
        Ok(server) => server,
        Err(error) => return Group::failed(GROUP, begun, &error.to_string()),
    };
    let mut ends = Ends::new();
    let mut note = |name: &str, outcome: Outcome<()>| {
        let end = match outcome {
            Ok(()) => End::Passed,
            Err(error) => {
                eprintln!("    {}: {error}", full(name));
                End::Failed
            }
        };
        ends.insert(full(name), end);
    };
    note(SYMBOLS, symbols(&prefix));
    note(SONAME, soname(&prefix));
    note(SHARED, shared(&prefix, &server));
    note(STATIC, linked_statically(&prefix, &server));
    if tools.has(Mode::ClangSanitized) {
        note(CPP, cpp(&prefix));
    }
    if tools.cmake {
        note(CMAKE, cmake(&prefix, &server));
    }
    note(UNINSTALL, uninstalled(&prefix));
    let fault = server.stop().err().map(|error| error.to_string());
    Group {
        name: GROUP.to_owned(),
        begun,
        ends,
        fault,
    }
}

fn make(prefix: &Path, goal: &str, cargo_flags: &str) -> Outcome<()> {
    let mut make = command("make", &["--silent", "-C"]);
    make.arg(folder())
        .arg(goal)
        .arg("PROFILE=dev")
        .arg(format!("PREFIX={}", prefix.display()))
        .arg(format!("CARGO_FLAGS={cargo_flags}"))
        .arg(format!(
            "CARGO_TARGET_DIR={}",
            shell::target_dir().display()
        ));
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut word = std::ffi::OsString::from("CARGO=");
        word.push(cargo);
        make.arg(word);
    }
    output(&mut make, LONG).map(drop)
}

fn library(prefix: &Path) -> PathBuf {
    prefix.join("lib/libzk_recipes.so")
}

fn symbols(prefix: &Path) -> Outcome<()> {
    let mut nm = command("nm", &["--dynamic", "--defined-only", "--format=posix"]);
    let exported = output(nm.arg(library(prefix)), SOON)?;
    let exported: BTreeSet<&str> = exported
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let listed = fs::read_to_string(folder().join("exported-symbols.txt"))?;
    let listed: BTreeSet<&str> = listed.lines().collect();
    if exported == listed && !listed.is_empty() {
        return Ok(());
    }
    let more: Vec<_> = exported.difference(&listed).collect();
    let fewer: Vec<_> = listed.difference(&exported).collect();
    Err(format!("exported and not listed: {more:?}; listed and not exported: {fewer:?}").into())
}

fn soname(prefix: &Path) -> Outcome<()> {
    let mut readelf = command("readelf", &["--dynamic"]);
    let said = output(readelf.arg(library(prefix)), SOON)?;
    let soname = said
        .lines()
        .find(|line| line.contains("SONAME"))
        .and_then(|line| line.split(['[', ']']).nth(1))
        .ok_or("there is no soname")?;
    if !prefix.join("lib").join(soname).exists() {
        return Err(format!("no file has the soname {soname}").into());
    }
    let version = env!("CARGO_PKG_VERSION");
    let expected = match version.split('.').collect::<Vec<_>>().as_slice() {
        ["0", minor, ..] => format!("libzk_recipes.so.0.{minor}"),
        [major, ..] => format!("libzk_recipes.so.{major}"),
        [] => String::new(),
    };
    if soname == expected {
        Ok(())
    } else {
        Err(format!("the soname is {soname}, not {expected}").into())
    }
}

/// The example compiled with these words behind it.
fn example(name: &str, words: Vec<String>) -> Outcome<PathBuf> {
    let program = shell::target_dir().join("c").join(name);
    let strict = ["-Wall", "-Wextra", "-Werror", "-std=c11", "-pedantic"];
    let mut gcc = command("gcc", &strict);
    gcc.arg("-o")
        .arg(&program)
        .arg(folder().join("examples/lock.c"))
        .args(words);
    output(&mut gcc, SOON)?;
    Ok(program)
}

fn shared(prefix: &Path, server: &Server) -> Outcome<()> {
    let program = example("lock-shared", flags(prefix, &[])?)?;
    let mut program = Command::new(program);
    server.serve(program.env("LD_LIBRARY_PATH", prefix.join("lib")))
}

fn linked_statically(prefix: &Path, server: &Server) -> Outcome<()> {
    let archive = prefix.join("lib/libzk_recipes.a").display().to_string();
    let words = flags(prefix, &["--static"])?
        .into_iter()
        .map(|word| {
            if word == "-lzk_recipes" {
                archive.clone()
            } else {
                word
            }
        })
        .collect();
    // Where it runs there is no shared library to be found.
    server.serve(&mut Command::new(example("lock-static", words)?))
}

fn cpp(prefix: &Path) -> Outcome<()> {
    let mut clang = command("clang", &["-x", "c++", "-std=c++11", "-fsyntax-only"]);
    clang
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic"])
        .arg(prefix.join("include/zk_recipes.h"));
    output(&mut clang, SOON).map(drop)
}

fn cmake(prefix: &Path, server: &Server) -> Outcome<()> {
    let build = shell::target_dir().join("c/cmake");
    if build.exists() {
        fs::remove_dir_all(&build)?;
    }
    let mut configure = command("cmake", &["-S"]);
    configure
        .arg(folder().join("examples"))
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    output(&mut configure, SOON)?;
    let mut make = command("cmake", &["--build"]);
    output(make.arg(&build), SOON)?;
    for program in ["lock", "lock_static"] {
        server.serve(&mut Command::new(build.join(program)))?;
    }
    Ok(())
}

fn uninstalled(prefix: &Path) -> Outcome<()> {
    make(prefix, "uninstall", "")?;
    let mut left = command("find", &[]);
    let left = output(left.arg(prefix).args(["-not", "-type", "d"]), SOON)?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("left behind: {left}").into())
    }
}

/// A server in a process of its own.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(testing: &Path) -> Outcome<Self> {
        let mut process = Command::new(Mode::Plain.compile(testing, "server")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let pipe = process.stdout.take().ok_or("a piped output")?;
        BufReader::new(pipe).read_line(&mut address)?;
        Ok(Self {
            process,
            address: address.trim().to_owned(),
        })
    }

    /// Runs the example on this server.
    fn serve(&self, program: &mut Command) -> Outcome<()> {
        let said = output(program.arg(&self.address), SOON)?;
        if said.starts_with("fencing token ") {
            Ok(())
        } else {
            Err(format!("the example says {said:?}").into())
        }
    }

    /// Ends it by ending its input.
    fn stop(&mut self) -> Outcome<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {status}").into())
        }
    }
}
