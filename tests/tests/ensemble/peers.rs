//! Which languages this machine has contenders in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

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
    let mut peers = ours();
    peers.retain(|peer| {
        let has = match peer.name {
            "python" => answers(python_interpreter().args(["-c", PYTHON_HAS_LAYOUTS])),
            "c" => c_has_layouts(),
            _ => true,
        };
        if !has {
            zk_tests::note(format_args!("{}: its binding has no layouts", peer.name));
        }
        has
    });
    peers
}

const PYTHON_HAS_LAYOUTS: &str = "import inspect, zk_recipes
assert 'layout' in inspect.signature(zk_recipes.Client.lock).parameters";

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
    let import = format!("import {module}");
    if !answers(python_interpreter().args(["-c", &import])) {
        let why = format!("target/python-venv has no {module}");
        left_out(name, &why);
        return None;
    }
    let mut program = python_interpreter();
    program.arg(root().join("tests/python").join(file));
    Some(Peer { name, program })
}

/// That of the environment which `cargo xtask python setup` makes.
fn python_interpreter() -> Command {
    Command::new(target().join("python-venv/bin/python"))
}

fn c_header() -> PathBuf {
    root().join("bindings/c/include/zk_recipes.h")
}

fn c_has_layouts() -> bool {
    let header = std::fs::read_to_string(c_header());
    header.is_ok_and(|header| header.contains("zk_mutex_set_layout("))
}

/// The C contenders, on the C binding.
fn c() -> Option<Peer> {
    static COMPILED: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = COMPILED.get_or_init(compile_c).as_ref()?;
    Some(Peer {
        name: "c",
        program: Command::new(program),
    })
}

/// Compiles them against the binding's header and library. The tests of a workspace do not build the latter, as nothing
/// in it links to it.
fn compile_c() -> Option<PathBuf> {
    if !c_header().exists() {
        left_out("c", "there is no C binding");
        return None;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .current_dir(root())
        .args(["build", "--quiet", "--package", "zk-c", "--target-dir"])
        .arg(target());
    let built = build.status().is_ok_and(|status| status.success());
    assert!(built, "the C binding does not build");
    let library = target().join("debug/libzk_recipes.a");
    // Compiled aside and moved: another process may run the one that is there.
    let program = target().join("c-contender");
    let draft = program.with_extension(std::process::id().to_string());
    let mut compile = Command::new("cc");
    compile
        .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(root().join("bindings/c/include"))
        .arg(root().join("tests/c/contender.c"))
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&draft);
    if c_has_layouts() {
        compile.arg("-DHAS_LAYOUTS");
    }
    let made = compile.status().is_ok_and(|status| status.success());
    assert!(made, "the C contenders do not compile");
    std::fs::rename(draft, &program).unwrap();
    Some(program)
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
