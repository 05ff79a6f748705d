//! A second decoder: records as lists of types, walked without making anything. It shares no code with zk-wire, so that
//! both agree on what is well-formed only if both are right.

use zk_wire::OpCode;

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// So many bytes, whatever they are.
    Bytes(usize),
    /// A length and as many bytes; −1 is null.
    Sized,
    /// A count and as many records; −1 is null.
    Many(&'static [Field]),
    /// A number out of a range.
    Number(i32, i32),
}

use Field::{Bytes, Many, Number, Sized};

const INT: Field = Bytes(4);
const LONG: Field = Bytes(8);
const FLAG: Field = Bytes(1);
const STAT: Field = Bytes(68);
const ACLS: Field = Many(&[INT, Sized, Sized]);
const NAMES: Field = Many(&[Sized]);

/// How many bytes a record of these fields takes at the beginning of `bytes`; `None` if it is malformed.
#[must_use]
pub fn walk(fields: &[Field], bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for field in fields {
        at += width(field, bytes.get(at..)?)?;
    }
    (at <= bytes.len()).then_some(at)
}

fn width(field: &Field, bytes: &[u8]) -> Option<usize> {
    let width = match field {
        Bytes(width) => *width,
        Sized => 4 + length(bytes)?,
        Number(least, most) => {
            let number = number(bytes)?;
            if number < *least || number > *most {
                return None;
            }
            4
        }
        Many(element) => {
            let mut at = 4;
            for _ in 0..length(bytes)? {
                at += walk(element, bytes.get(at..)?)?;
            }
            at
        }
    };
    (width <= bytes.len()).then_some(width)
}

fn number(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn length(bytes: &[u8]) -> Option<usize> {
    match number(bytes)? {
        -1 => Some(0),
        length => usize::try_from(length).ok(),
    }
}

/// The reply's record of an operation; `None` for lists with envelopes.
#[must_use]
pub fn of_response(op: OpCode) -> Option<&'static [Field]> {
    Some(match op.raw() {
        1 | 9 | 102 => &[Sized],
        15 | 19 | 21 => &[Sized, STAT],
        3 | 5 | 7 => &[STAT],
        4 | 16 => &[Sized, STAT],
        6 => &[ACLS, STAT],
        8 | 103 => &[NAMES],
        12 => &[NAMES, STAT],
        104 | 106 => &[INT],
        107 => &[Many(&[Sized, Sized])],
        14 | 22 => return None,
        _ => &[],
    })
}

/// The record of a request; `None` for lists with envelopes and operations that nobody may ask for.
#[must_use]
pub fn of_request(op: OpCode) -> Option<&'static [Field]> {
    Some(match op.raw() {
        1 | 15 | 19 => &[Sized, Sized, ACLS, INT],
        21 => &[Sized, Sized, ACLS, INT, LONG],
        2 | 13 => &[Sized, INT],
        3 | 4 | 8 | 12 => &[Sized, FLAG],
        5 => &[Sized, Sized, INT],
        6 | 9 | 20 | 103 | 104 => &[Sized],
        7 => &[Sized, ACLS, INT],
        16 => &[Sized, Sized, Sized, LONG],
        17 | 18 => &[Sized, Number(1, 5)],
        100 => &[INT, Sized, Sized],
        101 => &[LONG, NAMES, NAMES, NAMES],
        105 => &[LONG, NAMES, NAMES, NAMES, NAMES, NAMES],
        102 => &[Sized],
        106 => &[Sized, Number(0, 1)],
        11 | 107 | -11 => &[],
        _ => return None,
    })
}

/// What may stand in the envelopes of a list, by type.
pub type Envelopes = &'static [(i32, &'static [Field])];

/// Results of a multi.
pub const MULTI_RESULTS: Envelopes = &[
    (1, &[Sized]),
    (15, &[Sized, STAT]),
    (19, &[Sized, STAT]),
    (21, &[Sized, STAT]),
    (2, &[]),
    (13, &[]),
    (5, &[STAT]),
    (-1, &[INT]),
];

/// Results of a multiRead.
pub const READ_RESULTS: Envelopes = &[(4, &[Sized, STAT]), (8, &[NAMES]), (-1, &[INT])];

/// Operations of a multi.
pub const MULTI_OPS: Envelopes = &[
    (1, &[Sized, Sized, ACLS, INT]),
    (15, &[Sized, Sized, ACLS, INT]),
    (19, &[Sized, Sized, ACLS, INT]),
    (21, &[Sized, Sized, ACLS, INT, LONG]),
    (2, &[Sized, INT]),
    (13, &[Sized, INT]),
    (5, &[Sized, Sized, INT]),
];

/// Operations of a multiRead.
pub const READ_OPS: Envelopes = &[(4, &[Sized, FLAG]), (8, &[Sized, FLAG])];

/// How many records a list of envelopes holds; `None` if it is malformed.
#[must_use]
pub fn count(envelopes: Envelopes, bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for count in 0.. {
        let kind = number(bytes.get(at..)?)?;
        let done = *bytes.get(at + 4)? != 0;
        bytes.get(at + 5..at + 9)?;
        at += 9;
        if done {
            return Some(count);
        }
        let (_, fields) = envelopes.iter().find(|(known, _)| *known == kind)?;
        at += walk(fields, bytes.get(at..)?)?;
    }
    None
}
