//! Random histories: legal ones are accepted, and each way to break one rule is found out.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use zk_checkers::{
    ChangeKind, Conviction, Function, History, Leftover, Op, Outcome, Property, Request,
    SessionStep, WatchMode, check,
};
use zk_wire::{SessionId, Zxid};

use crate::model::{Chance, legal};

/// A way to break one rule: says whether there was an occasion.
type Mutation = fn(&mut History, &mut Chance) -> bool;

/// One of the places that fit.
fn pick<T>(all: &[T], chance: &mut Chance, fits: impl Fn(&T) -> bool) -> Option<usize> {
    let places: Vec<usize> = (0..all.len()).filter(|place| fits(&all[*place])).collect();
    let count = u64::try_from(places.len()).unwrap();
    (count > 0).then(|| places[usize::try_from(chance.below(count)).unwrap()])
}

fn change_op(
    history: &mut History,
    chance: &mut Chance,
    fits: impl Fn(&Op) -> bool,
    change: impl Fn(&mut Op),
) -> bool {
    let place = pick(&history.ops, chance, fits);
    place.is_some_and(|place| {
        change(&mut history.ops[place]);
        true
    })
}

fn expired(history: &History) -> Vec<SessionId> {
    let rows = history.truth.sessions.iter();
    let expired = rows.filter(|row| row.what == SessionStep::Expired);
    expired.map(|row| row.session).collect()
}

fn done(op: &Op, function: Function) -> bool {
    op.outcome == Outcome::Ok && op.function == function
}

