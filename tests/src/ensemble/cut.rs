//! Cutting a member's network: packet filter rules inside its own network namespace.
//!
//! The rules drop silently, in both directions, as a broken switch does. Clients come through the published port and
//! the network's gateway, so a member that is cut off from its peers alone still serves them. Needs root, `nsenter`
//! and `iptables`; the rules go with the namespace.

use super::docker::{docker, run};

/// What a member is cut off from.
#[derive(Debug, Clone, Copy)]
pub(super) enum From<'a> {
    /// These addresses.
    Peers(&'a [String]),
    /// Everybody, clients included.
    All,
}

pub(super) fn cut(container: &str, from: From<'_>) {
    let rules: Vec<Vec<&str>> = match from {
        From::Peers(addresses) => addresses
            .iter()
            .flat_map(|peer| {
                [
                    vec!["--append", "INPUT", "--source", peer],
                    vec!["--append", "OUTPUT", "--destination", peer],
                ]
            })
            .collect(),
        From::All => vec![
            vec!["--append", "INPUT", "!", "--in-interface", "lo"],
            vec!["--append", "OUTPUT", "!", "--out-interface", "lo"],
        ],
    };
    for mut rule in rules {
        rule.extend(["--jump", "DROP"]);
        filter(container, &rule);
    }
}

pub(super) fn heal(container: &str) {
    filter(container, &["--flush"]);
}

#[track_caller]
fn filter(container: &str, rule: &[&str]) {
    let process = docker(&["inspect", "--format", "{{.State.Pid}}", container]);
    let mut words = vec!["--target", &process, "--net", "iptables", "--wait"];
    words.extend(rule);
    if let Err(refusal) = run("nsenter", &words) {
        panic!("cannot filter packets of {container}: {refusal}");
    }
}
