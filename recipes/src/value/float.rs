//! Numbers with fractions, as text.

use std::num::ParseFloatError;

use bytes::Bytes;

use super::Stored;

/// Decimal text, as kazoo's `Counter` of floats writes and reads it: what is stored is the same number when it is read, to the
/// last bit. Empty data, as kazoo leaves it in a new node, are 0.
impl Stored for f64 {
    type Error = ParseFloatError;

    fn to_data(&self) -> Result<Bytes, ParseFloatError> {
        Ok(Bytes::from(format!("{self:?}")))
    }

    fn from_data(data: &[u8]) -> Result<Self, ParseFloatError> {
        if data.is_empty() {
            return Ok(0.0);
        }
        String::from_utf8_lossy(data).trim().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_text_that_is_the_same_number_when_it_is_read() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.5, "-0.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e16, "1e16"),
            (f64::MIN_POSITIVE / 4.0, "5.562684646268003e-309"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let data = number.to_data().unwrap();
            assert_eq!(data, text);
            let read = f64::from_data(&data).unwrap();
            assert_eq!(read.to_bits(), number.to_bits());
        }
        let none = f64::NAN.to_data().unwrap();
        assert!(f64::from_data(&none).unwrap().is_nan());
    }

    #[test]
    fn what_python_writes_is_read_and_what_is_no_number_is_not() {
        for (text, number) in [("", 0.0_f64), ("7", 7.0), ("1e+16", 1e16), ("1e-07", 1e-7)] {
            assert_eq!(
                f64::from_data(text.as_bytes()).unwrap().to_bits(),
                number.to_bits()
            );
        }
        assert!(f64::from_data(b"nan").unwrap().is_nan());
        for data in [&b" "[..], b"1,5", b"0x1", b"\xff"] {
            assert!(f64::from_data(data).is_err());
        }
    }
}
