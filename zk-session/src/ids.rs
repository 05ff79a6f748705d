//! Small numbers that name things the core hands out.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number, for a driver that keeps ids as plain numbers.
            #[must_use]
            pub const fn from_raw(raw: u64) -> Self {
                Self(raw)
            }

            /// The number itself. Later ids have greater numbers.
            #[must_use]
            pub const fn as_raw(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// One connection: a TCP stream from dialling to hanging up. Never used twice in a session.
    ConnId,
    "conn-"
);
id!(
    /// One request accepted by [`Session::submit`](crate::Session::submit). Never used twice.
    RequestId,
    "request-"
);
id!(
    /// One registration of a watch. Never used twice.
    WatchId,
    "watch-"
);
id!(
    /// One clean-up the session promised to do. Never used twice.
    DutyId,
    "duty-"
);

/// One server of the ensemble: its position in the list the session was configured with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(usize);

impl ServerId {
    /// The server at this position of the list.
    #[must_use]
    pub const fn from_index(index: usize) -> Self {
        Self(index)
    }

    /// The position in the list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server-{}", self.0)
    }
}

impl fmt::Debug for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hands out the numbers behind one kind of id, from 1 up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdCounter(u64);

impl IdCounter {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}
