//! All recipes at once, under all faults at once.

use std::time::Duration;

use zk_tests::chaos::Chaos;
use zk_tests::note;

use crate::turn;

/// How long there are faults. The seed is one of the campaign's in
/// `docs/verification.md`; to run others there is `cargo xtask campaign real`.
const TIME: Duration = Duration::from_secs(120);
const SEED: u64 = 101;

#[tokio::test]
async fn all_recipes_keep_their_promises_while_real_servers_are_killed_paused_and_cut() {
    let _turn = turn().await;
    let chaos = Chaos {
        seed: SEED,
        time: TIME,
    };
    let run = tokio::task::spawn_blocking(move || chaos.run());
    let report = run.await.unwrap();
    note(&report);
    assert!(report.findings.is_empty(), "{report}");
}
