//! `completion` and `man`: what is generated from the command line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::zkctl::Zkctl;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Zkctl::new(&["completion", shell]).ok();
        for word in ["locks", "session-timeout", "srvr", "recursive"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(Zkctl::new(&["completion", "tcsh"]).fails().0, 64);
}

#[test]
fn bash_takes_its_script_and_completes_by_it() {
    let script = Zkctl::new(&["completion", "bash"]).ok();
    let ask =
        "COMP_WORDS=(zkctl lo); COMP_CWORD=1; _zkctl zkctl lo zkctl; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash")
        .arg("--norc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = bash.stdin.take().unwrap();
    stdin
        .write_all(format!("{script}\n{ask}\n").as_bytes())
        .unwrap();
    drop(stdin);
    let output = bash.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        "lock locks"
    );
}

#[test]
fn every_command_has_a_page_in_the_manual() {
    let overview = Zkctl::new(&["man"]).ok();
    assert!(overview.contains(".TH ZKCTL 1"), "{overview}");
    assert!(overview.contains("zkctl\\-locks(1)"), "{overview}");
    let page = Zkctl::new(&["man", "lock"]).ok();
    assert!(page.contains(".TH ZKCTL-LOCK 1"), "{page}");
    assert!(page.contains("ZK_LOCK_TOKEN"), "{page}");
    let (code, message) = Zkctl::new(&["man", "nonsense"]).fails();
    assert_eq!(code, 64);
    insta::assert_snapshot!(message, @"zkctl: there is no command `nonsense`; see zkctl --help");

    let dir = std::env::temp_dir().join(format!("zkctl-man-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    Zkctl::new(&["man", "--dir", dir.to_str().unwrap()]).ok();
    let mut files: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(files.len(), 36, "{files:?}");
    assert!(files.contains(&"zkctl-watch.1".to_owned()), "{files:?}");
}

#[test]
fn every_command_has_examples_in_its_help() {
    for command in [
        "dev",
        "elect",
        "leaders",
        "members",
        "queue",
        "cache-watch",
        "register",
        "services",
        "observe",
        "lock",
        "locks",
        "ls",
        "get",
        "set",
        "create",
        "rm",
        "stat",
        "tree",
        "export",
        "import",
        "diff",
        "watch",
        "ping",
        "srvr",
        "mntr",
        "acl",
        "whoami",
        "quota",
        "config",
        "reconfig",
        "completion",
        "man",
    ] {
        let help = Zkctl::new(&[command, "--help"]).ok();
        assert!(help.contains("Example"), "{command}: {help}");
    }
}
