//! The frame splitter: the same frames however the bytes arrive, and those that a simple splitter finds.

use bytes::BytesMut;
use zk_wire::FrameDecoder;
use zk_wire::frame::write_frame;

use crate::counting::within;
use crate::target::Target;

const MAX: usize = 512;

pub(super) const TARGET: Target = Target {
    name: "frames",
    seeds,
    run,
};

fn seeds() -> Vec<Vec<u8>> {
    let stream = |chunk: u8, payloads: &[usize]| {
        let mut bytes = vec![chunk];
        for len in payloads {
            write_frame(&mut bytes, |out| out.resize(out.len() + len, 7));
        }
        bytes
    };
    vec![
        stream(0, &[0, 3, 40]),
        stream(1, &[512, 1]),
        stream(9, &[100, 513]),
    ]
}

/// The first byte says how large the pieces are.
fn run(input: &[u8]) -> Result<(), String> {
    let (chunk, stream) = input.split_first().unwrap_or((&0, &[]));
    let chunk = usize::from(*chunk) + 1;
    let budget = 2 * stream.len() + 64 * 1024;
    let found = within(budget, || split(stream, chunk))?;
    let expected = simply(stream);
    if found != expected {
        return Err(format!("in pieces of {chunk}: {found:?}, not {expected:?}"));
    }
    Ok(())
}

/// The lengths of the frames, and whether the stream broke.
fn split(stream: &[u8], chunk: usize) -> (Vec<usize>, bool) {
    let mut decoder = FrameDecoder::new(MAX);
    let mut input = BytesMut::new();
    let mut lengths = Vec::new();
    for piece in stream.chunks(chunk) {
        input.extend_from_slice(piece);
        loop {
            match decoder.next(&mut input) {
                Ok(Some(frame)) => lengths.push(frame.len()),
                Ok(None) => break,
                Err(_) => return (lengths, true),
            }
        }
    }
    (lengths, false)
}

fn simply(mut stream: &[u8]) -> (Vec<usize>, bool) {
    let mut lengths = Vec::new();
    while let [a, b, c, d, rest @ ..] = stream {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        if length > MAX {
            return (lengths, true);
        }
        let Some(rest) = rest.get(length..) else {
            break;
        };
        lengths.push(length);
        stream = rest;
    }
    (lengths, false)
}
