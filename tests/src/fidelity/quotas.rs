//! Limits on the nodes below a path, and what the server writes down about them.

use bytes::Bytes;
use zk_wire::{Acl, Create, MultiOp, Request};

use super::generate::Generator;
use super::script::Action;

/// What is limited, below the root.
const OWNERS: [&str; 3] = ["", "/a", "/b"];

/// Limits are written by an operator's tool, so all of them can be read: a real server stumbles over others.
const LIMITS: [&str; 8] = [
    "count=5,bytes=-1",
    "count=-1,bytes=-1=;countHardLimit=2",
    "count=-1,bytes=-1=;countHardLimit=4",
    "count=3,bytes=10=;byteHardLimit=10;countHardLimit=8",
    "count=-1,bytes=1=;byteHardLimit=0",
    "byteHardLimit=16,countHardLimit=-1",
    "count=-1,bytes=-1",
    "",
];

impl Generator<'_> {
    pub(super) fn quota(&mut self) -> Action {
        let owner = *self.dice.pick(&OWNERS);
        let limits = format!("/zookeeper/quota{}{owner}/zookeeper_limits", self.root);
        let stats = format!("/zookeeper/quota{}{owner}/zookeeper_stats", self.root);
        let text = Bytes::from_static(self.dice.pick(&LIMITS).as_bytes());
        Action::Ask(match self.dice.below(11) {
            0..=2 => return Action::Burst(self.quota_nodes(owner, &limits, &stats, text)),
            3..=4 => {
                let number = self.dice.below(9);
                self.any_kind(&format!("/q{number}"))
            }
            5..=7 => Request::GetData {
                path: stats,
                watch: self.dice.percent(50),
            },
            8 => Request::SetData {
                path: limits,
                data: Some(text),
                version: -1,
            },
            9 => Request::Delete {
                path: limits,
                version: -1,
            },
            _ => Request::Delete {
                path: stats,
                version: -1,
            },
        })
    }

    /// A limit that nothing keeps, and what is refused for it, or for something else before that.
    pub(super) fn overstepping(&mut self) -> Vec<Action> {
        let limits = format!("/zookeeper/quota{}/zookeeper_limits", self.root);
        let stats = format!("/zookeeper/quota{}/zookeeper_stats", self.root);
        let text = Bytes::from_static(b"byteHardLimit=0,countHardLimit=1");
        let multi = vec![MultiOp::Create(self.create()), self.multi_op()];
        vec![
            Action::Burst(self.quota_nodes("", &limits, &stats, text)),
            Action::Ask(self.any_kind("/q")),
            Action::Ask(self.any_kind("/q")),
            Action::Ask(self.set_data()),
            Action::Ask(Request::Multi(multi)),
        ]
    }

    /// The folders, whether they are there or not, and both nodes, in either order.
    fn quota_nodes(&mut self, owner: &str, limits: &str, stats: &str, text: Bytes) -> Vec<Request> {
        let folder = format!("/zookeeper/quota{}", self.root);
        let mut nodes = vec![node(&folder, Bytes::new())];
        if !owner.is_empty() {
            nodes.push(node(&format!("{folder}{owner}"), Bytes::new()));
        }
        nodes.push(node(limits, text));
        let at = nodes.len() - usize::from(self.dice.percent(30));
        nodes.insert(at, node(stats, Bytes::from_static(b"count=0,bytes=0")));
        nodes
    }
}

fn node(path: &str, data: Bytes) -> Request {
    Request::Create(Create {
        path: path.to_owned(),
        data: Some(data),
        acl: vec![Acl::open()],
        flags: 0,
        ttl: None,
        stat: true,
    })
}
