//! Where the processes work.

/// The path of a register.
#[must_use]
pub fn register_path(register: usize) -> String {
    format!("/registers/{register}")
}

/// The node that decisions are about, and where each of their branches writes.
pub(crate) const DECISION: [&str; 3] = [
    "/registers/switch",
    "/registers/then",
    "/registers/otherwise",
];

/// The path of a lock.
#[must_use]
pub fn lock_path(lock: usize) -> String {
    format!("/locks/{lock}")
}

/// Which lock a path belongs to.
pub(crate) fn lock_number(path: &str) -> usize {
    let below = path.trim_start_matches("/locks/");
    let number = below.split('/').next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

/// The node of a recipe that holds nothing, below the directory of that number.
#[must_use]
pub fn node(directory: usize) -> String {
    format!("{}/node", lock_path(directory))
}

/// Where all processes meet once more when everything was healed.
#[must_use]
pub fn last_node() -> String {
    "/locks/last/node".to_owned()
}

/// The register in ZooKeeper that a lock protects.
#[must_use]
pub fn guarded_path(lock: usize) -> String {
    format!("/guarded/{lock}")
}

/// The directories of a semaphore: those at its entrance, and the leases.
pub(crate) fn semaphore_directories(lock: usize) -> [String; 2] {
    let path = lock_path(lock);
    [format!("{path}/locks"), format!("{path}/leases")]
}

/// Where the contenders of a job are.
pub(crate) fn lease_holder(lock: usize) -> String {
    format!("{}/holder", lock_path(lock))
}
