//! The fingerprint of a run.

use zk_wire::Moment;

use super::link::{Delivery, LinkId};

/// A hash over everything that arrived anywhere, with its time: two runs with one fingerprint were the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace(u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0x243f_6a88_85a3_08d3)
    }
}

impl Trace {
    /// The fingerprint so far.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Takes something in.
    pub fn number(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// Takes bytes in.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.number(u64::from_le_bytes(word));
        }
    }

    pub(super) fn arrived(&mut self, now: Moment, id: LinkId, delivery: &Delivery) {
        self.number(now.as_nanos());
        self.number(id.0);
        match delivery {
            Delivery::ToServer(bytes) => {
                self.number(1);
                self.bytes(bytes);
            }
            Delivery::LastToServer(bytes) => {
                self.number(2);
                self.bytes(bytes);
            }
            Delivery::ToClient(bytes) => {
                self.number(3);
                self.bytes(bytes);
            }
            Delivery::EndToServer => self.number(4),
            Delivery::EndToClient => self.number(5),
        }
    }
}
