//! Whatever happens: nothing acknowledged is lost, and all servers come to the same tree.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use zk_wire::CreateMode;

use super::{MemberState, World, world_with};
use crate::core::tests::rig::{Got, Peer, create};
use crate::core::{Fact, ServerId};

#[derive(Clone, Debug)]
enum Deed {
    Write(u8),
    Wait(u64),
    Crash(u8),
    Restart(u8),
    Split(u8),
    OneWay(u8, u8),
    Heal,
    Depose,
    Pause(u8, bool),
    Lag(u8, u64),
    Slow(u8, u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let server = || 1..=5_u8;
    prop_oneof![
        8 => server().prop_map(Deed::Write),
        6 => (1..4000_u64).prop_map(Deed::Wait),
        1 => server().prop_map(Deed::Crash),
        2 => server().prop_map(Deed::Restart),
        4 => (0..32_u8).prop_map(Deed::Split),
        1 => (server(), server()).prop_map(|(from, to)| Deed::OneWay(from, to)),
        2 => Just(Deed::Heal),
        1 => Just(Deed::Depose),
        1 => (server(), any::<bool>()).prop_map(|(server, pause)| Deed::Pause(server, pause)),
        1 => (server(), 0..2000_u64).prop_map(|(server, lag)| Deed::Lag(server, lag)),
        1 => (server(), 0..500_u64).prop_map(|(server, delay)| Deed::Slow(server, delay)),
    ]
}

/// A split that lasts long enough for two leaders, with writes on both sides.
fn schism() -> impl Strategy<Value = Vec<Deed>> {
    (0..32_u8, vec(1..=5_u8, 4..8), 2500..5000_u64).prop_map(|(set, writers, lasts)| {
        let mut deeds = vec![Deed::Split(set)];
        deeds.extend(writers.iter().map(|&writer| Deed::Write(writer)));
        deeds.push(Deed::Wait(lasts));
        deeds.extend(writers.iter().map(|&writer| Deed::Write(writer)));
        deeds.extend([Deed::Heal, Deed::Wait(500)]);
        deeds
    })
}

fn story() -> impl Strategy<Value = Vec<Deed>> {
    let chapter = prop_oneof![
        4 => vec(deed(), 1..8),
        1 => schism(),
    ];
    vec(chapter, 1..10).prop_map(|chapters| chapters.concat())
}

/// A client that is at a server if it can be.
struct Client {
    peer: Option<Peer>,
    unanswered: Vec<(i32, String)>,
}

struct Story {
    world: World,
    clients: Vec<Client>,
    written: u32,
    acknowledged: Vec<String>,
}

impl Story {
    fn new(servers: u8, latency: u64) -> Self {
        let world = world_with(|config| {
            config.servers = servers;
            config.latency = Duration::from_millis(latency);
            config.server.session_epoch_ms = 1;
        });
        let clients = (0..servers)
            .map(|_| Client {
                peer: None,
                unanswered: Vec::new(),
            })
            .collect();
        Self {
            world,
            clients,
            written: 0,
            acknowledged: Vec::new(),
        }
    }

    fn server(&self, number: u8) -> ServerId {
        ServerId::new((number - 1) % u8::try_from(self.clients.len()).unwrap() + 1)
    }

    fn run(&mut self, deed: &Deed) {
        let now = self.world.now;
        match *deed {
            Deed::Write(number) => self.write(number),
            Deed::Wait(ms) => self.world.advance(ms),
            Deed::Crash(number) => {
                let server = self.server(number);
                self.world.core.crash(now, server);
            }
            Deed::Restart(number) => {
                let server = self.server(number);
                self.world.core.restart(now, server);
            }
            Deed::Split(set) => {
                let (left, right): (Vec<ServerId>, Vec<ServerId>) = self
                    .world
                    .core
                    .servers()
                    .into_iter()
                    .partition(|server| set & (1 << (server.number() - 1)) != 0);
                self.world.core.partition(now, &[&left, &right]);
            }
            Deed::OneWay(from, to) => {
                let (from, to) = (self.server(from), self.server(to));
                self.world.core.block(from, to);
            }
            Deed::Heal => self.world.core.heal(now),
            Deed::Depose => {
                self.world.core.depose(now);
            }
            Deed::Pause(number, pause) => {
                let server = self.server(number);
                self.world.core.pause(now, server, pause);
            }
            Deed::Lag(number, ms) => {
                let server = self.server(number);
                self.world.core.lag(now, server, Duration::from_millis(ms));
            }
            Deed::Slow(number, ms) => {
                let server = self.server(number);
                self.world.core.slow_log(server, Duration::from_millis(ms));
            }
        }
        self.collect();
    }

