//! `zkctl completion`: scripts for shells.

use clap_complete::aot;

use crate::exit::{Failure, code};
use crate::output;

/// Options of `completion`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  zkctl completion bash > /etc/bash_completion.d/zkctl
  zkctl completion zsh > \"${fpath[1]}/_zkctl\"
  zkctl completion fish > ~/.config/fish/completions/zkctl.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &Args, mut all: clap::Command) -> Result<u8, Failure> {
    let shell = match args.shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    let mut script = Vec::new();
    aot::generate(shell, &mut all, "zkctl", &mut script);
    output::bytes(&script)?;
    Ok(code::OK)
}
