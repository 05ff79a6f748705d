//! Writing the text form.

use crate::history::History;
use crate::text::{Record, Texts};

/// The text form of a history.
pub(crate) fn print(history: &History) -> String {
    let mut text = String::new();
    let texts = &history.texts;
    line(&history.limits, texts, &mut text);
    lines(&history.clocks, texts, &mut text);
    lines(&history.faults, texts, &mut text);
    lines(&history.notes, texts, &mut text);
    lines(&history.ops, texts, &mut text);
    lines(&history.beliefs, texts, &mut text);
    lines(&history.accesses, texts, &mut text);
    lines(&history.events, texts, &mut text);
    lines(&history.news, texts, &mut text);
    lines(&history.cached, texts, &mut text);
    lines(&history.gauges, texts, &mut text);
    let truth = &history.truth;
    lines(&truth.changes, texts, &mut text);
    lines(&truth.sessions, texts, &mut text);
    lines(&truth.watches, texts, &mut text);
    lines(&truth.requests, texts, &mut text);
    lines(&truth.leftovers, texts, &mut text);
    text
}

fn lines<R: Record>(records: &[R], texts: &Texts, text: &mut String) {
    for record in records {
        line(record, texts, text);
    }
}

fn line<R: Record>(record: &R, texts: &Texts, text: &mut String) {
    text.push_str(R::WORD);
    record.write(texts, text);
    text.push('\n');
}
