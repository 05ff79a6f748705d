//! How numbers are stored.

use bytes::Bytes;
use zk_client::{Error, ErrorKind, OpKind};

use crate::Layout;

/// A number that a counter can hold: `i64` or `i32`.
pub trait Number:
    Copy + Eq + Send + Sync + std::fmt::Debug + Into<i64> + TryFrom<i64> + From<bool> + 'static
{
}

impl Number for i64 {}
impl Number for i32 {}

/// `number` and `delta` together, if that is a number of the same size.
pub(crate) fn sum<N: Number>(number: N, delta: N) -> Option<N> {
    N::try_from(number.into().checked_add(delta.into())?).ok()
}

/// `number` without `delta`, if that is a number of the same size.
pub(crate) fn difference<N: Number>(number: N, delta: N) -> Option<N> {
    N::try_from(number.into().checked_sub(delta.into())?).ok()
}

/// The number in a node's data; a missing node and empty data are 0.
pub(crate) fn decode<N: Number>(
    layout: Layout,
    path: &str,
    data: Option<&Bytes>,
) -> Result<N, Error> {
    let data: &[u8] = match data {
        None => return Ok(N::from(false)),
        Some(data) if data.is_empty() => return Ok(N::from(false)),
        Some(data) => data,
    };
    let (number, wanted) = match layout {
        Layout::Kazoo => {
            let text = std::str::from_utf8(data).ok();
            let number = text.and_then(|text| text.trim().parse().ok());
            (number, "a whole number in decimal digits".to_owned())
        }
        Layout::Curator => (big_endian::<N>(data), format!("{} bytes", size_of::<N>())),
    };
    let number = number.and_then(|number: i64| N::try_from(number).ok());
    number.ok_or_else(|| {
        let text = format!(
            "cannot read {path} as a number: the {} bytes there are not {wanted}",
            data.len()
        );
        let hint = match layout {
            Layout::Curator => "AtomicLong stores 8 bytes, AtomicInt and SharedCount 4",
            Layout::Kazoo => {
                "a kazoo counter with support_curator is an AtomicInt of the default layout"
            }
        };
        Error::new(ErrorKind::Undecodable, text)
            .with_op(OpKind::Get, path)
            .with_hint(hint)
    })
}

/// The first bytes as a number of the size of `N`.
fn big_endian<N: Number>(data: &[u8]) -> Option<i64> {
    let (first, rest) = data.get(..size_of::<N>())?.split_first()?;
    // The first byte has the sign.
    let number = i64::from(*first as i8);
    Some(
        rest.iter()
            .fold(number, |number, byte| number << 8 | i64::from(*byte)),
    )
}

/// A number as a node's data.
pub(crate) fn encode<N: Number>(layout: Layout, number: N) -> Bytes {
    let number: i64 = number.into();
    match layout {
        Layout::Kazoo => Bytes::from(number.to_string()),
        Layout::Curator => {
            let bytes = number.to_be_bytes();
            let tail = bytes.len().saturating_sub(size_of::<N>());
            Bytes::copy_from_slice(bytes.get(tail..).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<N: Number>(layout: Layout, data: &'static [u8]) -> Result<N, Error> {
        decode(layout, "/n", Some(&Bytes::from_static(data)))
    }

    #[test]
    fn numbers_are_curators_big_endian_bytes() {
        let long = |number: i64| encode(Layout::Curator, number);
        assert_eq!(long(1)[..], [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(long(-1)[..], [0xff; 8]);
        assert_eq!(encode(Layout::Curator, 10_i32)[..], [0, 0, 0, 10]);
        assert_eq!(encode(Layout::Curator, -1_i32)[..], [0xff; 4]);
        assert_eq!(
            read::<i64>(Layout::Curator, &[0, 0, 0, 0, 0, 0, 1, 0]).unwrap(),
            256
        );
        assert_eq!(
            read::<i32>(Layout::Curator, &[0xff, 0xff, 0xff, 0xfe]).unwrap(),
            -2
        );
        for number in [i64::MIN, i64::MIN + 1, -256, -1, 0, 255, i64::MAX] {
            let data = encode(Layout::Curator, number);
            assert_eq!(
                decode::<i64>(Layout::Curator, "/n", Some(&data)).unwrap(),
                number
            );
        }
    }

    #[test]
    fn results_that_do_not_fit_are_refused() {
        assert_eq!(sum(i32::MAX, 1), None);
        assert_eq!(sum(i64::MAX, 1), None);
        assert_eq!(difference(i64::MIN, 1), None);
        assert_eq!(difference(0, i32::MIN), None);
        assert_eq!(difference(-1, i32::MIN), Some(i32::MAX));
        assert_eq!(sum(3_i64, -5), Some(-2));
    }

    #[test]
    fn what_is_missing_or_empty_is_zero_and_further_bytes_are_ignored() {
        assert_eq!(decode::<i64>(Layout::Curator, "/n", None).unwrap(), 0);
        assert_eq!(read::<i64>(Layout::Curator, b"").unwrap(), 0);
        assert_eq!(read::<i64>(Layout::Kazoo, b"").unwrap(), 0);
        assert_eq!(read::<i32>(Layout::Curator, &[0, 0, 0, 7, 9]).unwrap(), 7);
    }

    #[test]
    fn a22_short_data_is_an_error_that_says_how_much_is_there() {
        let error = read::<i64>(Layout::Curator, &[0, 0, 0, 7]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        assert_eq!(
            error.to_string(),
            "cannot read /n as a number: the 4 bytes there are not 8 bytes; AtomicLong stores 8 bytes, AtomicInt and SharedCount 4"
        );
        assert!(read::<i32>(Layout::Curator, &[1]).is_err());
    }

    #[test]
    fn numbers_of_kazoo_are_text_and_floats_are_refused() {
        assert_eq!(encode(Layout::Kazoo, -12_i64), "-12");
        assert_eq!(read::<i64>(Layout::Kazoo, b"-12").unwrap(), -12);
        assert_eq!(
            read::<i64>(Layout::Kazoo, b"1.5").unwrap_err().kind(),
            ErrorKind::Undecodable
        );
        assert!(read::<i32>(Layout::Kazoo, b"2147483648").is_err());
        assert!(read::<i64>(Layout::Kazoo, b"\xff\xfe").is_err());
    }
}
