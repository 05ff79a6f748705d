//! One line of a ledger.

use serde_json::Value;

/// How a call ended, as its contender says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    NotApplied,
    Unknown,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) token: u64,
    /// The counter as it was read; empty for a mark.
    pub(super) saw: String,
    /// When what was read had been written; 0 if the contender does not say.
    pub(super) saw_zxid: u64,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) struct Hold {
    pub(super) who: String,
    pub(super) token: u64,
    pub(super) granted: Option<u64>,
    pub(super) safe_until: Option<u64>,
    pub(super) lost: bool,
}

#[derive(Debug)]
pub(super) enum Line {
    Add(Call),
    Mark(Call),
    Hold(Hold),
    /// Nothing that was done.
    Other,
}

/// `N ID`, as the counter reads.
pub(super) fn count(text: &str) -> Option<(u64, &str)> {
    let (n, id) = text.split_once(' ')?;
    Some((n.parse().ok()?, id))
}

/// Reads a line, or says what is wrong with it.
pub(super) fn read(line: &str) -> Result<Line, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| format!("no JSON ({e})"))?;
    let text = |key: &str| {
        let text = value[key].as_str().map(str::to_owned);
        text.ok_or_else(|| format!("no text `{key}`"))
    };
    let number = |key: &str| value[key].as_u64();
    let token = || number("token").ok_or_else(|| "no number `token`".to_owned());
    match text("event")?.as_str() {
        "call" => {
            let op = text("op")?;
            let saw = if op == "add" {
                text("saw")?
            } else {
                String::new()
            };
            let call = Call {
                id: text("id")?,
                token: token()?,
                saw,
                saw_zxid: number("saw_zxid").unwrap_or(0),
                outcome: match text("outcome")?.as_str() {
                    "done" => Outcome::Done,
                    "not_applied" => Outcome::NotApplied,
                    "unknown" => Outcome::Unknown,
                    other => return Err(format!("no outcome `{other}`")),
                },
            };
            match op.as_str() {
                "add" => Ok(Line::Add(call)),
                "mark" => Ok(Line::Mark(call)),
                other => Err(format!("no call `{other}`")),
            }
        }
        "hold" => Ok(Line::Hold(Hold {
            who: text("who")?,
            token: token()?,
            granted: number("granted"),
            safe_until: number("safe_until"),
            lost: text("end")? == "lost",
        })),
        "ready" | "end" => Ok(Line::Other),
        other => Err(format!("no event `{other}`")),
    }
}
