//! Candidates who wait.

use zk_recipes::{Client, Election, ElectionLayout, Leadership};

use super::{Queue, Turn, WAITERS, cost};
use crate::kit::{World, settle, spawned};

const AT: &str = "/elections/a";

fn election(zk: &Client, layout: ElectionLayout) -> Election {
    Election::new(zk, AT).unwrap().layout(layout)
}

/// The layouts, and whether the next in line lists once more before it leads: where leaders name successors, one of them
/// may have come in between (`docs/decisions/009-a-term-is-written-into-the-elections-node.md`).
const LAYOUTS: [(ElectionLayout, u64); 3] = [
    (ElectionLayout::Latch, 1),
    (ElectionLayout::Selector, 0),
    (ElectionLayout::Kazoo, 0),
];

#[tokio::test(start_paused = true)]
async fn of_a_thousand_candidates_one_resignation_wakes_one() {
    for (layout, list) in LAYOUTS {
        let world = World::new();
        let zk = world.client().await;
        let leader = election(&zk, layout).elected().await.unwrap();
        let stand = |zk: &Client, _| {
            let election = election(zk, layout);
            async move { election.elected().await.unwrap() }
        };
        let queue: Queue<Leadership> = Queue::new(&world, WAITERS, stand).await;
        assert_eq!(world.left(AT).len(), WAITERS + 1);
        let resign = async { assert!(leader.resign().await.unwrap().was_held) };
        let wake = queue.after(&world, resign).await;
        assert_eq!(wake.woken, [0], "the first in line, and nobody else");
        assert_eq!(wake.through, [0]);
        assert_eq!(wake.events, 1);
        let begins = Turn {
            list,
            write: 1,
            ..Turn::NONE
        };
        assert_eq!(wake.turns[0], begins, "it writes its term down: {layout:?}");
        assert_eq!(wake.others(&[0]), 0);
    }
}

/// Create, list, watch of the own node, watch of the one ahead, record of the term, delete.
#[tokio::test(start_paused = true)]
async fn a_term_among_others_costs_a_known_number_of_requests() {
    for (layout, more) in LAYOUTS {
        let world = World::new();
        let (zk, fresh) = (world.client().await, world.client().await);
        let leader = election(&zk, layout).elected().await.unwrap();
        let spent = cost(&world, &fresh, async {
            let waiting = spawned(election(&fresh, layout).elected());
            settle().await;
            leader.resign().await.unwrap();
            waiting.await.unwrap().unwrap().resign().await.unwrap();
        });
        let expected = Turn {
            create: 1,
            list: 1 + more,
            read: 2,
            delete: 1,
            write: 1,
            ..Turn::NONE
        };
        assert_eq!(spent.await, expected, "{layout:?}");
    }
}
