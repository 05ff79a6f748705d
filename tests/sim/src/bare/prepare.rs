//! The nodes that the work is about.

use std::time::Duration;

use zk_session::{Event, Session, SessionConfig, SessionState, Submit};
use zk_wire::{Create, CreateMode, Moment, Request};

use super::client::Client;
use crate::paths::{guarded_path, lock_path, register_path};
use crate::plan::Plan;
use crate::world::World;

/// Makes them with a session that no fault strikes, and returns when that is done.
pub(super) fn prepare(plan: &Plan, world: &mut World) -> Result<Moment, String> {
    let mut config = SessionConfig::default();
    config.servers = plan.servers;
    let mut now = Moment::ZERO;
    let seed = plan.seed.stream("prepare").next();
    let mut client = Client::new(
        Session::new(config, now, seed),
        plan.clients,
        Duration::ZERO,
    );
    for (path, mode) in nodes(plan) {
        let create = Request::Create(Create::new(path, "", mode));
        client.submit(now, create, Submit::new());
    }
    loop {
        client.flush(now, world);
        while let Some(event) = client.session.poll_event() {
            match event {
                Event::Done { id, outcome } if outcome.fate().is_some() => {
                    return Err(format!("{id} ended with {outcome:?}"));
                }
                Event::State(SessionState::Closed) => {
                    client.flush(now, world);
                    client.hang_up(world);
                    return Ok(now);
                }
                // Behind what is queued already.
                Event::State(SessionState::Connected { .. }) => client.session.close(now),
                _ => {}
            }
        }
        let next = world.next_deadline().into_iter().chain(client.deadline());
        let Some(next) = next.min().filter(|at| *at < LIMIT) else {
            return Err("it takes for ever".to_owned());
        };
        world.advance(next);
        now = next;
        client.arrive(now, world);
    }
}

const LIMIT: Moment = Moment::from_nanos(60_000_000_000);

fn nodes(plan: &Plan) -> Vec<(String, CreateMode)> {
    let mut nodes = vec![
        ("/registers".to_owned(), CreateMode::Persistent),
        ("/guarded".to_owned(), CreateMode::Persistent),
        ("/locks".to_owned(), CreateMode::Container),
    ];
    for register in 0..plan.registers {
        nodes.push((register_path(register), CreateMode::Persistent));
    }
    for lock in 0..plan.locks {
        nodes.push((guarded_path(lock), CreateMode::Persistent));
        nodes.push((lock_path(lock), CreateMode::Container));
    }
    nodes
}
