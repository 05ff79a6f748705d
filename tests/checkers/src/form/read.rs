//! Reading the text form.

use std::error::Error;
use std::fmt;

use crate::history::History;
use crate::records::{
    Access, Belief, Cached, Change, Clock, Fault, Gauge, Leftover, Limits, News, Note, Op, Request,
    ServerWatch, SessionRow, WatchEvent,
};
use crate::text::{Record, Texts};

/// Why a text is not a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl Error for ParseError {}

/// The history that a text stands for.
pub(crate) fn parse(text: &str) -> Result<History, ParseError> {
    let mut history = History::new();
    for (place, line) in text.lines().enumerate() {
        let at = |why| ParseError {
            line: place + 1,
            why,
        };
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            read_line(&mut history, line).map_err(at)?;
        }
    }
    history.catch_up();
    Ok(history)
}

fn read_line(history: &mut History, line: &str) -> Result<(), String> {
    let (word, fields) = line.split_once(' ').unwrap_or((line, ""));
    let texts = &mut history.texts;
    let truth = &mut history.truth;
    match word {
        Limits::WORD => history.limits = record(fields, texts)?,
        Clock::WORD => history.clocks.push(record(fields, texts)?),
        Fault::WORD => history.faults.push(record(fields, texts)?),
        Note::WORD => history.notes.push(record(fields, texts)?),
        Op::WORD => history.ops.push(record(fields, texts)?),
        Belief::WORD => history.beliefs.push(record(fields, texts)?),
        Access::WORD => history.accesses.push(record(fields, texts)?),
        WatchEvent::WORD => history.events.push(record(fields, texts)?),
        News::WORD => history.news.push(record(fields, texts)?),
        Cached::WORD => history.cached.push(record(fields, texts)?),
        Gauge::WORD => history.gauges.push(record(fields, texts)?),
        Change::WORD => truth.changes.push(record(fields, texts)?),
        SessionRow::WORD => truth.sessions.push(record(fields, texts)?),
        ServerWatch::WORD => truth.watches.push(record(fields, texts)?),
        Request::WORD => truth.requests.push(record(fields, texts)?),
        Leftover::WORD => truth.leftovers.push(record(fields, texts)?),
        other => return Err(format!("no record is called {other}")),
    }
    Ok(())
}

fn record<R: Record>(fields: &str, texts: &mut Texts) -> Result<R, String> {
    let mut record = R::default();
    for field in fields.split_ascii_whitespace() {
        let (name, shown) = field
            .split_once('=')
            .ok_or_else(|| format!("{field} has no ="))?;
        record.set(name, shown, texts)?;
    }
    Ok(record)
}
