//! The peer program itself: two Curator processes alone keep an exact count.

use std::fs;
use std::time::Duration;

use zk_tests::{Peer, RealServer, deadline};

#[test]
fn two_curator_programs_count_exactly_under_one_lock() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-curator-programs");
    fs::create_dir_all(&folder).unwrap();
    let counter = folder.join("counter");
    fs::write(&counter, "0\n").unwrap();
    let counter_text = counter.to_str().unwrap();
    let connect = RealServer::shared().connect_string();

    let limit = deadline(Duration::from_secs(120));
    let arguments = [
        connect.as_str(),
        "/two-curators",
        counter_text,
        "30",
        "-",
        "5",
    ];
    let peers = [(); 2].map(|()| Peer::curator("CounterUnderLock", &arguments));
    for peer in peers {
        peer.wait_for_line("connected", &limit);
        let printed = peer.finish(&limit);
        let rounds = printed
            .iter()
            .filter(|line| line.starts_with("round "))
            .count();
        assert_eq!(rounds, 30);
    }
    assert_eq!(fs::read_to_string(&counter).unwrap().trim(), "60");
}
