//! The embedded server answers random scripts as the real one of the same release does.

use zk_embedded::Version;
use zk_tests::fidelity::Campaign;
use zk_tests::note;

/// Enough to reach every cell that can be reached, with these seeds.
const SCRIPTS: u64 = 150;

#[cfg(feature = "real-3-8")]
#[test]
fn scripts_are_answered_as_by_zookeeper_3_8_0() {
    run(Version::V3_8_DEBIAN);
}

#[test]
fn scripts_are_answered_as_by_zookeeper_3_9_3() {
    run(Version::V3_9);
}

fn run(version: Version) {
    let campaign = Campaign {
        version,
        from: 0,
        scripts: SCRIPTS,
        servers: 1,
    };
    let sum = campaign.run(&|_, _| ());
    note(format_args!("{sum}"));
    let mismatches: Vec<String> = sum.mismatches().iter().map(ToString::to_string).collect();
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n\n"));
    assert_eq!(sum.unreached(), Vec::<String>::new());
}
