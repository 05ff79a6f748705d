//! Each kind of create, as often as the others.

use zk_wire::{Acl, Create, Request};

use super::generate::Generator;

impl Generator<'_> {
    /// A create below an ephemeral node, without permission, or at no path, and what it takes for that.
    pub(super) fn refused_create(&mut self) -> Vec<Request> {
        let flaw = self.dice.below(3);
        let (name, flags, acl) = match flaw {
            0 => ("/e", 1, Acl::open()),
            1 => ("/r", 0, Acl::read_only()),
            _ => return vec![self.any_kind("/x\u{7f}")],
        };
        let parent = Create {
            flags,
            acl: vec![acl],
            ..self.plain(name)
        };
        let child = self.any_kind(&format!("{name}/x"));
        vec![Request::Create(parent), child]
    }

    /// A create by one of the four operations, below the root.
    pub(super) fn any_kind(&mut self, name: &str) -> Request {
        let (flags, ttl, stat) = match self.dice.below(4) {
            0 => (0, None, false),
            1 => (0, None, true),
            2 => (4, None, true),
            _ => (5, Some(60_000), true),
        };
        Request::Create(Create {
            flags,
            ttl,
            stat,
            ..self.plain(name)
        })
    }

    fn plain(&self, name: &str) -> Create {
        Create {
            path: format!("{}{name}", self.root),
            data: None,
            acl: vec![Acl::open()],
            flags: 0,
            ttl: None,
            stat: true,
        }
    }
}
