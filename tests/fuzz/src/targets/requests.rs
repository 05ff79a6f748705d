//! Requests, as a server decodes them.

use bytes::Bytes;
use zk_wire::{
    Acl, Create, CreateMode, MultiOp, OpCode, ReadOp, Reader, Request, SetWatches, Zxid,
};

use crate::counting::within;
use crate::shape;
use crate::target::{Target, budget};

pub(super) const TARGET: Target = Target {
    name: "requests",
    seeds,
    run,
};

fn op(byte: u8) -> OpCode {
    OpCode::ALL
        .get(usize::from(byte) % OpCode::ALL.len())
        .copied()
        .unwrap_or(OpCode::Ping)
}

fn seeds() -> Vec<Vec<u8>> {
    let path = || "/a/b".to_owned();
    let mut create = Create::new("/a", "data", CreateMode::PersistentTtl);
    create.ttl = Some(1_000);
    let version = -1;
    let names = || vec!["/a".to_owned(), "/b".to_owned()];
    let requests = [
        Request::Create(Create::new("/a", "data", CreateMode::EphemeralSequential)),
        Request::Create(create.clone()),
        Request::SetData {
            path: path(),
            data: Some("x".into()),
            version,
        },
        Request::SetAcl {
            path: path(),
            acl: vec![Acl::digest("a", "b")],
            version,
        },
        Request::GetChildren {
            path: path(),
            watch: true,
        },
        Request::SetWatches(SetWatches {
            relative_zxid: Zxid::from_raw(7),
            data: names(),
            exist: names(),
            child: names(),
            persistent: names(),
            recursive: names(),
        }),
        Request::Multi(vec![
            MultiOp::Create(create),
            MultiOp::Check {
                path: path(),
                version,
            },
            MultiOp::SetData {
                path: path(),
                data: None,
                version,
            },
        ]),
        Request::MultiRead(vec![
            ReadOp::GetData { path: path() },
            ReadOp::GetChildren { path: path() },
        ]),
        Request::Reconfig {
            joining: None,
            leaving: Some(path()),
            members: None,
            config_id: -1,
        },
        Request::Auth {
            scheme: "digest".to_owned(),
            auth: "a:b".into(),
        },
    ];
    let seed = |request: Request| {
        let place = OpCode::ALL.iter().position(|op| *op == request.op_code());
        let mut bytes = vec![u8::try_from(place.unwrap_or(0)).unwrap_or(0)];
        request.encode_body(&mut bytes);
        bytes
    };
    let plain = (0..OpCode::ALL.len()).map(|op| vec![u8::try_from(op).unwrap_or(0); 13]);
    requests.into_iter().map(seed).chain(plain).collect()
}

/// The first byte says which operation.
fn run(input: &[u8]) -> Result<(), String> {
    let (code, body) = input.split_first().unwrap_or((&0, &[]));
    let op = op(*code);
    let frame = Bytes::copy_from_slice(body);
    let decoded = within(budget(body.len()), || {
        Request::decode(op.raw(), &mut Reader::new(frame))
    })?;
    let expected = match op {
        OpCode::Multi => shape::count(shape::MULTI_OPS, body).is_some(),
        OpCode::MultiRead => shape::count(shape::READ_OPS, body).is_some(),
        _ => shape::of_request(op).is_some_and(|fields| shape::walk(fields, body).is_some()),
    };
    if decoded.is_ok() != expected {
        return Err(format!(
            "{op}: {decoded:?}, but the second decoder thinks otherwise"
        ));
    }
    let Ok(request) = decoded else {
        return Ok(());
    };
    let mut out = Vec::new();
    request.encode_body(&mut out);
    let op = request.op_code();
    let again = Request::decode(op.raw(), &mut Reader::new(Bytes::from(out)));
    if again.as_ref() != Ok(&request) {
        return Err(format!("{op}: {request:?} comes back as {again:?}"));
    }
    Ok(())
}
