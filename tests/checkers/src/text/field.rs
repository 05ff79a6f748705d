//! How one field is written.

use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use super::texts::{Text, Texts};

/// A value of a record that has a text form.
pub(crate) trait Field: Sized {
    /// The value, or `None` if it is the default.
    fn shown(&self, texts: &Texts) -> Option<String>;

    /// The value that a text stands for.
    fn read(shown: &str, texts: &mut Texts) -> Result<Self, String>;
}

impl Field for Text {
    fn shown(&self, texts: &Texts) -> Option<String> {
        (!self.is_empty()).then(|| texts.shown(*self))
    }

    fn read(shown: &str, texts: &mut Texts) -> Result<Self, String> {
        texts.intern_shown(shown)
    }
}

/// Implements `Field` for numbers written in decimal.
macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field for $number {
            fn shown(&self, _texts: &Texts) -> Option<String> {
                (*self != 0).then(|| self.to_string())
            }

            fn read(shown: &str, _texts: &mut Texts) -> Result<Self, String> {
                shown.parse().map_err(|error| format!("{shown}: {error}"))
            }
        }
    )*};
}

numbers!(u32, u64, i32);

impl Field for bool {
    fn shown(&self, _texts: &Texts) -> Option<String> {
        self.then(|| "yes".to_owned())
    }

    fn read(shown: &str, _texts: &mut Texts) -> Result<Self, String> {
        match shown {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(format!("{other} is neither yes nor no")),
        }
    }
}

impl Field for Zxid {
    fn shown(&self, _texts: &Texts) -> Option<String> {
        (*self != Self::NONE).then(|| format!("{:x}", self.as_raw()))
    }

    fn read(shown: &str, _texts: &mut Texts) -> Result<Self, String> {
        hexadecimal(shown).map(Self::from_raw)
    }
}

impl Field for SessionId {
    fn shown(&self, _texts: &Texts) -> Option<String> {
        (!self.is_none()).then(|| format!("{:x}", self.as_raw()))
    }

    fn read(shown: &str, _texts: &mut Texts) -> Result<Self, String> {
        hexadecimal(shown).map(Self::from_raw)
    }
}

fn hexadecimal(shown: &str) -> Result<i64, String> {
    u64::from_str_radix(shown, 16)
        .map(|bits| i64::from_ne_bytes(bits.to_ne_bytes()))
        .map_err(|error| format!("{shown}: {error}"))
}

impl Field for Moment {
    fn shown(&self, _texts: &Texts) -> Option<String> {
        (*self != Self::ZERO).then(|| milliseconds(self.as_nanos()))
    }

    fn read(shown: &str, _texts: &mut Texts) -> Result<Self, String> {
        nanoseconds(shown).map(Self::from_nanos)
    }
}

impl Field for Duration {
    fn shown(&self, _texts: &Texts) -> Option<String> {
        let nanos = u64::try_from(self.as_nanos()).unwrap_or(u64::MAX);
        (nanos != 0).then(|| milliseconds(nanos))
    }

    fn read(shown: &str, _texts: &mut Texts) -> Result<Self, String> {
        nanoseconds(shown).map(Self::from_nanos)
    }
}

const NANOS_PER_MILLI: u64 = 1_000_000;

pub(crate) fn milliseconds(nanos: u64) -> String {
    let (whole, rest) = (nanos / NANOS_PER_MILLI, nanos % NANOS_PER_MILLI);
    if rest == 0 {
        return whole.to_string();
    }
    let decimals = format!("{rest:06}");
    format!("{whole}.{}", decimals.trim_end_matches('0'))
}

fn nanoseconds(shown: &str) -> Result<u64, String> {
    let (whole, decimals) = shown.split_once('.').unwrap_or((shown, ""));
    let no_time = || format!("{shown} is not a number of milliseconds");
    if decimals.len() > 6 {
        return Err(no_time());
    }
    let whole: u64 = whole.parse().map_err(|_| no_time())?;
    let rest: u64 = format!("{decimals:0<6}").parse().map_err(|_| no_time())?;
    whole
        .checked_mul(NANOS_PER_MILLI)
        .and_then(|nanos| nanos.checked_add(rest))
        .ok_or_else(no_time)
}

/// What may be absent: absent by default, and written even if zero where present.
impl<T: Field + Default> Field for Option<T> {
    fn shown(&self, texts: &Texts) -> Option<String> {
        let value = self.as_ref()?;
        Some(value.shown(texts).unwrap_or_else(|| "0".to_owned()))
    }

    fn read(shown: &str, texts: &mut Texts) -> Result<Self, String> {
        T::read(shown, texts).map(Some)
    }
}
