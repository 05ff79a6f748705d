//! Changes that get deeper into a decoder than noise does.

use crate::dice::Dice;

/// Longer inputs find nothing that shorter ones do not, and take longer.
const MAX_LEN: usize = 4096;

/// Lengths, counts, codes and xids that are at the edge of something.
const EDGES: [i32; 22] = [
    i32::MIN,
    i32::MIN + 1,
    -130,
    -112,
    -101,
    -9,
    -8,
    -4,
    -2,
    -1,
    0,
    1,
    2,
    3,
    4,
    16,
    68,
    127,
    0xffff,
    0x10_0000,
    i32::MAX - 1,
    i32::MAX,
];

/// A changed copy of `input`, perhaps with parts of `other`.
#[must_use]
pub fn mutated(dice: &mut Dice, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(4) {
        change(dice, &mut bytes, other);
    }
    bytes.truncate(MAX_LEN);
    bytes
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(11) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = dice.throw().to_be_bytes()[0];
            }
        }
        2 => bytes.truncate(at),
        3 => {
            let len = dice.below(16).min(bytes.len() - at);
            bytes.drain(at..at + len);
        }
        4 => {
            let noise = dice.throw().to_be_bytes();
            let len = dice.below(8) + 1;
            bytes.splice(at..at, noise.into_iter().take(len));
        }
        5 | 6 => overwrite(bytes, at, edge(dice)),
        // What is left behind it, give or take: the count or length that just fits, or just does not.
        7 => {
            let left = bytes.len().saturating_sub(at + 4) / dice.pick(&[1, 4, 9, 12]).unwrap_or(&1);
            let left = i32::try_from(left).unwrap_or(0);
            let off = i32::try_from(dice.below(3)).unwrap_or(0) - 1;
            overwrite(bytes, at, left + off);
        }
        8 => {
            let word = edge(dice).to_be_bytes();
            bytes.splice(at..at, word);
        }
        9 => {
            let len = dice.below(64).min(bytes.len() - at);
            let piece = bytes[at..at + len].to_vec();
            let to = dice.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        _ => {
            let from = dice.below(other.len() + 1);
            let len = dice.below(128).min(other.len() - from);
            bytes.splice(at..at, other[from..from + len].iter().copied());
        }
    }
}

fn edge(dice: &mut Dice) -> i32 {
    dice.pick(&EDGES).copied().unwrap_or(0)
}

fn overwrite(bytes: &mut [u8], at: usize, word: i32) {
    for (place, byte) in bytes.iter_mut().skip(at).zip(word.to_be_bytes()) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn equal_seeds_give_equal_inputs_and_different_ones_differ() {
        let make = |seed| mutated(&mut Dice::new(seed), b"some input of a decoder", b"another");
        assert!((0..100).all(|seed| make(seed) == make(seed)));
        let different: BTreeSet<_> = (0..100).map(make).collect();
        assert!(different.len() > 80, "{}", different.len());
    }
}
