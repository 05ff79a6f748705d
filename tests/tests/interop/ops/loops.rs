//! Work that belongs to one session.

use zk_client::{ErrorKind, OnExpiry, State};
use zk_recipes::CreateMode;
use zk_tests::{RealServer, deadline};

use super::handed_over::{id, ticket};
use super::in_lanes;
use super::states::{LIMIT, Lane, Ours, end};

/// How often work is interrupted in each lane: 50 times in all of them together.
const TURNS: usize = 5;

/// What is to become of work when its session ends.
#[derive(Clone, Copy)]
enum Mode {
    Fails,
    BeginsAgain,
}

impl Lane {
    /// Curator's works under its loop, and ours with the same policy; then both sessions are ended.
    async fn works(&mut self, turn: usize, mode: Mode) {
        let (policy, word) = match mode {
            Mode::Fails => (OnExpiry::Stop, "fail"),
            Mode::BeginsAgain => (OnExpiry::NewSession, "retry"),
        };
        let [of_ours, of_curators] =
            ["r", "j"].map(|side| format!("{}/{word}-{turn}-{side}", self.at));
        let mut ours = Ours::connect(&self.proxy.connect_string(), policy).await;
        let zk = ours.zk.clone();
        let keep = |path: String| zk.create(&path, "").mode(CreateMode::Ephemeral).submit();
        keep(format!("{of_ours}1")).await.unwrap();
        let session = ticket(&self.curator.ask("id").await);
        let proxy = &self.proxy;
        let interrupt = async {
            let begun = || async {
                self.witness
                    .exists(&format!("{of_curators}1"))
                    .await
                    .unwrap()
            };
            deadline(LIMIT)
                .until_some("Curator's to begin", begun)
                .await;
            proxy.refuse(u64::MAX);
            proxy.cut();
            end(session).await;
            let connect = RealServer::shared().connect_string();
            let order = format!("end {connect} {}", id(&ours.ticket));
            self.kazoo.ask(&order).await;
            proxy.refuse(0);
        };
        let order = format!("work {of_curators} {word}");
        match mode {
            Mode::Fails => {
                let (why, ()) = tokio::join!(self.curator.refused(&order), interrupt);
                assert!(why.contains("SessionFailedException"), "{why}");
                while ours.state().await != (State::Expired { generation: 1 }) {}
                let error = ours.zk.get(&self.at).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::SessionExpired, "{error}");
            }
            Mode::BeginsAgain => {
                let (begun, ()) = tokio::join!(self.curator.ask(&order), interrupt);
                assert_eq!(begun, "2");
                ours.has_second_session().await;
                keep(format!("{of_ours}2")).await.unwrap();
            }
        }
        for told in ["SUSPENDED", "LOST", "RECONNECTED"] {
            self.curator.ask(&format!("until {told}")).await;
        }
        let again = matches!(mode, Mode::BeginsAgain);
        for node in [&of_ours, &of_curators] {
            for (number, wanted) in [(1, false), (2, again)] {
                let found = self
                    .witness
                    .exists(&format!("{node}{number}"))
                    .await
                    .unwrap();
                assert_eq!(found.is_some(), wanted, "{node}{number}");
            }
        }
        ours.zk.close().await.unwrap();
    }

    async fn works_in_turns(mut self) {
        for turn in 0..TURNS {
            let mode = match turn % 2 {
                0 => Mode::Fails,
                _ => Mode::BeginsAgain,
            };
            self.works(turn, mode).await;
        }
        self.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_ours_and_of_curators_loop_fails_or_begins_again_when_its_session_ends() {
    in_lanes(|lane| async move { Lane::open("loop", lane).await.works_in_turns().await }).await;
}
