//! Whose containers and networks are whose, so that nothing outlives its test.
//!
//! All that an ensemble makes carries two labels: one names the ensemble, the other the process. They are removed by
//! the ensemble's drop; by a shell that waits for the process to end, if it is killed; and by the next ensemble on this
//! machine, if the shell was killed too.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use super::docker::{docker, try_docker};

const OWNER: &str = "zk-tests.owner";
const ENSEMBLE: &str = "zk-tests.ensemble";

/// The two labels of what one ensemble makes, as arguments of `docker`.
pub(super) fn labels(ensemble: &str) -> [String; 4] {
    let flag = || "--label".to_owned();
    [
        flag(),
        format!("{OWNER}={}", this_process()),
        flag(),
        format!("{ENSEMBLE}={ensemble}"),
    ]
}

/// Starts a shell that removes the ensemble when this process ends in whatever way: its end of the pipe closes then.
pub(super) fn reaper(ensemble: &str) -> io::Result<Child> {
    let script = "read -r _
        docker ps --all --quiet --filter \"label=$0\" | xargs --no-run-if-empty docker rm --force --volumes
        docker network ls --quiet --filter \"label=$0\" | xargs --no-run-if-empty docker network rm";
    Command::new("sh")
        .args(["-c", script, &format!("{ENSEMBLE}={ensemble}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Its own group, so that Ctrl-C on the test run does not end it too.
        .process_group(0)
        .spawn()
}

/// Removes all of an ensemble; what is gone already is no error.
pub(super) fn remove(ensemble: &str) {
    remove_labelled(&format!("label={ENSEMBLE}={ensemble}"));
}

/// Removes what processes that are dead left behind.
pub(super) fn sweep() {
    let format = format!("{{{{.Label \"{OWNER}\"}}}}");
    let filter = format!("label={OWNER}");
    let mut owners = docker(&["ps", "--all", "--filter", &filter, "--format", &format]);
    owners.push('\n');
    owners += &docker(&["network", "ls", "--filter", &filter, "--format", &format]);
    let mut owners: Vec<&str> = owners.lines().filter(|owner| is_dead(owner)).collect();
    owners.sort_unstable();
    owners.dedup();
    for owner in owners {
        remove_labelled(&format!("label={OWNER}={owner}"));
    }
}

fn remove_labelled(filter: &str) {
    let list = |words: &[&str]| try_docker(words).unwrap_or_default();
    let containers = list(&["ps", "--all", "--quiet", "--filter", filter]);
    for container in containers.lines() {
        let _ = try_docker(&["rm", "--force", "--volumes", container]);
    }
    for network in list(&["network", "ls", "--quiet", "--filter", filter]).lines() {
        let _ = try_docker(&["network", "rm", network]);
    }
}

/// This process, told from others with its number in other namespaces and at other times.
fn this_process() -> String {
    let id = std::process::id();
    format!(
        "{}-{id}-{}",
        namespace(),
        start_time(id).unwrap_or_default()
    )
}

/// Whether an owner was a process of our namespace, and is no more.
fn is_dead(owner: &str) -> bool {
    let mut parts = owner.split('-');
    let (Some(space), Some(id), Some(begun)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let Ok(id) = id.parse() else { return false };
    space == namespace() && start_time(id).as_deref() != Some(begun)
}

/// The number of our process namespace; processes of others cannot be looked up.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let text = link.to_string_lossy();
    text.chars().filter(char::is_ascii_digit).collect()
}

/// When a process started, in ticks since boot: field 22 of its stat, counted behind the name in parentheses.
fn start_time(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_an_ended_one_is_not() {
        assert!(!is_dead(&this_process()));
        let mut child = Command::new("true").spawn().unwrap();
        let id = child.id();
        let owner = format!("{}-{id}-{}", namespace(), start_time(id).unwrap());
        child.wait().unwrap();
        assert!(is_dead(&owner), "{owner}");
    }

    #[test]
    fn owners_of_other_namespaces_and_strange_ones_are_left_alone() {
        for owner in ["1-1-1", "", "x", &format!("{}-x-1", namespace())] {
            assert!(!is_dead(owner), "{owner}");
        }
    }

    /// A network with the labels of `owner`, for which there are no containers to start.
    fn network(owner: &str, ensemble: &str) {
        let owner = format!("{OWNER}={owner}");
        let label = format!("{ENSEMBLE}={ensemble}");
        let words = ["network", "create", "--label", &owner, "--label", &label];
        docker(&[&words[..], &[ensemble]].concat());
    }

    fn wait_until_gone(network: &str) {
        let limit = crate::deadline(std::time::Duration::from_secs(30));
        limit.wait_for("the network to go", || {
            try_docker(&["network", "inspect", network])
                .is_err()
                .then_some(())
        });
    }

    #[test]
    fn the_reaper_removes_an_ensemble_whose_process_ends() {
        let name = format!("zk-faults-reaped-{}", std::process::id());
        let mut reaper = reaper(&name).unwrap();
        network(&this_process(), &name);
        sweep();
        docker(&["network", "inspect", &name]);
        // The system closes this pipe when a process ends.
        drop(reaper.stdin.take());
        wait_until_gone(&name);
        reaper.wait().unwrap();
    }

    #[test]
    fn what_a_dead_process_left_behind_is_swept_away() {
        let mut child = Command::new("true").spawn().unwrap();
        let (id, begun) = (child.id(), start_time(child.id()).unwrap());
        child.wait().unwrap();
        let name = format!("zk-faults-swept-{}", std::process::id());
        network(&format!("{}-{id}-{begun}", namespace()), &name);
        sweep();
        wait_until_gone(&name);
    }
}