const MUTATIONS: [(Property, &str, Mutation); 23] = [
    (
        Property::Read,
        "a read answers another version",
        |history, chance| {
            change_op(
                history,
                chance,
                |op| done(op, Function::Get),
                |op| {
                    op.version = op.version.map(|version| version + 1);
                },
            )
        },
    ),
    (
        Property::Read,
        "a read answers data of nobody",
        |history, chance| {
            let data = history.text("nobody's");
            change_op(
                history,
                chance,
                |op| done(op, Function::Get),
                |op| op.reply = data,
            )
        },
    ),
    (Property::G1, "a reply goes back", |history, chance| {
        change_op(
            history,
            chance,
            |op| done(op, Function::Get),
            |op| {
                op.at = Zxid::from_raw(op.seen.as_raw() - 1);
            },
        )
    }),
    (
        Property::G2,
        "a write that was done is not in the log",
        |history, chance| {
            let place = pick(&history.ops, chance, |op| done(op, Function::Set));
            place.is_some_and(|place| {
                let zxid = history.ops[place].mzxid;
                let changes = &mut history.truth.changes;
                changes.retain(|change| change.zxid != zxid);
                true
            })
        },
    ),
    (
        Property::G2,
        "a write that was done is called not applied",
        |history, chance| {
            change_op(
                history,
                chance,
                |op| done(op, Function::Set),
                |op| {
                    op.outcome = Outcome::NotApplied;
                },
            )
        },
    ),
    (
        Property::G2,
        "a read is called unknown",
        |history, chance| {
            change_op(
                history,
                chance,
                |op| done(op, Function::Get),
                |op| {
                    op.outcome = Outcome::Unknown;
                },
            )
        },
    ),
    (Property::G3, "an event is lost", |history, chance| {
        // With its session's end an event may be lost.
        let expired = expired(history);
        let place = pick(&history.events, chance, |event| {
            !expired.contains(&event.session)
        });
        place.is_some_and(|place| {
            history.events.remove(place);
            true
        })
    }),
    (Property::G3, "an event comes twice", |history, chance| {
        let place = pick(&history.events, chance, |_| true);
        place.is_some_and(|place| {
            let again = history.events[place];
            history.events.push(again);
            true
        })
    }),
    (
        Property::G3,
        "a read leaves a watch that nobody ever tells",
        |history, chance| {
            let last = history
                .truth
                .changes
                .iter()
                .rev()
                .find(|one| one.kind == ChangeKind::Set);
            let Some(last) = last.copied() else {
                return false;
            };
            let expired = expired(history);
            change_op(
                history,
                chance,
                |op| {
                    done(op, Function::Get)
                        && op.watch == WatchMode::No
                        && op.path == last.path
                        && op.at < last.zxid
                        && !expired.contains(&op.session)
                },
                |op| op.watch = WatchMode::Once,
            )
        },
    ),
    (
        Property::G4,
        "an expired session writes",
        |history, chance| {
            let place = pick(&history.truth.changes, chance, |one| {
                one.kind == ChangeKind::Expire
            });
            let last = history.truth.changes.last().copied();
            place.zip(last).is_some_and(|(place, last)| {
                let mut late = last;
                late.session = history.truth.changes[place].session;
                late.kind = ChangeKind::Create;
                late.path = history.text("/late");
                late.owner = SessionId::NONE;
                late.at = history.limits.ended;
                history.truth.changes.push(late);
                true
            })
        },
    ),
    (
        Property::L1,
        "a lock is granted before the holder's node is gone",
        |history, chance| {
            let grants: Vec<(Zxid, usize)> = {
                let ops = history.ops.iter().enumerate();
                let granted = ops.filter(|(_, op)| done(op, Function::Acquire));
                let mut grants: Vec<_> = granted.map(|(place, op)| (op.token, place)).collect();
                grants.sort_unstable();
                grants
            };
            // A waiter: its node was made before the hold ahead of it had ended.
            let waited = pick(&grants, chance, |(token, place)| {
                let before = grants.iter().rev().find(|(other, _)| other < token);
                before.is_some_and(|(_, before)| {
                    let node = history.ops[*before].reply;
                    let gone =
                        history.truth.changes.iter().find(|change| {
                            change.kind == ChangeKind::Delete && change.path == node
                        });
                    gone.is_some_and(|gone| {
                        gone.zxid > *token && Some(gone.at) > Some(history.ops[*place].invoked)
                    })
                })
            });
            waited.is_some_and(|waited| {
                let (token, place) = grants[waited];
                let made = history
                    .truth
                    .changes
                    .iter()
                    .find(|change| change.zxid == token);
                history.ops[place].returned = made.map(|made| made.at);
                true
            })
        },
    ),
    (
        Property::L2,
        "a token is the next zxid",
        |history, chance| {
            change_op(
                history,
                chance,
                |op| done(op, Function::Acquire),
                |op| {
                    op.token = Zxid::from_raw(op.token.as_raw() + 1);
                },
            )
        },
    ),
    (
        Property::L3,
        "a resource takes an old token",
        |history, chance| {
            let count = history.accesses.len();
            let place = pick(&history.accesses, chance, |_| true).filter(|place| place + 1 < count);
            place.is_some_and(|place| {
                let mut again = history.accesses[place];
                again.at = history.limits.ended;
                history.accesses.push(again);
                true
            })
        },
    ),
    (Property::L5, "a holder believes on", |history, chance| {
        let place = pick(&history.beliefs, chance, |belief| {
            belief.says != Conviction::Held
        });
        place.is_some_and(|place| {
            history.beliefs.remove(place);
            true
        })
    }),
    (
        Property::L6,
        "a release is done by nobody's call",
        |history, chance| {
            let place = pick(&history.ops, chance, |op| done(op, Function::Release));
            place.is_some_and(|place| {
                let token = history.ops[place].token;
                history.ops[place].function = Function::Sync;
                let said = |says| says == Conviction::Released;
                history
                    .beliefs
                    .retain(|belief| belief.token != token || !said(belief.says));
                true
            })
        },
    ),
    (Property::G5, "a node is left", |history, _| {
        let path = history.text("/lock/left");
        history.truth.leftovers.push(Leftover {
            path,
            count: 1,
            ..Leftover::default()
        });
        true
    }),
    (
        Property::L9,
        "a hand-over takes many requests",
        |history, chance| {
            // A request of one who had to wait.
            let place = pick(&history.truth.requests, chance, |request| {
                let waits = |op: &&Op| {
                    let during = op.invoked < request.at && op.returned > Some(request.at);
                    done(op, Function::Acquire) && op.session == request.session && during
                };
                let token = history.ops.iter().find(waits).map(|op| op.token);
                let mut changes = history.truth.changes.iter();
                changes.any(|change| {
                    let lock = history.texts.bytes(change.path).starts_with(b"/lock/");
                    let gone = change.kind == ChangeKind::Delete && lock;
                    gone && token.is_some_and(|token| token < change.zxid) && change.at < request.at
                })
            });
            place.is_some_and(|place| {
                let one: Request = history.truth.requests[place];
                history.truth.requests.extend([one; 3]);
                true
            })
        },
    ),
    (
        Property::L4,
        "a guard is of an earlier hold",
        |history, chance| {
            let first = history
                .ops
                .iter()
                .find(|op| done(op, Function::Acquire))
                .copied();
            let Some(first) = first else { return false };
            let guarded = |op: &Op| {
                done(op, Function::Set) && !op.guard.is_empty() && op.token != first.token
            };
            change_op(history, chance, guarded, |op| {
                (op.guard, op.token) = (first.reply, first.token)
            })
        },
    ),
    (
        Property::L7,
        "a grant is on another session's node",
        |history, chance| {
            let session = SessionId::from_raw(0xfff);
            change_op(
                history,
                chance,
                |op| done(op, Function::Acquire),
                |op| op.session = session,
            )
        },
    ),
    (
        Property::L11,
        "a hold is entered again after its end",
        |history, chance| {
            let place = pick(&history.ops, chance, |op| done(op, Function::Release));
            place.is_some_and(|place| {
                let mut op = history.ops[place];
                op.function = Function::Reenter;
                (op.invoked, op.returned) = (history.limits.ended, Some(history.limits.ended));
                history.ops.push(op);
                true
            })
        },
    ),
    (
        Property::G6,
        "a dropped acquire leaves its node",
        |history, chance| {
            let place = pick(&history.ops, chance, |op| {
                op.outcome == Outcome::Cancelled && op.function == Function::Acquire
            });
            place.is_some_and(|place| {
                let op = history.ops[place];
                let node = history.truth.changes.iter().find(|change| {
                    change.session == op.session
                        && change.at > op.invoked
                        && change.kind == ChangeKind::Create
                });
                let node = node.map(|node| node.path);
                history.truth.changes.retain(|change| {
                    change.kind == ChangeKind::Create || Some(change.path) != node
                });
                true
            })
        },
    ),
    (
        Property::G8,
        "an acquire makes more nodes than one",
        |history, chance| {
            let place = pick(&history.truth.changes, chance, |change| {
                change.kind == ChangeKind::Create && !change.owner.is_none()
            });
            place.is_some_and(|place| {
                let mut again = history.truth.changes[place];
                again.at = history.limits.ended;
                for number in 0..100 {
                    again.zxid = Zxid::from_raw((9 << 32) + number);
                    again.path = history.text(&format!("/lock/again-{number:010}"));
                    history.truth.changes.push(again);
                }
                true
            })
        },
    ),
    (Property::G9, "a call never returns", |history, chance| {
        change_op(
            history,
            chance,
            |op| done(op, Function::Get),
            |op| {
                (op.outcome, op.returned) = (Outcome::Pending, None);
            },
        )
    }),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: RngSeed::Fixed(0x7a6b), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_legal_histories_are_accepted_by_all_checkers(seed: u64, steps in 1_usize..150) {
        let history = legal(seed, steps);
        let verdict = check(&history);
        prop_assert!(verdict.is_ok(), "{:#?}\n{history}", verdict.err());
        prop_assert_eq!(&History::parse(&history.to_string()).unwrap().to_string(), &history.to_string());
    }

    #[test]
    fn random_mutations_are_rejected_for_the_rule_that_they_break(seed: u64, which in 0..MUTATIONS.len()) {
        let (property, name, mutate) = MUTATIONS[which];
        let mut history = legal(seed, 80);
        if !mutate(&mut history, &mut Chance(seed)) {
            return Ok(());
        }
        let found = check(&history).err().unwrap_or_default();
        let properties: Vec<Property> = found.iter().map(|violation| violation.property).collect();
        prop_assert!(properties.contains(&property), "{name}: {found:?}\n{history}");
    }
}

#[test]
fn every_mutation_has_its_occasions() {
    for (property, name, mutate) in MUTATIONS {
        let occasions = (0..40)
            .filter(|seed| mutate(&mut legal(*seed, 80), &mut Chance(*seed)))
            .count();
        assert!(occasions >= 5, "{property}, {name}: {occasions} of 40");
    }
}
