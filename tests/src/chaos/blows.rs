//! What happens to the servers.

use std::thread;
use std::time::{Duration, Instant};

use super::diary::Diary;
use crate::dice::Dice;
use crate::{Ensemble, Member, deadline};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blow {
    KillLeader,
    KillFollower,
    PauseLeader,
    PauseFollower,
    LeaderFromPeers,
    FollowerFromPeers,
    FollowerFromAll,
    NoQuorum,
}

/// How long all may take to serve again.
const RECOVERY: Duration = Duration::from_secs(90);

impl Blow {
    pub(super) const ALL: [Self; 8] = [
        Self::KillLeader,
        Self::KillFollower,
        Self::PauseLeader,
        Self::PauseFollower,
        Self::LeaderFromPeers,
        Self::FollowerFromPeers,
        Self::FollowerFromAll,
        Self::NoQuorum,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::KillLeader => "leader killed",
            Self::KillFollower => "follower killed",
            Self::PauseLeader => "leader paused",
            Self::PauseFollower => "follower paused",
            Self::LeaderFromPeers => "leader cut off its peers",
            Self::FollowerFromPeers => "follower cut off its peers",
            Self::FollowerFromAll => "follower cut off everybody",
            Self::NoQuorum => "both followers paused",
        }
    }

    /// Strikes, waits, and undoes it.
    fn strike(self, ensemble: &Ensemble, lasts: Duration) {
        let leader = ensemble.leader();
        let followers: Vec<Member> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
        let follower = followers[0];
        let killed = |member| {
            ensemble.kill(member);
            thread::sleep(lasts);
            ensemble.restart(member);
        };
        let paused = |members: &[Member]| {
            members.iter().for_each(|member| ensemble.pause(*member));
            thread::sleep(lasts);
            members.iter().for_each(|member| ensemble.unpause(*member));
        };
        let cut = |member, cut: fn(&Ensemble, Member)| {
            cut(ensemble, member);
            thread::sleep(lasts);
            ensemble.heal(member);
        };
        match self {
            Self::KillLeader => killed(leader),
            Self::KillFollower => killed(follower),
            Self::PauseLeader => paused(&[leader]),
            Self::PauseFollower => paused(&[follower]),
            Self::NoQuorum => paused(&followers),
            Self::LeaderFromPeers => cut(leader, Ensemble::cut_from_peers),
            Self::FollowerFromPeers => cut(follower, Ensemble::cut_from_peers),
            Self::FollowerFromAll => cut(follower, Ensemble::cut_from_all),
        }
    }
}

/// One blow after the other, each kind at least once, until the time is over; blocks.
pub(super) fn rain(ensemble: &Ensemble, diary: &Diary, dice: &mut Dice, time: Duration) {
    let begun = Instant::now();
    let mut round = Vec::new();
    let mut rounds = 0;
    while rounds <= 1 || begun.elapsed() < time {
        let Some(blow) = round.pop() else {
            rounds += 1;
            round = Blow::ALL.to_vec();
            dice.shuffle(&mut round);
            continue;
        };
        let lasts = Duration::from_millis(1500 + dice.below(5000) as u64);
        blow.strike(ensemble, lasts);
        ensemble.wait_until_all_serve(&deadline(RECOVERY));
        diary.count(blow.name());
        thread::sleep(Duration::from_millis(500 + dice.below(1500) as u64));
    }
}
