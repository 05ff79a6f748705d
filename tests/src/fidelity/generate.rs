//! From a seed to a script.

use bytes::Bytes;
use zk_wire::{AddWatchMode, Create, MultiOp, ReadOp, Request, SetWatches, WatcherKind, Zxid};

use super::acls;
use super::script::{Action, Step, Ticket};
use crate::dice::Dice;

/// The script of a seed, below `root`. Roots of the same length get the same script.
pub(super) fn script(seed: u64, root: &str) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let limited = dice.percent(50);
    let mut generator = Generator {
        dice,
        root,
        limited,
    };
    let length = 30 + generator.dice.below(16);
    let mut steps: Vec<Step> = (0..length).map(|at| generator.step(at)).collect();
    // One at a place of its own, whatever else came up.
    let at = 6 + generator.dice.below(length - 6);
    let action = Action::Ask(Request::Multi(generator.multi()));
    steps[at] = Step {
        who: at % 2,
        action,
    };
    if limited && generator.dice.percent(40) {
        let at = length / 2 + generator.dice.below(length / 4);
        let actions = generator.overstepping();
        for (step, action) in steps.iter_mut().skip(at).zip(actions) {
            *step = Step {
                who: at % 2,
                action,
            };
        }
    }
    steps
}

pub(super) struct Generator<'a> {
    pub(super) dice: Dice,
    pub(super) root: &'a str,
    /// Whether there are quotas. A real server asks them what is in use as of the last answer, more or less, so
    /// then nothing is sent without waiting for it.
    limited: bool,
}

/// Few, so that they meet.
const NAMES: [&str; 18] = [
    "/a", "/a", "/a", "/b", "/b", "/c", "/a/x", "/a/x", "/a/y", "/b/x", "/a/x/z", "/e", "/e",
    "/e/x", "/k", "/k/x", "/t", "",
];
const NUMBERED: [&str; 6] = [
    "/s0000000000",
    "/s0000000001",
    "/s0000000002",
    "/a/s0000000000",
    "/a/s0000000001",
    "/a/0000000002",
];
const STEMS: [&str; 6] = ["/s", "/s", "/a/s", "/a/", "/e/s", "/b/s"];
/// What is put behind the root and is no path.
const MALFORMED: [&str; 11] = [
    "/",
    "//a",
    "/a/",
    "/a//x",
    "/./a",
    "/a/..",
    "/\0",
    "/a\u{1}",
    "/a\u{7f}",
    "/a\u{e000}",
    "/a\u{fff0}",
];

