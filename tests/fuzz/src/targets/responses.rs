//! Replies, as a client decodes them.

use bytes::Bytes;
use zk_wire::{Acl, Encode, MultiResult, OpCode, ReadResult, Reader, Response, Stat};

use crate::counting::within;
use crate::shape;
use crate::target::{Target, budget};

pub(super) const TARGET: Target = Target {
    name: "responses",
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
    let stat = Stat::default();
    let path = || "/a/b".to_owned();
    let names = || vec!["a".to_owned(), "b-0000000001".to_owned()];
    let responses = [
        (OpCode::Create, Response::Path(path())),
        (OpCode::Create2, Response::Created { path: path(), stat }),
        (
            OpCode::GetData,
            Response::Data {
                data: Some("x".into()),
                stat,
            },
        ),
        (
            OpCode::GetAcl,
            Response::Acl {
                acl: vec![Acl::digest("a", "b")],
                stat,
            },
        ),
        (
            OpCode::GetChildren2,
            Response::Children2 {
                children: names(),
                stat,
            },
        ),
        (OpCode::GetEphemerals, Response::Ephemerals(names())),
        (
            OpCode::Multi,
            Response::Multi(vec![
                MultiResult::Created {
                    path: path(),
                    stat: None,
                },
                MultiResult::Created {
                    path: path(),
                    stat: Some(stat),
                },
                MultiResult::Set(stat),
                MultiResult::Checked,
                MultiResult::Failed(-101),
            ]),
        ),
        (
            OpCode::MultiRead,
            Response::MultiRead(vec![
                ReadResult::Data { data: None, stat },
                ReadResult::Children(names()),
                ReadResult::Failed(-101),
            ]),
        ),
    ];
    let seed = |(op, response): (OpCode, Response)| {
        let place = OpCode::ALL.iter().position(|known| *known == op);
        let mut bytes = vec![u8::try_from(place.unwrap_or(0)).unwrap_or(0)];
        response.encode(&mut bytes);
        bytes
    };
    let plain = (0..OpCode::ALL.len()).map(|op| vec![u8::try_from(op).unwrap_or(0); 13]);
    responses.into_iter().map(seed).chain(plain).collect()
}

/// The first byte says which operation.
fn run(input: &[u8]) -> Result<(), String> {
    let (code, body) = input.split_first().unwrap_or((&0, &[]));
    let op = op(*code);
    let frame = Bytes::copy_from_slice(body);
    let reader = Reader::new(frame);
    let decoded = within(budget(body.len()), || {
        Response::decode(op, &mut reader.clone())
    })?;
    let count = match op {
        OpCode::Multi => shape::count(shape::MULTI_RESULTS, body),
        OpCode::MultiRead => shape::count(shape::READ_RESULTS, body),
        _ => None,
    };
    let expected = match shape::of_response(op) {
        Some(fields) => shape::walk(fields, body).is_some(),
        None => count.is_some(),
    };
    if decoded.is_ok() != expected {
        return Err(format!(
            "{op}: {decoded:?}, but the second decoder thinks otherwise"
        ));
    }
    let counted = Response::count_results(op, &mut reader.clone());
    if counted.clone().ok().flatten() != count {
        return Err(format!("{op}: {counted:?} results, not {count:?}"));
    }
    let Ok(response) = decoded else {
        return Ok(());
    };
    let mut out = Vec::new();
    response.encode(&mut out);
    let again = Response::decode(op, &mut Reader::new(Bytes::from(out)));
    if again.as_ref() != Ok(&response) {
        return Err(format!("{op}: {response:?} comes back as {again:?}"));
    }
    Ok(())
}
