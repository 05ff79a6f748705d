//! Where things are: below a chroot, on which servers.

pub(crate) mod chroot;
pub(crate) mod connect_string;
