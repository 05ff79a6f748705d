//! Curator's envelope: a version, records, an end. Numbers are big-endian.

use bytes::{BufMut, Bytes, BytesMut};

const VERSION: u32 = 0x0001_0001;
const RECORD: u8 = 1;
const END: u8 = 2;

/// The records in their envelope.
pub(super) fn encode(records: &[Bytes]) -> Bytes {
    let room: usize = records.iter().map(|record| record.len() + 5).sum();
    let mut out = BytesMut::with_capacity(room + 5);
    out.put_u32(VERSION);
    for record in records {
        out.put_u8(RECORD);
        // More than a frame can hold: the request is refused before it is sent.
        out.put_u32(u32::try_from(record.len()).unwrap_or(u32::MAX));
        out.put_slice(record);
    }
    out.put_u8(END);
    out.freeze()
}

/// The records, or why it is none of Curator's envelopes. What comes behind the end is ignored, as Curator does.
pub(super) fn decode(data: &Bytes) -> Result<Vec<Bytes>, String> {
    let mut at = 4;
    let version = data.get(..at).and_then(|bytes| bytes.try_into().ok());
    match version.map(u32::from_be_bytes) {
        None => return Err(format!("{} bytes hold no version", data.len())),
        Some(VERSION) => {}
        Some(other) => return Err(format!("its version is {other:#010x}")),
    }
    let mut records = Vec::new();
    loop {
        match data.get(at) {
            None => return Err("it has no end".to_owned()),
            Some(&END) => return Ok(records),
            Some(&RECORD) => {}
            Some(other) => return Err(format!("there is {other:#04x} where a record begins")),
        }
        let length = data.get(at + 1..at + 5);
        let Some(length) = length.and_then(|bytes| bytes.try_into().ok()) else {
            return Err("a record's length is cut off".to_owned());
        };
        let length = i32::from_be_bytes(length);
        let Ok(length) = usize::try_from(length) else {
            return Err(format!("a record's length is {length}"));
        };
        let (start, end) = (at + 5, (at + 5).saturating_add(length));
        if data.get(start..end).is_none() {
            return Err(format!("a record of {length} bytes is cut off"));
        }
        records.push(data.slice(start..end));
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(texts: &[&'static str]) -> Vec<Bytes> {
        texts.iter().map(|text| Bytes::from(*text)).collect()
    }

    #[test]
    fn envelopes_are_curators_to_the_byte() {
        let golden: [(&[&str], &[u8]); 3] = [
            (&["abc"], b"\0\x01\0\x01\x01\0\0\0\x03abc\x02"),
            (
                &["a", "bc"],
                b"\0\x01\0\x01\x01\0\0\0\x01a\x01\0\0\0\x02bc\x02",
            ),
            (&[], b"\0\x01\0\x01\x02"),
        ];
        for (texts, encoded) in golden {
            let records = bytes(texts);
            assert_eq!(encode(&records), encoded);
            assert_eq!(decode(&Bytes::from_static(encoded)), Ok(records));
        }
    }

    #[test]
    fn whatever_is_behind_the_end_is_ignored() {
        let data = Bytes::from_static(b"\0\x01\0\x01\x01\0\0\0\x01a\x02\x07\x07");
        assert_eq!(decode(&data), Ok(bytes(&["a"])));
    }

    #[test]
    fn what_is_no_envelope_is_told_and_never_read() {
        for (data, why) in [
            (&b""[..], "no version"),
            (b"\0\x01\0", "no version"),
            (b"10.0.0.1", "version is"),
            (b"\0\x01\0\x01", "no end"),
            (b"\0\x01\0\x01\x03", "0x03"),
            (b"\0\x01\0\x01\x01\0\0", "length is cut off"),
            (b"\0\x01\0\x01\x01\xff\xff\xff\xff\x02", "-1"),
            (b"\0\x01\0\x01\x01\x7f\xff\xff\xffabc\x02", "cut off"),
            (b"\0\x01\0\x01\x01\0\0\0\x01a", "no end"),
        ] {
            let error = decode(&Bytes::from_static(data)).unwrap_err();
            assert!(error.contains(why), "{data:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_records_come_back(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let records: Vec<Bytes> = records.into_iter().map(Bytes::from).collect();
            prop_assert_eq!(decode(&encode(&records)), Ok(records));
        }

        #[test]
        fn no_bytes_panic_and_no_prefix_of_an_envelope_is_one(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..4),
            noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let _ = decode(&Bytes::from(noise));
            let records: Vec<Bytes> = records.into_iter().map(Bytes::from).collect();
            let whole = encode(&records);
            for cut in 0..whole.len() {
                prop_assert!(decode(&whole.slice(..cut)).is_err());
            }
        }
    }
}
