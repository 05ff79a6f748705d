//! What operations of a transaction yield, as types.

use zk_client::{Create, Delete, FencedCreate, MultiPart, MultiResult, Set, Stat};

/// A node that a transaction created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Made {
    /// Its path, relative to the client's chroot, with the sequence suffix if it has one.
    pub path: String,
    /// Its metadata, where the servers send it in transactions: not before 3.7.2 and 3.8.2 (ZOOKEEPER-4026).
    pub stat: Option<Stat>,
}

/// A write that can be part of a [`Transaction`](crate::Transaction), and what it yields there. Implemented for the builders
/// of [`Client::create`](crate::Client::create), [`Client::set`](crate::Client::set) and
/// [`Client::delete`](crate::Client::delete), with all their options.
pub trait Operation: Into<MultiPart> + sealed::Sealed {
    /// What it yields: [`Made`] of a create, [`Stat`] of a write, nothing of a delete.
    type Result: sealed::FromResult;
}

impl Operation for Create {
    type Result = Made;
}

impl Operation for FencedCreate {
    type Result = Made;
}

impl Operation for Set {
    type Result = Stat;
}

impl Operation for Delete {
    type Result = ();
}

/// The results of a transaction: a tuple with one element per operation, up to twelve.
pub trait Results: sealed::Sealed + Sized {
    /// Takes them from the answer, in order.
    #[doc(hidden)]
    fn take(results: &mut std::vec::IntoIter<MultiResult>) -> Option<Self>;
}

/// Results that one more can be added to.
pub trait Append<T>: Results {
    /// The results with the new one behind them.
    type Joined: Results;
}

#[expect(
    unnameable_types,
    reason = "the operations of a transaction are this crate's to say"
)]
mod sealed {
    use zk_client::{Create, Delete, FencedCreate, MultiResult, Set, Stat};

    use super::Made;

    pub trait Sealed {}
    impl Sealed for Create {}
    impl Sealed for FencedCreate {}
    impl Sealed for Set {}
    impl Sealed for Delete {}

    /// One result of the kind that its operation yields; nothing if the server sent another kind.
    pub trait FromResult: Sized {
        fn from_result(result: MultiResult) -> Option<Self>;
    }

    impl FromResult for Made {
        fn from_result(result: MultiResult) -> Option<Self> {
            match result {
                MultiResult::Created { path, stat } => Some(Self { path, stat }),
                _ => None,
            }
        }
    }

    impl FromResult for Stat {
        fn from_result(result: MultiResult) -> Option<Self> {
            match result {
                MultiResult::Set(stat) => Some(stat),
                _ => None,
            }
        }
    }

    impl FromResult for () {
        fn from_result(result: MultiResult) -> Option<Self> {
            match result {
                MultiResult::Deleted | MultiResult::Checked => Some(()),
                _ => None,
            }
        }
    }
}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        tuples!(@each [] $first $($rest)*);
    };
    (@each [$($have:ident)*] $next:ident $($rest:ident)*) => {
        tuples!(@results $($have)*);
        impl<$($have: sealed::FromResult,)* $next: sealed::FromResult> Append<$next> for ($($have,)*) {
            type Joined = ($($have,)* $next,);
        }
        tuples!(@each [$($have)* $next] $($rest)*);
    };
    (@each [$($have:ident)*]) => {
        tuples!(@results $($have)*);
    };
    (@results $($have:ident)*) => {
        impl<$($have: sealed::FromResult,)*> sealed::Sealed for ($($have,)*) {}
        impl<$($have: sealed::FromResult,)*> Results for ($($have,)*) {
            #[allow(unused_variables, reason = "there are no results of no operations")]
            #[allow(clippy::unused_unit, reason = "the tuple of no results is the unit")]
            fn take(results: &mut std::vec::IntoIter<MultiResult>) -> Option<Self> {
                Some(($(<$have as sealed::FromResult>::from_result(results.next()?)?,)*))
            }
        }
    };
}

tuples!(A B C D E F G H I J K L);
