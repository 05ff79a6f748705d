//! The test programs in bindings/c/tests, and the ways in which they run.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::group::Group;
use super::mode::Mode;
use crate::binaries::{End, Ends, TestBinary};
use crate::shell::{self, Outcome};

/// As strict as C programmers are.
const FLAGS: [&str; 8] = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-std=c11",
    "-pedantic",
    "-D_GNU_SOURCE",
    "-g",
    "-pthread",
];

/// A fault, and the tools that have to find it: a tool that finds none in the tests would have found one.
const FAULTS: [&str; 4] = ["leak", "overrun", "use-after-free", "lost-in-the-library"];

const COMPILING: Duration = Duration::from_secs(300);
const CANARY: Duration = Duration::from_secs(120);

impl Mode {
    fn compiler(self) -> Command {
        let mut compiler = match self {
            Self::Plain | Self::Valgrind => shell::command("gcc", &[]),
            Self::GccSanitized => shell::command("gcc", &["-fsanitize=address"]),
            Self::ClangSanitized => shell::command("clang", &["-fsanitize=address"]),
        };
        compiler.args(FLAGS);
        compiler
    }

    /// The command in front of a program.
    fn wrapper(self) -> Vec<OsString> {
        if self != Self::Valgrind {
            return Vec::new();
        }
        let known = folder().join("tests/valgrind.supp");
        let mut words: Vec<OsString> = [
            "valgrind",
            "--quiet",
            "--error-exitcode=99",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
            "--show-leak-kinds=definite",
            "--num-callers=40",
            // One thread runs at a time; let none of them starve.
            "--fair-sched=try",
        ]
        .map(OsString::from)
        .into();
        words.push(format!("--suppressions={}", known.display()).into());
        words
    }

    /// How many random calls a run makes.
    fn random_calls(self) -> &'static str {
        match self {
            Self::Plain => "20000",
            Self::GccSanitized | Self::ClangSanitized => "100000",
            Self::Valgrind => "10000",
        }
    }

    /// The full names of the tests, from their sources.
    pub(super) fn listed(self) -> Outcome<Vec<String>> {
        let mut names = Vec::new();
        for program in programs()? {
            for test in tests(&fs::read_to_string(source(&program))?) {
                names.push(format!("{}::{program}::{test}", self.prefix()));
            }
        }
        names.extend(self.canaries().map(|fault| self.canary_name(fault)));
        Ok(names)
    }

    /// Compiles and runs the programs against the library below `prefix`.
    pub(super) fn run(self, prefix: &Path, hand_in: &mut impl FnMut(Group)) {
        let begun = Instant::now();
        let programs = match programs() {
            Ok(programs) => programs,
            Err(error) => return hand_in(Group::failed(self.prefix(), begun, &error.to_string())),
        };
        for program in programs {
            let begun = Instant::now();
            let name = format!("{}::{program}", self.prefix());
            hand_in(match self.run_program(prefix, &program, &name, begun) {
                Ok(group) => group,
                Err(error) => Group::failed(&name, begun, &error.to_string()),
            });
        }
        if self.canaries().next().is_some() {
            hand_in(self.run_canary(prefix));
        }
    }

    fn run_program(
        self,
        prefix: &Path,
        program: &str,
        name: &str,
        begun: Instant,
    ) -> Outcome<Group> {
        let binary = self.compile(prefix, program)?;
        let listed = tests(&fs::read_to_string(source(program))?);
        let binary = TestBinary::wrapped(name, &self.wrapper(), binary, folder())
            .with_env("ZK_RANDOM_CALLS", self.random_calls());
        let run = binary.run()?;
        let fault = run.fault.or_else(|| {
            (run.ends.len() != listed.len())
                .then(|| format!("{} of its {} tests ran", run.ends.len(), listed.len()))
        });
        Ok(Group {
            name: name.to_owned(),
            begun,
            ends: run.ends,
            fault,
        })
    }

    /// Compiles one program of the tests and returns where it is.
    pub(super) fn compile(self, prefix: &Path, program: &str) -> Outcome<PathBuf> {
        let out = shell::target_dir().join("c").join(self.prefix());
        fs::create_dir_all(&out)?;
        let binary = out.join(program);
        let mut compiler = self.compiler();
        compiler
            .arg("-o")
            .arg(&binary)
            .args([source(program), source("check")])
            .args(flags(prefix, &[])?)
            .arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
        shell::output(&mut compiler, COMPILING)?;
        Ok(binary)
    }

    fn canaries(self) -> impl Iterator<Item = &'static str> {
        FAULTS.into_iter().filter(move |_| self != Self::Plain)
    }

    fn canary_name(self, fault: &str) -> String {
        let fault = fault.replace('-', "_");
        format!("{}::canary::{fault}_is_found", self.prefix())
    }

    fn run_canary(self, prefix: &Path) -> Group {
        let begun = Instant::now();
        let name = format!("{}::canary", self.prefix());
        let binary = match self.compile(prefix, "canary") {
            Ok(binary) => binary,
            Err(error) => return Group::failed(&name, begun, &error.to_string()),
        };
        let ends = |fault: &str| -> bool {
            let mut words = self.wrapper();
            words.push(binary.clone().into());
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).arg(fault);
            shell::capture(&mut command, CANARY).is_ok_and(|finished| finished.ok)
        };
        // A tool that complains about everything finds nothing.
        let fault = (!ends("nothing")).then(|| "a program without a fault fails".to_owned());
        let found: Ends = self
            .canaries()
            .map(|fault| {
                let end = if ends(fault) {
                    End::Failed
                } else {
                    End::Passed
                };
                (self.canary_name(fault), end)
            })
            .collect();
        Group {
            name,
            begun,
            ends: found,
            fault,
        }
    }
}

