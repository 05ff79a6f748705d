//! Flink: which job manager leads, and where its components are.
//!
//! A process stands in a latch, `leader/latch` (Flink 1.15 and later), or in one per component,
//! `leader/COMPONENT/latch` (before). Whoever leads writes the address of each component, and an id of its session with it,
//! into `leader/COMPONENT/connection_info`, with Java's serialization.

use zk_recipes::{Client, Contender, Election, path};

use super::foreign::{Candidate, Foreign, children, node};
use crate::exit::Failure;
use crate::since;

/// Reads latches and components, if this is the root of a cluster.
pub(super) async fn read(
    client: &Client,
    at: &str,
    names: &[String],
) -> Result<Option<Foreign>, Failure> {
    if !names.iter().any(|name| name == "leader") {
        return Ok(None);
    }
    let top = path::join(at, "leader");
    let mut found = Foreign {
        kind: "flink",
        ..Foreign::default()
    };
    let mut is_flink = false;
    for name in children(client, &top).await?.unwrap_or_default() {
        let part = path::join(&top, &name);
        if name == LATCH {
            is_flink = true;
            found.candidates = latch(client, &part, "").await?;
            found.leader = found.candidates.first().cloned();
            continue;
        }
        let info = path::join(&part, INFO);
        if let Some(node) = node(client, &info).await? {
            is_flink = true;
            let told = Told::parse(&node.data);
            let id = told.as_ref().and_then(|told| told.session.clone());
            found.components.push(Candidate {
                name: name.clone(),
                announcement: told.map(|told| told.address),
                more: id
                    .map(|id| ("leader_session", id.into()))
                    .into_iter()
                    .collect(),
                ..Candidate::of(&info, &node.stat)
            });
        }
        let latch = latch(client, &path::join(&part, LATCH), &name).await?;
        is_flink |= !latch.is_empty();
        found.candidates.extend(latch);
    }
    Ok(is_flink.then_some(found))
}

/// Who stands in a latch, in order.
async fn latch(client: &Client, at: &str, part: &str) -> Result<Vec<Candidate>, Failure> {
    let standing = Election::new(client, at)?.candidates().await?;
    let candidate = |contender: Contender| Candidate {
        name: match (part, contender.text.as_str()) {
            ("", "") => path::name(&contender.node).to_owned(),
            ("", text) => text.to_owned(),
            (part, _) => part.to_owned(),
        },
        since: since::millis(contender.since),
        session: contender.session.to_string(),
        node: contender.node,
        ..Candidate::default()
    };
    Ok(standing.into_iter().map(candidate).collect())
}

/// What a leader tells of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    address: String,
    session: Option<String>,
}

impl Told {
    /// Reads a string and, if it is there, a `java.util.UUID` out of a stream of Java's serialization; `None` for
    /// anything else, such as the empty data of a leader that has nothing to tell yet.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(&STREAM)?;
        let (block, rest) = match bytes.split_first()? {
            (&BLOCK, rest) => rest
                .split_first()
                .map(|(len, rest)| (usize::from(*len), rest))?,
            (&LONG_BLOCK, rest) => {
                let (len, rest) = rest.split_first_chunk::<4>()?;
                (usize::try_from(u32::from_be_bytes(*len)).ok()?, rest)
            }
            _ => return None,
        };
        let (block, object) = rest.split_at_checked(block)?;
        let (len, text) = block.split_first_chunk::<2>()?;
        let text = text.get(..usize::from(u16::from_be_bytes(*len)))?;
        Some(Self {
            address: String::from_utf8(text.to_vec()).ok()?,
            session: uuid(object),
        })
    }
}

/// The text of a serialized UUID: its lower half stands first.
fn uuid(object: &[u8]) -> Option<String> {
    let described = object.strip_prefix(&UUID)?;
    let (_, halves) = described.split_at_checked(described.len().checked_sub(16)?)?;
    let (low, high) = halves.split_first_chunk::<8>()?;
    let (low, high) = (
        u64::from_be_bytes(*low),
        u64::from_be_bytes(*high.first_chunk()?),
    );
    let text = format!("{high:016x}{low:016x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    Some(
        [
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32),
        ]
        .join("-"),
    )
}

const LATCH: &str = "latch";
const INFO: &str = "connection_info";

/// Magic number and version of a stream; the tags of its blocks; an object of a class with this name.
const STREAM: [u8; 4] = [0xac, 0xed, 0, 5];
const BLOCK: u8 = 0x77;
const LONG_BLOCK: u8 = 0x7a;
const UUID: [u8; 18] = *b"\x73\x72\x00\x0ejava.util.UUID";

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let digits = digits.map(|pair| std::str::from_utf8(pair).unwrap());
        digits
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    /// Written by Java's ObjectOutputStream.
    const WRITTEN: &str = "aced00057732003070656b6b6f2e7463703a2f2f666c696e6b406a6d313a363132332f757365722f7270632f6469737061746368\
                           65725f307372000e6a6176612e7574696c2e55554944bc9903f7986d852f0200024a000c6c65617374536967426974734a000b6d\
                           6f73745369674269747378708123456789abcdef0123456789abcdef";

    #[test]
    fn what_java_wrote_is_read() {
        let told = Told::parse(&bytes(WRITTEN)).unwrap();
        assert_eq!(
            told.address,
            "pekko.tcp://flink@jm1:6123/user/rpc/dispatcher_0"
        );
        let session = told.session.as_deref();
        assert_eq!(session, Some("01234567-89ab-cdef-8123-456789abcdef"));
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_not_read_and_does_no_harm() {
        let written = bytes(WRITTEN);
        for end in 0..written.len() {
            if let Some(told) = Told::parse(&written[..end]) {
                assert_eq!(told.address.len(), 48);
            }
            for value in [0, 0x7a, 0xff] {
                let mut other = written.clone();
                other[end] = value;
                let _ = Told::parse(&other);
            }
        }
        assert_eq!(Told::parse(b"hello"), None);
    }
}
