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
    let all = [Some(rust()), python(), c()];
    all.into_iter().flatten().collect()
}

/// Contenders on our own client in the languages that have kazoo's layout.
pub(crate) fn ours_with_kazoos_layout() -> Vec<Peer> {
    vec![rust()]
}

fn rust() -> Peer {
    Peer {
        name: "rust",
        program: Command::new(env!("CARGO_BIN_EXE_contender")),
    }
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
    program.arg(root().join("tests/python").join(file));
    Some(Peer { name, program })
}

/// The C contenders, compiled against the C binding's header and the library that cargo has built next to the tests.
fn c() -> Option<Peer> {
    let header = root().join("bindings/c/include/zk_recipes.h");
    let library = target().join("debug/libzk_recipes.a");
    for needed in [&header, &library] {
        if !needed.exists() {
            left_out("c", &format!("there is no {}", needed.display()));
            return None;
        }
    }
    let program = target().join("c-contender");
    let mut compile = Command::new("cc");
    compile
        .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(root().join("bindings/c/include"))
        .arg(root().join("tests/c/contender.c"))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program);
    let status = compile.status();
    let made = status.is_ok_and(|status| status.success());
    assert!(made, "the C contenders do not compile");
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
    zk_tests::note(format_args!("left out: contenders {name} because {why}"));
}

fn answers(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A test lies in `target/PROFILE/deps`.
fn target() -> PathBuf {
    let home = std::env::current_exe().unwrap();
    home.ancestors().nth(3).unwrap().to_owned()
}