    fn write(&mut self, number: u8) {
        let server = self.server(number);
        let at = usize::from(server.number() - 1);
        let gone = match &self.clients[at].peer {
            Some(peer) => self.world.core.poll_closed(peer.key),
            None => true,
        };
        if gone {
            self.clients[at].unanswered.clear();
            let answer = self.world.answer_at(server, 40_000);
            self.clients[at].peer = answer.map(|(key, response)| Peer::new(key, &response));
        }
        if let Some(peer) = &mut self.clients[at].peer {
            self.written += 1;
            let path = format!("/{}", self.written);
            let xid = self
                .world
                .send(peer, &create(&path, CreateMode::Persistent));
            self.clients[at].unanswered.push((xid, path));
        }
    }

    fn collect(&mut self) {
        for client in &mut self.clients {
            let Some(peer) = &mut client.peer else {
                continue;
            };
            for got in self.world.got(peer) {
                let Got::Reply { xid, err, .. } = got else {
                    continue;
                };
                let (sent, path) = client.unanswered.remove(0);
                assert_eq!((xid, err), (sent, 0), "answers come in order");
                self.acknowledged.push(path);
            }
        }
    }

    /// Everything is mended, and some time passes.
    fn mend(&mut self) {
        let now = self.world.now;
        self.world.core.heal(now);
        for server in self.world.core.servers() {
            self.world.core.pause(now, server, false);
            self.world.core.restart(now, server);
            self.world.core.lag(now, server, Duration::ZERO);
            self.world.core.slow_log(server, Duration::ZERO);
        }
        self.world.advance(10_000);
        self.collect();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_acknowledged_is_lost_and_all_servers_agree_when_all_is_mended(
        servers in 1..=5_u8,
        latency in prop_oneof![Just(0), 1..50_u64],
        deeds in story(),
    ) {
        let mut story = Story::new(servers, latency);
        story.world.core.witness(true);
        for deed in &deeds {
            story.run(deed);
        }
        story.mend();
        let world = &mut story.world;
        let leader = world.core.leader().expect("a mended ensemble has a leader");
        let dump = |world: &World, server| {
            let server = world.core.server(server).unwrap();
            let nodes: Vec<_> = server.paths().iter().map(|path| server.node(path)).collect();
            let sessions: Vec<_> = server.sessions().iter().map(|session| session.id).collect();
            (nodes, sessions)
        };
        let truth = dump(world, leader);
        for member in world.core.members() {
            let fine = matches!(member.state, MemberState::Following | MemberState::Leading);
            prop_assert!(fine, "{member:?}");
            prop_assert_eq!(&dump(world, member.id), &truth);
        }
        let paths = world.paths_at(leader);
        for path in &story.acknowledged {
            prop_assert!(paths.contains(path), "{path} was acknowledged");
        }
        let zxids: Vec<_> = world
            .core
            .drain_truth()
            .into_iter()
            .filter_map(|seen| match seen.fact {
                Fact::Committed { zxid, .. } | Fact::SessionCreated { zxid, .. } => Some(zxid),
                _ => None,
            })
            .collect();
        prop_assert!(zxids.windows(2).all(|pair| pair[0] < pair[1]), "{zxids:?}");
    }

    #[test]
    fn the_same_deeds_have_the_same_consequences(deeds in story()) {
        let run = || {
            let mut story = Story::new(3, 7);
            story.world.core.witness(true);
            for deed in &deeds {
                story.run(deed);
            }
            (story.world.core.drain_truth(), story.acknowledged)
        };
        prop_assert_eq!(run(), run());
    }
}
