//! Operations.

use zk_wire::{Moment, SessionId, Zxid};

use super::change::NodeKind;
use super::watch::WatchMode;
use crate::text::{Text, record, words};

words! {
    /// What was called.
    pub enum Function {
        /// Data and Stat of a node.
        Get = "get",
        /// The Stat of a node, or that there is none.
        Exists = "exists",
        /// The names of a node's children.
        Children = "children",
        /// Makes a node.
        Create = "create",
        /// Sets a node's data.
        Set = "set",
        /// Deletes a node.
        Delete = "delete",
        /// Registers a watch and reads nothing.
        Watch = "watch",
        /// Brings the server up to date.
        Sync = "sync",
        /// Waits for a lock.
        Acquire = "acquire",
        /// Takes a lock if it is free.
        TryAcquire = "try_acquire",
        /// Waits to read beside others.
        ReadLock = "read_lock",
        /// Reads beside others if no writer is ahead.
        TryReadLock = "try_read_lock",
        /// Waits to write alone.
        WriteLock = "write_lock",
        /// Writes alone if nobody is ahead.
        TryWriteLock = "try_write_lock",
        /// Goes on reading in the place of a writer, whose node is `from`.
        Downgrade = "downgrade",
        /// Waits for a permit of a semaphore, or several.
        Permit = "permit",
        /// Takes a permit of a semaphore, or several, if there is room now.
        TryPermit = "try_permit",
        /// Changes how many permits a semaphore has.
        Resize = "resize",
        /// Waits to lead an election, in a term whose number is `mzxid`.
        Stand = "stand",
        /// Leads an election if there is no other candidate.
        TryStand = "try_stand",
        /// Tells observers something in a term.
        Announce = "announce",
        /// Makes the candidate that calls itself `data` the next after the leader, whose node is `guard`.
        HandOver = "hand_over",
        /// Learns of a term, whose number is `mzxid`, from an observer, whose name is `recipe`.
        Observe = "observe",
        /// Enters a lock again that this process holds.
        Reenter = "reenter",
        /// Gives a lock back.
        Release = "release",
        /// Ends the client.
        Close = "close",
        /// Object: reads its value.
        Read = "read",
        /// Object: writes `data`.
        Write = "write",
        /// Object: writes `data` if the value is `from`.
        CompareAndSet = "compare_and_set",
        /// Object: adds the number in `data`, and answers the sum.
        Add = "add",
        /// Value: makes something else of it, by the number in `data` if there is one; answers what was there in
        /// `from` and what is there in `reply`.
        Change = "change",
        /// Value: writes `data` whatever is there.
        Replace = "replace",
        /// Value: writes `data` if `from` is there, or if the write `token` is the last one.
        ReplaceIf = "replace_if",
        /// Value: reads it; makes it with `data` if it is not there and that is not empty.
        Look = "look",
        /// Value: waits for the next one of the stream `recipe`.
        Follow = "follow",
        /// Latch: counts once, from `data` if nobody has; answers how many counts are left.
        CountDown = "count_down",
        /// Block counter: the next number of the handle `recipe`.
        Next = "next",
        /// Rate limiter: waits for as many permits as `data` says; there are `expected` in a window of `from` ms.
        Spend = "spend",
        /// Gate: makes its node.
        Raise = "raise",
        /// Gate: deletes its node; answers whether there was one.
        Lower = "lower",
        /// Gate: waits until there is no node.
        AwaitAbsent = "await_absent",
        /// Gate: waits until there is a node.
        AwaitPresent = "await_present",
        /// Latch: waits until no counts are left.
        AwaitZero = "await_zero",
        /// Double barrier of `expected` members: enters; answers the member's node.
        Enter = "enter",
        /// Double barrier: leaves with the node in `reply`.
        Leave = "leave",
        /// Cyclic barrier of `expected` parties: arrives; answers the number of the round.
        Arrive = "arrive",
        /// Queue: puts the item `data`, before those of a higher `expected`, not to be had before `from` ms; with those of the
        /// same `together`, in one transaction; while there are no more than `capacity`, exactly so if `sequential`.
        Put = "put",
        /// Queue: takes an item out; in order, if `sequential`. One of up to `expected` that are taken in one transaction.
        Take = "take",
        /// Queue: takes an item and leaves it there, behind the node `guard`, whose zxid is `token`; in order, if `sequential`.
        Claim = "claim",
        /// Queue: takes out the item `data` that it has claimed.
        Complete = "complete",
        /// Queue: lets others have the item `data` that it has claimed.
        GiveBack = "give_back",
        /// Kept node: is there with `data` from now on; answers its zxid in `token`. Of `kind` `ttl` it goes `from` ms after
        /// nobody keeps it any more.
        Keep = "keep",
        /// Kept node: holds `data` from now on.
        Provide = "provide",
        /// Kept node: is there no longer; with `data` until it is kept again by the same keeper.
        Unkeep = "unkeep",
        /// Transaction: writes `data` to `path` and `guard` if the version of `path` is `expected`, to `entrance` if not; answers
        /// `then` or `otherwise` in `reply`.
        Decide = "decide",
        /// Part of a whole: has it, by the node `reply`, whose zxid is `token`. Not applied with `data`: each is somebody's.
        Own = "own",
        /// Part of a whole: has it no longer.
        Disown = "disown",
        /// Local picture of what is below `path`: says what it holds, in the lines `cached` of the number `expected`; none of
        /// it older than `from` ms, nor than the write `token`. `watch`: whether it is of the node alone, of its children too,
        /// of all below, or (`no`) of its children alone. With `data` the stream of the same name has nothing more to tell.
        /// Calls itself `fresh` or `stale` in `reply`.
        Picture = "picture",
    }
}

