//! Who uses what: every client uses every recipe at the same time.

pub(super) mod barriers;
pub(super) mod caches;
pub(super) mod clock_leases;
pub(super) mod elections;
pub(super) mod followers;
pub(super) mod kept;
pub(super) mod limits;
pub(super) mod locks;
pub(super) mod numbers;
pub(super) mod parts;
pub(super) mod queues;
pub(super) mod shards;
pub(super) mod transactions;
pub(super) mod values;

use tokio::task::JoinSet;
use zk_recipes::GroupLayout;

use super::worker::Worker;

/// Starts all the workers of one client; `worker` makes one of a name.
pub(super) fn start(tasks: &mut JoinSet<()>, worker: impl Fn(&'static str) -> Worker) {
    tasks.spawn(locks::mutex(worker("mutex")));
    tasks.spawn(locks::reentrant(worker("reentrant")));
    tasks.spawn(locks::read_and_write(worker("rw")));
    tasks.spawn(locks::semaphore_mutex(worker("semmutex")));
    tasks.spawn(locks::multi(worker("multi")));
    tasks.spawn(limits::semaphore(worker("semaphore")));
    tasks.spawn(limits::lease(worker("lease")));
    tasks.spawn(clock_leases::lease(worker("clock")));
    tasks.spawn(limits::rate(worker("rate")));
    tasks.spawn(elections::terms(worker("election")));
    tasks.spawn(elections::latch(worker("latch")));
    tasks.spawn(elections::observe(worker("observer")));
    tasks.spawn(numbers::long(worker("long")));
    tasks.spawn(numbers::int(worker("int")));
    tasks.spawn(numbers::block(worker("block")));
    tasks.spawn(values::atomic(worker("value")));
    tasks.spawn(values::shared(worker("shared")));
    tasks.spawn(values::count(worker("count")));
    tasks.spawn(values::follow(worker("follower")));
    tasks.spawn(barriers::gate(worker("gate")));
    tasks.spawn(barriers::flag(worker("flag")));
    tasks.spawn(barriers::count_down(worker("countdown")));
    tasks.spawn(barriers::double(worker("double")));
    tasks.spawn(barriers::cyclic(worker("cyclic")));
    for kind in queues::KINDS {
        tasks.spawn(queues::queue(worker(kind.name), kind));
    }
    tasks.spawn(shards::shards(worker("shards")));
    tasks.spawn(shards::grow(worker("growers")));
    for what in kept::What::ALL {
        tasks.spawn(kept::keep(worker(what.name()), what));
    }
    for layout in [GroupLayout::GroupMember, GroupLayout::Party] {
        let name = if layout == GroupLayout::Party {
            "parties"
        } else {
            "groups"
        };
        tasks.spawn(followers::roster(worker(name), layout));
    }
    tasks.spawn(followers::view(worker("views")));
    for of in caches::Of::ALL {
        tasks.spawn(caches::follow(worker(of.name()), of));
    }
    tasks.spawn(caches::write(worker("tree")));
    tasks.spawn(parts::part(worker("parts")));
    tasks.spawn(transactions::transfers(worker("transfers")));
    tasks.spawn(transactions::conditions(worker("conditions")));
    let changer = worker("capacity");
    if changer.number == 0 {
        tasks.spawn(limits::capacity(changer));
        tasks.spawn(barriers::keeper(worker("keeper")));
    }
}
