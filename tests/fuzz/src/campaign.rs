//! A run over one target: seeds and corpus first, then changes of what was worth keeping.

use std::time::{Duration, Instant};

use crate::corpus;
use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::mutate::mutated;
use crate::target::Target;

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// After so long.
    Time(Duration),
    /// After so many inputs.
    Inputs(u64),
}

/// What a run did.
#[derive(Debug)]
pub struct Summary {
    /// How many inputs were tried.
    pub inputs: u64,
    /// How many are worth changing further.
    pub kept: usize,
    /// How many places of the code were reached; 0 without counters.
    pub places: usize,
    /// The first input about which the oracle complained, and the complaint.
    pub finding: Option<(Vec<u8>, String)>,
}

/// Without guidance nothing says which input is worth keeping: then one in so many is.
const KEEP_ONE_IN: u64 = 64;

/// More than this many are not kept without guidance.
const MAX_KEPT: usize = 2_000;

/// Tries inputs until the limit or the first complaint.
#[must_use]
pub fn run(target: &Target, seed: u64, limit: Limit) -> Summary {
    let begun = Instant::now();
    let mut dice = Dice::new(seed);
    let mut coverage = Coverage::default();
    let mut pool = (target.seeds)();
    let known = corpus::inputs(target.name).unwrap_or_default();
    pool.extend(known.into_iter().map(|(_, bytes)| bytes));
    let mut waiting = pool.clone();
    let mut summary = Summary {
        inputs: 0,
        kept: 0,
        places: 0,
        finding: None,
    };
    loop {
        let done = match limit {
            Limit::Time(time) => summary.inputs % 64 == 0 && begun.elapsed() >= time,
            Limit::Inputs(inputs) => summary.inputs >= inputs,
        };
        if done && waiting.is_empty() {
            break;
        }
        let input = waiting.pop().unwrap_or_else(|| {
            let nothing = Vec::new();
            let base = dice.pick(&pool).unwrap_or(&nothing).clone();
            let other = dice.pick(&pool).unwrap_or(&nothing).clone();
            mutated(&mut dice, &base, &other)
        });
        summary.inputs += 1;
        coverage.start();
        let verdict = target.judge(&input);
        let news = coverage.is_news();
        if let Err(complaint) = verdict {
            summary.finding = Some((shrunk(target, input), complaint));
            break;
        }
        let lucky = !Coverage::is_on() && summary.inputs % KEEP_ONE_IN == 0;
        if news || (lucky && pool.len() < MAX_KEPT) {
            pool.push(input);
        }
    }
    summary.kept = pool.len();
    summary.places = coverage.places();
    summary
}

/// The input without the pieces that the complaint does not need.
fn shrunk(target: &Target, mut input: Vec<u8>) -> Vec<u8> {
    let mut piece = input.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at + piece <= input.len() {
            let mut shorter = input.clone();
            shorter.drain(at..at + piece);
            if target.judge(&shorter).is_err() {
                input = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    input
}
