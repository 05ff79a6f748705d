//! The records' text form, and what each checker accepts and rejects.

mod cancel;
mod cases;
mod effort;
mod generated;
mod leaks;
mod liveness;
mod locks;
mod model;
mod registers;
mod search;
mod sessions;
mod size;
mod text;
mod watches;