/// What pkg-config says about the library below `prefix`.
pub(super) fn flags(prefix: &Path, options: &[&str]) -> Outcome<Vec<String>> {
    let mut command = shell::command("pkg-config", &["--cflags", "--libs"]);
    command
        .args(options)
        .arg("zk_recipes")
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let said = shell::output(&mut command, COMPILING)?;
    Ok(said.split_whitespace().map(str::to_owned).collect())
}

/// Where the C library is.
pub(super) fn folder() -> PathBuf {
    shell::root().join("bindings/c")
}

fn source(program: &str) -> PathBuf {
    folder().join("tests").join(format!("{program}.c"))
}

/// The programs that have tests, in alphabetical order.
fn programs() -> Outcome<Vec<String>> {
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder().join("tests"))? {
        let path = entry?.path();
        let is_source = path.extension().is_some_and(|extension| extension == "c");
        if is_source && !tests(&fs::read_to_string(&path)?).is_empty() {
            let name = path.file_stem().ok_or("a source has a name")?;
            programs.push(name.to_string_lossy().into_owned());
        }
    }
    programs.sort();
    Ok(programs)
}

/// The names in `TEST(name) {`.
fn tests(source: &str) -> Vec<String> {
    source
        .lines()
        .filter_map(|line| line.strip_prefix("TEST(")?.split(')').next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests_of_programs {
    use super::*;

    #[test]
    fn tests_are_found_in_sources_and_named_by_mode() {
        assert_eq!(tests("TEST(a) {\n}\nint x;\nTEST(b_c) {\n"), ["a", "b_c"]);
        let names = Mode::Valgrind.listed().unwrap();
        assert!(names.contains(&"c-valgrind::canary::leak_is_found".to_owned()));
        assert!(
            names.contains(&"c-valgrind::handles::a_panic_stops_at_the_border".to_owned()),
            "{names:?}"
        );
        assert!(
            !Mode::Plain
                .listed()
                .unwrap()
                .iter()
                .any(|name| name.contains("canary"))
        );
    }
}
