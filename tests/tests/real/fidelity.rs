//! The embedded server answers random scripts as the real one of the same release does.

use std::env;
use std::time::Instant;

use zk_embedded::Version;
use zk_tests::fidelity::Campaign;
use zk_tests::{RealServer, note};

/// Nothing happens by itself (containers are left alone), and nothing waits for a disk.
const SETTINGS: [(&str, &str); 1] = [(
    "JVMFLAGS",
    "-Xmx384m -Dzookeeper.forceSync=no -Dzookeeper.snapCount=10000000 -Dznode.container.checkIntervalMs=86400000",
)];

/// Enough to reach every cell that can be reached, with these seeds.
const SCRIPTS: u64 = 150;

/// A new server after so many scripts: what they leave behind is kept in its memory.
const SERVER_LIFE: u64 = 4000;

/// More of the same would not help.
const ENOUGH: usize = 6;

#[cfg(feature = "real-3-8")]
#[test]
fn scripts_are_answered_as_by_zookeeper_3_8_0() {
    run(Version::V3_8_DEBIAN, || {
        RealServer::start_older_with(&SETTINGS)
    });
}

#[test]
fn scripts_are_answered_as_by_zookeeper_3_9_3() {
    run(Version::V3_9, || RealServer::start_with(&SETTINGS));
}

fn run(version: Version, start: impl Fn() -> RealServer) {
    let first = setting("ZK_FIDELITY_SEED").unwrap_or(0);
    let scripts = setting("ZK_FIDELITY_SCRIPTS").unwrap_or(SCRIPTS);
    let mut server = start();
    let mut campaign = Campaign::new(version, server.port());
    let begun = Instant::now();
    let mut mismatches = Vec::new();
    for (done, seed) in (first..first + scripts).enumerate() {
        if done > 0 && done as u64 % SERVER_LIFE == 0 {
            server = start();
            campaign.move_to(server.port());
        }
        if let Err(mismatch) = campaign.compare(seed) {
            note(format_args!("{version}: {mismatch}"));
            mismatches.push(mismatch.to_string());
        }
        if mismatches.len() >= ENOUGH {
            break;
        }
    }
    note(format_args!(
        "{version}: {scripts} scripts from seed {first}, {} steps, {} frames, {:.1} s, {} mismatches\n{}",
        campaign.steps(),
        campaign.frames(),
        begun.elapsed().as_secs_f64(),
        mismatches.len(),
        campaign.cells(),
    ));
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n\n"));
    // A replay of a few reaches what it reaches.
    if scripts >= SCRIPTS {
        assert_eq!(campaign.unreached(), Vec::<String>::new());
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{name}={text}: {error}")),
    )
}
