//! Requests that are none.

use bytes::Bytes;
use zk_wire::Request;

use super::generate::Generator;
use super::script::Action;

impl Generator<'_> {
    /// An operation that clients do not have.
    pub(super) fn unknown(&mut self) -> Action {
        // Among them those that are known, but to servers only, or inside a multi only.
        let op = *self.dice.pick(&[999, 10, 0, -1, -10, 13, 16, 102, -11_000]);
        let mut body = Vec::new();
        match op {
            13 => {
                // One that holds is never answered by 3.8.0, so none does.
                let (path, version) = (self.path(), 77);
                Request::Delete { path, version }.encode_body(&mut body);
            }
            16 => Request::Reconfig {
                joining: None,
                leaving: None,
                members: None,
                config_id: -1,
            }
            .encode_body(&mut body),
            102 => Request::Sasl {
                token: Some(Bytes::from_static(b"token")),
            }
            .encode_body(&mut body),
            _ => {}
        }
        Action::Raw {
            op,
            body: body.into(),
        }
    }

    /// A request of which the end is missing.
    pub(super) fn truncated(&mut self) -> Action {
        let request = match self.dice.below(8) {
            0 => Request::Create(self.create()),
            1 => self.set_data(),
            2 => self.read(),
            3 => self.acl_request(),
            4 => Request::Multi(self.multi()),
            5 => Request::MultiRead(self.multi_read()),
            6 => self.watch_request(),
            _ => Request::Delete {
                path: self.path(),
                version: 0,
            },
        };
        let mut body = Vec::new();
        request.encode_body(&mut body);
        body.truncate(self.dice.below(body.len()));
        Action::Raw {
            op: request.op_code().raw(),
            body: body.into(),
        }
    }
}
