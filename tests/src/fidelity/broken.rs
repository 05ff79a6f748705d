//! Requests that are none.

use bytes::Bytes;
use zk_wire::Request;
use zk_wire::jute::{put_bool, put_i32, put_i64, put_opt_slice, put_opt_str};

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

    /// A request with null for a path or a list. (addWatch is not among them: a real server takes it, and keeps a
    /// watch on nothing.)
    pub(super) fn null(&mut self) -> Action {
        let path = self.path();
        let mut body = Vec::new();
        let op = match self.dice.below(12) {
            kind @ 0..=7 => {
                put_opt_str(&mut body, None);
                match kind {
                    0..=3 => put_bool(&mut body, self.dice.percent(50)),
                    6 => put_i32(&mut body, 3),
                    7 => {}
                    _ => put_i32(&mut body, -1),
                }
                let (exists, get, children, children2) = (3, 4, 8, 12);
                let (delete, check, remove, get_acl) = (2, 17, 18, 6);
                [
                    exists, get, children, children2, delete, remove, check, get_acl,
                ][kind]
            }
            8 => {
                // The path and nobody who may do anything.
                put_opt_str(&mut body, Some(&path));
                put_opt_slice(&mut body, None);
                put_i32(&mut body, -1);
                put_i32(&mut body, 0);
                1
            }
            9 => {
                put_opt_str(&mut body, Some(&path));
                put_i32(&mut body, -1);
                put_i32(&mut body, -1);
                7
            }
            10 => {
                put_i64(&mut body, 0);
                let lists = self.dice.below(3);
                for list in 0..3 {
                    put_i32(&mut body, if list < lists { 0 } else { -1 });
                }
                101
            }
            _ => {
                put_opt_str(&mut body, None);
                *self.dice.pick(&[9, 103, 104])
            }
        };
        Action::Raw {
            op,
            body: body.into(),
        }
    }

    /// A request of which the end is missing.
    pub(super) fn truncated(&mut self) -> Action {
        let request = match self.dice.below(8) {
            0 if self.dice.percent(50) => self.any_kind("/a"),
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
