//! What words mean, and what is said about those that mean nothing.

use std::time::Duration;

use super::*;
use crate::core::server_id::ServerId;

fn act(text: &str) -> Action {
    match text.parse::<FaultPlan>().unwrap().then {
        Then::Act(action) => action,
        Then::React(reaction) => panic!("{text} is the reaction {reaction:?}"),
    }
}

fn react(text: &str) -> Reaction {
    match text.parse::<FaultPlan>().unwrap().then {
        Then::React(reaction) => reaction,
        Then::Act(action) => panic!("{text} is the action {action:?}"),
    }
}

const fn server(number: u8) -> Who {
    Who::Server(ServerId::new(number))
}

#[test]
fn actions_are_read_with_their_servers_and_times() {
    let parts = vec![vec![server(1)], vec![server(2), server(3)]];
    assert_eq!(act("partition 1|2,3"), Action::Partition(parts.clone()));
    assert_eq!(act(" partition  1 | 2, 3 "), Action::Partition(parts));
    assert_eq!(
        act("one-way 1 leader"),
        Action::OneWay(server(1), Who::Leader)
    );
    let lag = Duration::from_millis(500);
    assert_eq!(act("lag follower 500ms"), Action::Lag(Who::Follower, lag));
    assert_eq!(act("pause all"), Action::Pause(Who::All, true));
    assert_eq!(act("expire all"), Action::Expire(None));
    let session = SessionId::from_raw(0x0100_0000_0000_000f);
    assert_eq!(
        act("expire 0x010000000000000f"),
        Action::Expire(Some(session))
    );
    assert_eq!(
        act("set-sequence /locks -5"),
        Action::SetSequence("/locks".to_owned(), -5)
    );
}

#[test]
fn a_condition_selects_requests_and_a_reaction_or_an_action_follows() {
    assert_eq!(
        react("on create2 /locks/ #3 x 2 cut-after"),
        Reaction::CutAfterApply
    );
    assert_eq!(
        react("on getData,exists always delay 2s"),
        Reaction::DelayReply(Duration::from_secs(2))
    );
    assert_eq!(
        react("on connect error SessionExpired"),
        Reaction::Error(ErrorCode::SessionExpired)
    );
    assert_eq!(
        react("on any error -101"),
        Reaction::Error(ErrorCode::NoNode)
    );
    assert_eq!(
        act("on create /locks/ kill leader"),
        Action::Kill(Who::Leader)
    );
}

#[test]
fn faults_begin_later_end_by_themselves_and_come_in_rows() {
    let plans = FaultPlan::parse_all("# all of it\nafter 2s freeze for 1s; heal\n\n").unwrap();
    assert_eq!(plans.len(), 2);
    assert!(matches!(plans[0].when, Trigger::After(delay) if delay == Duration::from_secs(2)));
    assert_eq!(plans[0].lasts, Some(Duration::from_secs(1)));
}

#[test]
fn words_without_a_meaning_are_named() {
    for (text, word) in [
        ("explode", "explode"),
        ("", ""),
        ("kill", ""),
        ("kill 0", "0"),
        ("kill 16", "16"),
        ("kill 1 2", "2"),
        ("lag 1 5", "5"),
        ("lag 1 99999999999999999999s", "99999999999999999999s"),
        ("partition", ""),
        ("partition 1|x", "x"),
        ("on dance cut-after", "dance"),
        ("on create2 #x cut-after", "#x"),
        ("on create2 error Oops", "Oops"),
        ("on create2 delay 1", "1"),
        ("heal for 2s", "for"),
        ("on create2 cut-after for 2s", "for"),
        ("expire me", "me"),
    ] {
        match text.parse::<FaultPlan>() {
            Err(Refusal::Words { word: found, .. }) => assert_eq!(found, word, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}
