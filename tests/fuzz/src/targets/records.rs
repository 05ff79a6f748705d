//! The records that are neither request nor reply: handshakes, headers, events, stats, ACLs.

use std::fmt::Debug;

use bytes::Bytes;
use zk_wire::{
    Acl, ClientInfo, ConnectRequest, ConnectResponse, Decode, Encode, EventType, Reader,
    ReplyHeader, RequestHeader, SessionId, Stat, WatcherEvent,
};

use crate::counting::within;
use crate::shape::{Field, walk};
use crate::target::{Target, budget};

pub(super) const TARGET: Target = Target {
    name: "records",
    seeds,
    run,
};

fn seeds() -> Vec<Vec<u8>> {
    fn encoded(kind: u8, record: &impl Encode) -> Vec<u8> {
        let mut bytes = vec![kind];
        record.encode(&mut bytes);
        bytes
    }
    let response = ConnectResponse {
        protocol_version: 0,
        timeout_ms: 10_000,
        session_id: SessionId::from_raw(5),
        password: Bytes::from_static(&[1; 16]),
        read_only: Some(false),
    };
    let mut request = vec![0; 44];
    request[27] = 16;
    vec![
        [vec![0], request].concat(),
        encoded(1, &response),
        encoded(2, &RequestHeader { xid: 1, op: 4 }),
        vec![3; 17],
        encoded(4, &WatcherEvent::new(EventType::Created, "/a")),
        encoded(5, &Stat::default()),
        encoded(6, &Acl::digest("a", "b")),
        [vec![7], vec![0; 8]].concat(),
    ]
}

/// The first byte says which record.
fn run(input: &[u8]) -> Result<(), String> {
    use Field::{Bytes as Fixed, Sized};
    let (kind, body) = input.split_first().unwrap_or((&0, &[]));
    match kind % 8 {
        0 => one::<ConnectRequest>(body, &[Fixed(24), Sized]),
        1 => one::<ConnectResponse>(body, &[Fixed(16), Sized]),
        2 => one::<RequestHeader>(body, &[Fixed(8)]),
        3 => one::<ReplyHeader>(body, &[Fixed(16)]),
        4 => one::<WatcherEvent>(body, &[Fixed(8), Sized]),
        5 => one::<Stat>(body, &[Fixed(68)]),
        6 => one::<Acl>(body, &[Fixed(4), Sized, Sized]),
        _ => one::<ClientInfo>(body, &[Sized, Sized]),
    }
}

fn one<T: Decode + Encode + PartialEq + Debug>(body: &[u8], shape: &[Field]) -> Result<(), String> {
    let frame = Bytes::copy_from_slice(body);
    let decoded = within(budget(body.len()), || T::decode(&mut Reader::new(frame)))?;
    if decoded.is_ok() != walk(shape, body).is_some() {
        return Err(format!(
            "{decoded:?}, but the second decoder thinks otherwise"
        ));
    }
    let Ok(record) = decoded else {
        return Ok(());
    };
    let mut out = Vec::new();
    record.encode(&mut out);
    let again = T::decode(&mut Reader::new(Bytes::from(out)));
    if again.as_ref() != Ok(&record) {
        return Err(format!("{record:?} comes back as {again:?}"));
    }
    Ok(())
}
