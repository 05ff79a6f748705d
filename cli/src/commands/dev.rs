//! `zkctl dev`: a server in memory, for development.

use crate::exit::{Failure, code};

/// Options of `dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, _json: bool) -> Result<u8, Failure> {
    Ok(code::INTERNAL)
}