impl Generator<'_> {
    fn step(&mut self, at: usize) -> Step {
        let who = usize::from(self.dice.percent(40));
        // Something has to be there before it can be watched, changed and deleted.
        let action = if at < 4 {
            Action::Ask(Request::Create(self.create()))
        } else {
            self.action()
        };
        Step { who, action }
    }

    fn action(&mut self) -> Action {
        Action::Ask(match self.dice.below(100) {
            0..=19 => Request::Create(self.create()),
            20..=27 => Request::Delete {
                path: self.path(),
                version: self.version(),
            },
            28..=37 => self.set_data(),
            38..=51 => self.read(),
            52..=57 => self.acl_request(),
            58..=63 => Request::Multi(self.multi()),
            64..=65 => Request::MultiRead(self.multi_read()),
            66..=67 => return self.burst_or_quota(),
            68..=72 => Request::AddWatch {
                path: self.path(),
                mode: self.watch_mode(),
            },
            73..=77 => self.watch_request(),
            78..=80 => return Action::Watch(self.set_watches()),
            81..=84 => self.auth(),
            85..=86 => self.small_read(),
            87..=89 => return self.burst_or_quota(),
            90 => Request::CloseSession,
            91 => return Action::Reconnect(self.ticket()),
            92 => return Action::Return(self.many_watches()),
            93..=94 => Request::DeleteContainer { path: self.path() },
            95 => Request::Ping,
            96 => return self.unknown(),
            97 => return self.null(),
            _ => return self.truncated(),
        })
    }

    pub(super) fn path(&mut self) -> String {
        let name = match self.dice.below(100) {
            0..=4 => return self.malformed(),
            5..=14 => self.dice.pick(&NUMBERED),
            _ => self.dice.pick(&NAMES),
        };
        format!("{}{name}", self.root)
    }

    fn malformed(&mut self) -> String {
        match self.dice.below(13) {
            // The empty path is the root for whoever reads, and not the script's own.
            0 => "no-slash".to_owned(),
            1 => "relative".to_owned(),
            at => format!("{}{}", self.root, MALFORMED[at - 2]),
        }
    }

    pub(super) fn version(&mut self) -> i32 {
        *self
            .dice
            .pick(&[-1, -1, -1, -1, 0, 0, 0, 1, 1, 2, 3, -2, i32::MAX])
    }

    pub(super) fn data(&mut self) -> Option<Bytes> {
        let text = match self.dice.below(6) {
            0 => return None,
            1 => "",
            2 => "a little longer",
            _ => "x",
        };
        Some(Bytes::from_static(text.as_bytes()))
    }

    pub(super) fn create(&mut self) -> Create {
        let flags = match self.dice.below(100) {
            0..=39 => 0,
            40..=54 => 1,
            55..=67 => 2,
            68..=75 => 3,
            76..=84 => 4,
            85..=90 => 5,
            91..=95 => 6,
            _ => *self.dice.pick(&[7, -1, 12]),
        };
        let sequential = matches!(flags, 2 | 3 | 6);
        let ttl_mode = matches!(flags, 5 | 6);
        let has_ttl = if ttl_mode {
            self.dice.percent(90)
        } else {
            self.dice.percent(3)
        };
        let path = if sequential && self.dice.percent(85) {
            format!("{}{}", self.root, self.dice.pick(&STEMS))
        } else if flags == 1 && self.dice.percent(50) {
            format!("{}/e", self.root)
        } else if flags == 4 && self.dice.percent(50) {
            format!("{}/k", self.root)
        } else {
            self.path()
        };
        // The counter of the node above is no business of the script's.
        let path = if sequential && path == self.root {
            format!("{path}/s")
        } else {
            path
        };
        Create {
            path,
            data: self.data(),
            acl: acls::acl(&mut self.dice),
            flags,
            ttl: has_ttl.then(|| self.ttl(ttl_mode)),
            stat: self.dice.percent(60),
        }
    }

    /// A negative one for a node that has none, sent as createTTL, would pass the checks of a real
    /// server and then end its process.
    fn ttl(&mut self, ttl_mode: bool) -> i64 {
        let ttl = *self.dice.pick(&[1, 1000, 60_000, 0, -1, i64::MAX, 1 << 40]);
        if ttl_mode { ttl } else { ttl.max(0) }
    }

    pub(super) fn set_data(&mut self) -> Request {
        Request::SetData {
            path: self.path(),
            data: self.data(),
            version: self.version(),
        }
    }

    pub(super) fn read(&mut self) -> Request {
        let (path, watch) = (self.path(), self.dice.percent(60));
        match self.dice.below(4) {
            0 => Request::Exists { path, watch },
            1 => Request::GetData { path, watch },
            2 => Request::GetChildren { path, watch },
            _ => Request::GetChildren2 { path, watch },
        }
    }

    fn small_read(&mut self) -> Request {
        let path = self.path();
        match self.dice.below(4) {
            0 => Request::Sync { path },
            1 => Request::GetAllChildrenNumber { path },
            2 => Request::GetEphemerals {
                prefix: if self.dice.percent(30) {
                    (*self.dice.pick(&["", "/", "relative"])).to_owned()
                } else {
                    path
                },
            },
            _ => Request::WhoAmI,
        }
    }

    pub(super) fn acl_request(&mut self) -> Request {
        let path = self.path();
        if self.dice.percent(40) {
            return Request::GetAcl { path };
        }
        let acl = acls::acl(&mut self.dice);
        let version = self.version();
        Request::SetAcl { path, acl, version }
    }

    pub(super) fn multi(&mut self) -> Vec<MultiOp> {
        let length = self.dice.below(5);
        (0..length).map(|_| self.multi_op()).collect()
    }

    fn burst_or_quota(&mut self) -> Action {
        if self.limited {
            self.quota()
        } else if self.dice.percent(25) {
            Action::Burst(self.refused_create())
        } else {
            Action::Burst(self.burst())
        }
    }

    /// What may be sent without waiting for answers. Not among them: what ends a connection, because it would race
    /// with the answers; and setACL, because a real server checks what follows by the ACL before or after it, as
    /// it happens.
    fn burst(&mut self) -> Vec<Request> {
        let length = 2 + self.dice.below(7);
        (0..length).map(|_| self.in_burst()).collect()
    }

    fn in_burst(&mut self) -> Request {
        match self.dice.below(20) {
            0..=5 => Request::Create(self.create()),
            6..=8 => Request::Delete {
                path: self.path(),
                version: self.version(),
            },
            9..=11 => self.set_data(),
            12..=14 => self.read(),
            15 => Request::Multi(self.multi().into_iter().map(with_ttl).collect()),
            16 => Request::MultiRead(self.multi_read()),
            17 => self.watch_request(),
            18 => Request::Ping,
            _ => Request::Sync { path: self.path() },
        }
    }

    pub(super) fn multi_op(&mut self) -> MultiOp {
        match self.dice.below(10) {
            0..=4 => MultiOp::Create(self.create()),
            5..=6 => MultiOp::Delete {
                path: self.path(),
                version: self.version(),
            },
            7..=8 => MultiOp::SetData {
                path: self.path(),
                data: self.data(),
                version: self.version(),
            },
            _ => MultiOp::Check {
                path: self.path(),
                version: self.version(),
            },
        }
    }

    pub(super) fn multi_read(&mut self) -> Vec<ReadOp> {
        let length = self.dice.below(4);
        let mut one = || {
            let path = self.path();
            if self.dice.percent(50) {
                ReadOp::GetData { path }
            } else {
                ReadOp::GetChildren { path }
            }
        };
        (0..length).map(|_| one()).collect()
    }

    fn watch_mode(&mut self) -> AddWatchMode {
        *self
            .dice
            .pick(&[AddWatchMode::Persistent, AddWatchMode::PersistentRecursive])
    }

    pub(super) fn watch_request(&mut self) -> Request {
        let path = self.path();
        let kind = *self.dice.pick(&[
            WatcherKind::Children,
            WatcherKind::Data,
            WatcherKind::Any,
            WatcherKind::Any,
            WatcherKind::Persistent,
            WatcherKind::PersistentRecursive,
        ]);
        if self.dice.percent(50) {
            Request::CheckWatches { path, kind }
        } else {
            Request::RemoveWatches { path, kind }
        }
    }

    fn set_watches(&mut self) -> SetWatches {
        self.watches_on(3, 2)
    }

    /// As a client has them that has lost its connection.
    fn many_watches(&mut self) -> SetWatches {
        let lasting = if self.dice.percent(60) { 12 } else { 1 };
        self.watches_on(20, lasting)
    }

    /// Fewer paths in each list than these.
    fn watches_on(&mut self, one_shot: usize, lasting: usize) -> SetWatches {
        let mut paths = |most: usize| {
            let length = self.dice.below(most);
            (0..length).map(|_| self.path()).collect::<Vec<_>>()
        };
        let (data, exist, child) = (paths(one_shot), paths(one_shot), paths(one_shot));
        let (persistent, recursive) = (paths(lasting), paths(lasting));
        let seen = i64::try_from(self.dice.below(40)).unwrap_or_default();
        SetWatches {
            relative_zxid: Zxid::from_raw(seen),
            data,
            exist,
            child,
            persistent,
            recursive,
        }
    }

    fn auth(&mut self) -> Request {
        let (scheme, auth) = acls::credentials(&mut self.dice);
        Request::Auth {
            scheme: scheme.to_owned(),
            auth: Bytes::from_static(auth.as_bytes()),
        }
    }

    fn ticket(&mut self) -> Ticket {
        match self.dice.below(8) {
            0 => Ticket::WrongPassword,
            1 => Ticket::Ahead,
            2 => Ticket::WithoutReadOnly,
            _ => Ticket::Right,
        }
    }
}

/// With a TTL if the kind has one. Without, a server before 3.8.2 stumbles, and as long as it does, sees nodes that
/// are not there.
fn with_ttl(mut op: MultiOp) -> MultiOp {
    if let MultiOp::Create(create) = &mut op {
        if matches!(create.flags, 5 | 6) {
            create.ttl.get_or_insert(1000);
        }
    }
    op
}
