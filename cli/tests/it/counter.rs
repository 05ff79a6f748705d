//! `counter`.

use crate::server::Server;
use crate::zkctl::Zkctl;

fn counter(server: &Server, args: &[&str]) -> Zkctl {
    server.zkctl(&[&["counter"], args].concat())
}

#[test]
fn a_number_is_read_added_to_and_set() {
    let server = Server::start();
    assert_eq!(counter(&server, &["get", "/c"]).ok(), "0\n");
    assert!(server.hooks().node("/c").is_none(), "reading makes nothing");
    assert_eq!(counter(&server, &["add", "/c"]).ok(), "1\n");
    assert_eq!(counter(&server, &["add", "/c", "-5"]).ok(), "-4\n");
    assert_eq!(
        counter(&server, &["add", "/c", "10", "--json"]).ok(),
        "{\"after\":6,\"before\":-4,\"path\":\"/c\"}\n"
    );
    assert_eq!(counter(&server, &["set", "/c", "-7"]).ok(), "");
    assert_eq!(
        counter(&server, &["get", "/c", "--json"]).ok(),
        "{\"path\":\"/c\",\"value\":-7}\n"
    );
    // Whoever counted has left nothing but the number.
    assert_eq!(server.below("/c"), [""; 0]);
    assert_eq!(server.data("/c"), (-7_i64).to_be_bytes());
}

#[test]
fn numbers_of_other_sizes_and_of_kazoo_are_shared() {
    let server = Server::start();
    counter(&server, &["add", "/i", "3", "--int"]).ok();
    assert_eq!(server.data("/i"), 3_i32.to_be_bytes());
    counter(&server, &["add", "/k", "3", "--layout", "kazoo"]).ok();
    assert_eq!(server.data("/k"), b"3");
    let (code, message) = counter(&server, &["get", "/i"]).fails();
    assert_eq!(code, 1);
    assert_eq!(
        message,
        "zkctl: cannot read /i as a number: the 4 bytes there are not 8 bytes; AtomicLong stores 8 bytes, AtomicInt and SharedCount 4\n"
    );
}

#[test]
fn a_number_that_is_not_the_expected_one_is_left_alone() {
    let server = Server::start();
    counter(&server, &["set", "/c", "7"]).ok();
    let (code, message) = counter(&server, &["compare", "/c", "6", "8"]).fails();
    assert_eq!(
        (code, message.as_str()),
        (1, "zkctl: /c was left alone: it is 7\n")
    );
    assert_eq!(counter(&server, &["compare", "/c", "7", "8"]).ok(), "");
    let done = counter(&server, &["compare", "/c", "7", "9", "--json"]).run();
    assert_eq!(done.code, Some(1));
    assert_eq!(
        done.text(),
        "{\"done\":false,\"path\":\"/c\",\"value\":8}\n"
    );
    assert_eq!(counter(&server, &["get", "/c"]).ok(), "8\n");
}

#[test]
fn a_number_that_does_not_fit_is_refused() {
    let server = Server::start();
    let (code, message) = counter(&server, &["add", "/c", "2147483648", "--int"]).fails();
    assert_eq!(
        (code, message.as_str()),
        (64, "zkctl: 2147483648 does not fit into 32 bits (--int)\n")
    );
    counter(&server, &["set", "/c", "9223372036854775807"]).ok();
    let (code, message) = counter(&server, &["add", "/c"]).fails();
    assert_eq!(
        (code, message.as_str()),
        (
            1,
            "zkctl: cannot change /c: the result does not fit into 64 bits\n"
        )
    );
    let (code, _) = counter(&server, &["add", "/c", "many"]).fails();
    assert_eq!(code, 64);
}

#[test]
fn processes_count_each_change_once() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    counter(&server, &["add", "/c"]).ok();
                }
            });
        }
    });
    assert_eq!(counter(&server, &["get", "/c"]).ok(), "20\n");
}
