//! A bar for long work, on a terminal alone.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a work is. Drawn on stderr once it is long, and gone when it is dropped.
pub(crate) struct Progress {
    what: &'static str,
    total: Option<u64>,
    done: u64,
    bar: Option<ProgressBar>,
    is_terminal: bool,
}

impl Progress {
    /// Nothing is done yet of `total` nodes, if it is known how many there are.
    pub(crate) fn new(what: &'static str, total: Option<u64>) -> Self {
        Self {
            what,
            total,
            done: 0,
            bar: None,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// So many more are done.
    pub(crate) fn add(&mut self, nodes: u64) {
        self.done += nodes;
        if !self.is_terminal || self.done < LONG {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| draw(self.what, self.total));
        bar.set_position(self.done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn draw(what: &'static str, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match total {
        Some(_) => "{msg} {bar:32} {human_pos} of {human_len} nodes, {per_sec}, {eta} left",
        None => "{msg} {human_pos} nodes, {per_sec}",
    };
    // The templates are ours: there is nothing wrong with them.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// So many nodes are a work that is worth a bar.
const LONG: u64 = 1_000;
