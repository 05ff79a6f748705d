//! The faces of an ensemble: how it is started, reached and broken.

mod builder;
mod hooks;
mod pipe;
mod tcp;

pub use builder::EnsembleBuilder;
pub use hooks::{EnsembleHooks, ServerFault};
pub use pipe::PipeEnsemble;
pub use tcp::EmbeddedEnsemble;
