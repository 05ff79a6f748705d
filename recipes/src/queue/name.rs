//! The names of items: what they say, and the order that they stand in.

use zk_client::path;

use super::layout::QueueLayout;

/// What a name says besides the number that the server appends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Label {
    pub(super) priority: Option<i32>,
    /// Milliseconds since 1970.
    pub(super) due: Option<i64>,
    pub(super) id: Option<String>,
}

/// The name of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) label: Label,
    pub(super) rank: Rank,
}

/// A place in a queue. Total, so that sorting never depends on when it is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// The priority or the due time; what has none comes first, as in Curator.
    pub(super) class: i64,
    /// Beyond the end of the server's counter numbers are no order any more: such items come last.
    beyond: bool,
    pub(super) sequence: i64,
    text: String,
}

/// What the name of an item with this label begins with.
pub(super) fn prefix(layout: QueueLayout, label: &Label) -> String {
    let start = layout.start();
    match layout {
        QueueLayout::Fifo | QueueLayout::Simple => start.to_owned(),
        QueueLayout::Priority => {
            let priority = label.priority.unwrap_or_default();
            let sign = u8::from(priority >= 0);
            format!("{start}{sign}{priority:08X}")
        }
        QueueLayout::Delay => format!("{start}|{:08X}|", label.due.unwrap_or_default().max(0)),
        QueueLayout::Id => {
            let id = label.id.as_deref().unwrap_or_default();
            format!("{start}|{}|", sanitised(id))
        }
        QueueLayout::Kazoo | QueueLayout::KazooLocking => {
            format!(
                "{start}{:03}-",
                label.priority.unwrap_or(KAZOOS_PRIORITY).clamp(0, 999)
            )
        }
    }
}

/// An id as it stands in a name. Ids that differ only in these characters are one.
pub(super) fn sanitised(id: &str) -> String {
    id.replace(['/', '|'], "_")
}

impl Name {
    /// Reads a child's name; `None` if it is no item of such a queue.
    pub(super) fn parse(layout: QueueLayout, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(layout.start())?;
        if is_uuid(rest) {
            // A part of a queue that Curator's sharder has divided.
            return None;
        }
        let bare = path::sequence_after(layout.start(), text);
        let (label, class, sequence) = match layout {
            QueueLayout::Fifo | QueueLayout::Simple => (Label::default(), 0, bare),
            // Whatever has no priority, as items that Curator has put back, comes first.
            QueueLayout::Priority => match priority(rest) {
                Some((priority, digits)) => {
                    let sequence = path::sequence_after("", digits);
                    (with_priority(priority), i64::from(priority), sequence)
                }
                None => (Label::default(), i64::MIN, bare),
            },
            QueueLayout::Delay => {
                let due = due(text);
                let label = Label {
                    due: Some(due),
                    ..Label::default()
                };
                (label, due, bare.or_else(|| last(text)))
            }
            QueueLayout::Id => {
                let label = Label {
                    id: id(text).map(str::to_owned),
                    ..Label::default()
                };
                (label, 0, bare.or_else(|| last(text)))
            }
            QueueLayout::Kazoo | QueueLayout::KazooLocking => {
                let (digits, number) = rest.split_at_checked(3)?;
                let priority = digits.parse().ok().filter(|_| all_digits(digits))?;
                let sequence = path::sequence_after("-", number);
                (with_priority(priority), i64::from(priority), sequence)
            }
        };
        let number = sequence.filter(|number| *number >= 0);
        Some(Self {
            text: text.to_owned(),
            label,
            rank: Rank {
                class,
                beyond: number.is_none(),
                sequence: number.unwrap_or_default(),
                text: text.to_owned(),
            },
        })
    }

    /// The items among the children, in their order.
    pub(super) fn sorted(layout: QueueLayout, children: &[String]) -> Vec<Self> {
        let mut names: Vec<Self> = children
            .iter()
            .filter_map(|child| Self::parse(layout, child))
            .collect();
        names.sort_unstable_by(|one, other| one.rank.cmp(&other.rank));
        names
    }
}

fn with_priority(priority: i32) -> Label {
    Label {
        priority: Some(priority),
        ..Label::default()
    }
}

/// A sign, eight hexadecimal digits, and what is behind them.
fn priority(rest: &str) -> Option<(i32, &str)> {
    let (hex, digits) = rest.split_at_checked(9)?;
    let (sign, hex) = hex.split_at_checked(1)?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    if !hex.bytes().all(is_hex) || digits.is_empty() {
        return None;
    }
    let priority = i32::from_be_bytes(u32::from_str_radix(hex, 16).ok()?.to_be_bytes());
    let expected = if priority >= 0 { "1" } else { "0" };
    (sign == expected).then_some((priority, digits))
}

/// Between the last two bars; 0 if that is no number, as in Curator.
fn due(text: &str) -> i64 {
    let hex = text
        .rsplit_once('|')
        .and_then(|(front, _)| front.rsplit_once('|'))
        .map(|(_, hex)| hex);
    hex.and_then(|hex| i64::from_str_radix(hex, 16).ok())
        .unwrap_or_default()
}

/// Between the first two bars.
fn id(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once('|')?;
    behind.split_once('|').map(|(id, _)| id)
}

/// The number behind the last bar.
fn last(text: &str) -> Option<i64> {
    let (_, number) = text.rsplit_once('|')?;
    path::sequence_after("", number)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| {
            if hyphens.contains(&at) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

/// What kazoo gives items without a priority.
const KAZOOS_PRIORITY: i32 = 100;

#[cfg(test)]
mod tests;