words! {
    /// How a call ended.
    pub enum Outcome {
        /// Not yet: it was still waiting when the run ended.
        Pending = "pending",
        /// It did what it says.
        Ok = "ok",
        /// It surely changed nothing.
        NotApplied = "not_applied",
        /// It may have changed something, or may yet do so.
        Unknown = "unknown",
        /// The caller dropped it after `polls` polls.
        Cancelled = "cancelled",
    }
}

record! {
    /// One call, from its invocation to its end. The parts of a multi are records of their own with
    /// the same xid and times.
    pub struct Op = "op" {
        /// Who called.
        pub process: u32,
        /// The recipe instance, such as the name of a mutex in this process.
        pub recipe: Text,
        /// What was called.
        pub function: Function,
        /// The node, the lock's directory or the object.
        pub path: Text,
        /// The data to write.
        pub data: Text,
        /// The value a `compare_and_set` or `replace_if` asks for, or a `change` has found.
        pub from: Text,
        /// The version a write asks for.
        pub expected: Option<i32>,
        /// The kind of node to create.
        pub kind: NodeKind,
        /// Whether the server appends a sequence number to the name.
        pub sequential: bool,
        /// The watch to leave behind.
        pub watch: WatchMode,
        /// The lock node whose existence the write is guarded by.
        pub guard: Text,
        /// Where those who want in queue, if that is not where the holders are.
        pub entrance: Text,
        /// The node that says, in four bytes, how many may hold; of a queue, how many items there may be.
        pub capacity: Text,
        /// The word of all calls that get what they ask for together or not at all.
        pub together: Text,
        /// When the call has to give up.
        pub deadline: Option<Moment>,
        /// When it was called.
        pub invoked: Moment,
        /// How often it was polled.
        pub polls: u32,
        /// When it returned or was dropped.
        pub returned: Option<Moment>,
        /// How it ended.
        pub outcome: Outcome,
        /// The server's error code, if an answer said no.
        pub error: i32,
        /// The session's request number, where the recorder knows it.
        pub xid: i32,
        /// The session that it was sent on.
        pub session: SessionId,
        /// The highest zxid the session had seen when it was called.
        pub seen: Zxid,
        /// The zxid of the reply; where it is not known, the highest seen at the return.
        pub at: Zxid,
        /// The answer: data, the created path, the children's names joined by commas. Of a lock: the
        /// node that was got, is given back or is entered again.
        pub reply: Text,
        /// The version in the Stat.
        pub version: Option<i32>,
        /// The creation zxid in the Stat.
        pub czxid: Zxid,
        /// The modification zxid in the Stat.
        pub mzxid: Zxid,
        /// The ephemeral owner in the Stat.
        pub owner: SessionId,
        /// The fencing token of the hold that was got, given back or guards; the write that a `replace_if` is made on.
        pub token: Zxid,
    }
}
