//! `zkctl man`: the manual.

use std::fs;
use std::path::PathBuf;

use clap_mangen::Man;

use crate::exit::{Failure, code};
use crate::output;

/// Options of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  zkctl man | man -l -
  zkctl man lock | man -l -
  zkctl man --dir /usr/local/share/man/man1")]
pub(crate) struct Args {
    /// The page of this command, in the place of the overview
    command: Option<String>,

    /// Write all pages into this directory: zkctl.1, zkctl-lock.1 …
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, all: clap::Command) -> Result<u8, Failure> {
    let mut all = all.name("zkctl");
    all.build();
    let pages: Vec<clap::Command> = all.get_subcommands().cloned().collect();
    if let Some(dir) = &args.dir {
        write(dir, "zkctl", &all)?;
        for page in &pages {
            write(dir, &format!("zkctl-{}", page.get_name()), page)?;
        }
        return Ok(code::OK);
    }
    let page = match &args.command {
        None => all,
        Some(name) => pages
            .into_iter()
            .find(|page| page.get_name() == name)
            .ok_or_else(|| {
                Failure::usage(format!("there is no command `{name}`; see zkctl --help"))
            })?,
    };
    let title = match page.get_name() {
        "zkctl" => "zkctl".to_owned(),
        name => format!("zkctl-{name}"),
    };
    output::bytes(&render(&title, &page)?)?;
    Ok(code::OK)
}

fn render(title: &str, page: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    Man::new(page.clone().display_name(title.to_owned()))
        .title(title.to_uppercase())
        .source(concat!("zkctl ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)?;
    Ok(text)
}

fn write(dir: &std::path::Path, title: &str, page: &clap::Command) -> Result<(), Failure> {
    let file = dir.join(format!("{title}.1"));
    fs::write(&file, render(title, page)?).map_err(|e| {
        Failure::new(
            code::INTERNAL,
            format!("cannot write {}: {e}", file.display()),
        )
    })
}
