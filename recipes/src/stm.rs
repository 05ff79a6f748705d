//! Optimistic transactions: a closure that reads and writes, run again until nothing came between.

mod commit;
mod run;
mod sets;
mod tx;

pub use run::Stm;
pub use tx::Tx;
