//! All kinds of requests under way while a session closes, or proves who it is.

use std::time::Duration;

use zk_session::{DigestMd5, Outcome, Submit, WatchKind};
use zk_wire::{
    Acl, AddWatchMode, CreateMode, MultiOp, OpCode, Reader, Request, Response, WatcherKind,
};

use crate::pair::{Pair, config, create, get, get_watched, set};
use crate::server::Reaction;

fn every_kind() -> Vec<(Request, Option<WatchKind>)> {
    let path = || "/a".to_owned();
    let plain = [
        create("/a", CreateMode::Persistent),
        create("/a-", CreateMode::EphemeralSequential),
        create("/box", CreateMode::Container),
        Request::Delete {
            path: path(),
            version: -1,
        },
        Request::Exists {
            path: path(),
            watch: false,
        },
        get("/a"),
        set("/a"),
        Request::GetAcl { path: path() },
        Request::SetAcl {
            path: path(),
            acl: vec![Acl::open()],
            version: -1,
        },
        Request::GetChildren {
            path: path(),
            watch: false,
        },
        Request::GetChildren2 {
            path: path(),
            watch: false,
        },
        Request::Sync { path: path() },
        Request::GetEphemerals { prefix: path() },
        Request::Multi(Vec::new()),
        Request::Multi(vec![MultiOp::Check {
            path: path(),
            version: -1,
        }]),
        Request::CheckWatches {
            path: path(),
            kind: WatcherKind::Any,
        },
    ];
    let lasting = Request::AddWatch {
        path: path(),
        mode: AddWatchMode::PersistentRecursive,
    };
    let watched = [
        (get_watched("/a"), WatchKind::Data),
        (lasting, WatchKind::Recursive),
    ];
    let plain = plain.into_iter().map(|request| (request, None));
    plain
        .chain(watched.map(|(request, kind)| (request, Some(kind))))
        .collect()
}

/// Answered, withheld, and cut on either side: how each request can end.
#[test]
fn zk591_zk981_zk897_zk898_zk1105_zk2073_zk2891_zk2894_b27_a_close_ends_each_kind_of_request_once()
{
    let kinds = every_kind();
    for (request, kind) in &kinds {
        for reaction in [
            None,
            Some(Reaction::Hold),
            Some(Reaction::CutBefore),
            Some(Reaction::CutAfter),
        ] {
            let mut pair = Pair::usual();
            if let Some(reaction) = reaction {
                let op = request.op_code();
                pair.server
                    .on(move |request| request.op_code() == op, 0, reaction);
            }
            let mut submit = Submit::new();
            submit.watch = *kind;
            let sent = pair.submit_with(request.clone(), submit);
            let queued = pair
                .session
                .submit(pair.now, request.clone(), submit)
                .unwrap()
                .id;
            let begun = pair.now;
            pair.session.close(pair.now);
            pair.pump();
            pair.run_until(|pair| pair.session.state().is_terminal());
            assert!(pair.now - begun <= Duration::from_secs(3), "{request:?}");
            // `outcome` fails if there are two.
            for id in [sent, queued] {
                assert!(pair.outcome(id).is_some(), "{request:?} {reaction:?}");
            }
            pair.run_for(Duration::from_secs(60));
            assert_eq!(pair.session.poll_timeout(), None, "nothing goes on");
        }
    }
    let ops: std::collections::BTreeSet<OpCode> =
        kinds.iter().map(|(request, _)| request.op_code()).collect();
    assert!(ops.len() >= 15, "{ops:?}");
}

/// However a step of SASL goes wrong: what is queued behind it ends once, and is answered as what it is.
#[test]
fn zk4299_zk4342_zk4604_zk4699_requests_behind_any_failure_of_sasl_end_once() {
    let faults = [
        Reaction::CutBefore,
        Reaction::CutAfter,
        Reaction::Hold,
        Reaction::Swallow,
        Reaction::WrongXid,
        Reaction::Huge(i32::MAX),
        Reaction::RefuseEarly(-115),
        Reaction::RefuseAndClose(-115),
        Reaction::RefuseAndClose(-124),
    ];
    let is_sasl = |request: &Request| matches!(request, Request::Sasl { .. });
    let mut answered = 0;
    for fault in faults {
        for (step, closes) in [(0, false), (0, true), (1, false), (1, true)] {
            let mut config = config();
            config.sasl = Some(DigestMd5::new("alice", "wonderland"));
            let mut pair = Pair::new(config);
            pair.server.on(is_sasl, step, fault);
            let queued: Vec<_> = every_kind()
                .into_iter()
                .map(|(request, watch)| {
                    let op = request.op_code();
                    let mut submit = Submit::new();
                    submit.watch = watch;
                    (op, pair.submit_with(request, submit))
                })
                .collect();
            pair.run_until(|pair| pair.received(is_sasl).len() > step);
            if closes {
                pair.session.close(pair.now);
                pair.pump();
            }
            // `outcome` fails if there are two.
            pair.run_until(|pair| queued.iter().all(|(_, id)| pair.outcome(*id).is_some()));
            let is_create = |op: &OpCode| matches!(op, OpCode::Create2 | OpCode::CreateContainer);
            for (op, id) in queued.iter().filter(|(op, _)| is_create(op)) {
                if let Some(Outcome::Reply {
                    result: Ok(body), ..
                }) = pair.outcome(*id)
                {
                    let read = Response::decode(*op, &mut Reader::new(body.clone()));
                    assert!(
                        matches!(read, Ok(Response::Created { .. })),
                        "{fault:?}: {read:?}"
                    );
                    answered += 1;
                }
            }
            if closes {
                pair.run_until(|pair| pair.session.state().is_terminal());
            }
        }
    }
    assert!(answered >= 30, "{answered}");
}
