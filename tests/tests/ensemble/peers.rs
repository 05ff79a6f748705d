//! Which languages this machine has contenders in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A language's contenders: its name, and the program to start.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) program: Command,
}

/// Contenders on our own client, in all languages that are there.
pub(crate) fn ours() -> Vec<Peer> {
    let rust = Peer {
        name: "rust",
        program: Command::new(env!("CARGO_BIN_EXE_contender")),
    };
    [Some(rust), python(), c()].into_iter().flatten().collect()
}

/// Contenders on unmodified Curator.
pub(crate) fn curator() -> Option<Peer> {
    let there = answers(Command::new("javac").arg("-version"))
        && Path::new("/usr/share/java/curator-recipes.jar").exists();
    if !there {
        left_out(
            "curator",
            "there is no javac, or no Curator in /usr/share/java",
        );
        return None;
    }
    Some(Peer {
        name: "curator",
        program: zk_tests::java("Contender"),
    })
}

/// Contenders on unmodified kazoo.
pub(crate) fn kazoo() -> Option<Peer> {
    python_program("kazoo", "kazoo", "kazoo_contender.py")
}

fn python() -> Option<Peer> {
    python_program("python", "zk_recipes", "contender.py")
}

fn python_program(name: &'static str, module: &str, file: &str) -> Option<Peer> {
    let python = target().join("python-venv/bin/python");
    let import = format!("import {module}");
    if !answers(Command::new(&python).args(["-c", &import])) {
        left_out(name, &format!("{} has no {module}", python.display()));
        return None;
    }
    let mut program = Command::new(python);
    program.arg(sources().join("python").join(file));
    Some(Peer { name, program })
}

/// The C contenders, which `cargo xtask` builds where the C binding is.
fn c() -> Option<Peer> {
    let program = target().join("c-tests/contender");
    if !program.exists() {
        left_out("c", &format!("there is no {}", program.display()));
        return None;
    }
    Some(Peer {
        name: "c",
        program: Command::new(program),
    })
}

/// On a CI machine nothing is left out.
#[track_caller]
fn left_out(name: &str, why: &str) {
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!ci, "no contenders {name}: {why}");
    println!("left out: contenders {name} because {why}");
}

fn answers(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> PathBuf {
    let home = std::env::current_exe().expect("a test knows its own path");
    let home = home.ancestors().nth(3);
    home.expect("a test lies in target/PROFILE/deps").to_owned()
}
