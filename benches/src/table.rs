//! The report: a Markdown table and what is needed to judge it.

use std::fmt::Write;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::contender::{Role, Workload};
use crate::embedded;
use crate::floor;
use crate::rounds::Cell;
use crate::statistic::{median, median_ratio, spread};

/// What the table was measured with.
pub(crate) struct Setting {
    pub(crate) server: String,
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
    /// Load average before and after.
    pub(crate) load: (String, String),
    /// Peers that are missing, and why.
    pub(crate) left_out: Vec<String>,
}

/// The whole report.
pub(crate) fn render(setting: &Setting, cells: &[Cell]) -> String {
    let mut text = String::new();
    let mut notes: Vec<&'static str> = Vec::new();
    // Writing to a String cannot fail.
    let _ = write_head(&mut text, setting);
    for workload in Workload::ALL {
        let group: Vec<&Cell> = cells
            .iter()
            .filter(|cell| cell.workload == workload)
            .collect();
        for cell in &group {
            let _ = write_row(&mut text, cell, &group, &mut notes);
        }
    }
    let _ = write_foot(&mut text, setting, cells, &notes);
    text
}

/// What is not as fast as it is to be, if anything is not.
pub(crate) fn broken(cells: &[Cell]) -> Option<String> {
    for ours in cells.iter().filter(|cell| cell.role == Role::Base) {
        let Some(promised) = ours.workload.promised() else {
            continue;
        };
        let peers = cells.iter().filter(|cell| cell.role == Role::Peer);
        for peer in peers.filter(|peer| peer.workload == ours.workload) {
            let ratio = median_ratio(&ours.rates, &peer.rates).unwrap_or(0.0);
            if ratio < promised {
                let (what, peer) = (ours.workload.title(), &peer.contender);
                return Some(format!(
                    "{what}: ours is {ratio:.1} times as fast as {peer}, and is to be {promised:.1} times"
                ));
            }
        }
    }
    None
}

fn write_head(out: &mut String, setting: &Setting) -> std::fmt::Result {
    let cpus = available_parallelism().map_or(1, usize::from);
    writeln!(out, "# Benchmark\n")?;
    writeln!(
        out,
        "{}; client and server share {cpus} CPUs; {} interleaved rounds of {} ms per cell.\n",
        setting.server,
        setting.rounds,
        setting.round.as_millis(),
    )?;
    writeln!(
        out,
        "| workload | contender | ops/s | to the floor | to ours | client CPU µs/op | requests/op |"
    )?;
    writeln!(out, "|---|---|--:|--:|--:|--:|--:|")
}

fn write_row(
    out: &mut String,
    cell: &Cell,
    group: &[&Cell],
    notes: &mut Vec<&'static str>,
) -> std::fmt::Result {
    let to = |role| {
        let base = group.iter().find(|cell| cell.role == role)?;
        median_ratio(&cell.rates, &base.rates)
    };
    let note = cell.remark.map_or(String::new(), |remark| {
        let known = notes.iter().position(|note| *note == remark);
        let index = known.unwrap_or_else(|| {
            notes.push(remark);
            notes.len() - 1
        });
        format!(" [{}]", index + 1)
    });
    writeln!(
        out,
        "| {} | {}{note} | {} | {} | {} | {} | {} |",
        cell.workload.title(),
        cell.contender,
        rate(median(cell.rates.iter().copied())),
        number(to(Role::Floor), 2),
        number(to(Role::Base), 2),
        number(median(cell.cpu.iter().copied()), 1),
        number(median(cell.requests.iter().copied()), 2),
    )
}

fn write_foot(
    out: &mut String,
    setting: &Setting,
    cells: &[Cell],
    notes: &[&'static str],
) -> std::fmt::Result {
    writeln!(out)?;
    for (index, note) in notes.iter().enumerate() {
        writeln!(out, "- [{}] {note}", index + 1)?;
    }
    writeln!(
        out,
        "- ops/s, CPU and requests are medians over the rounds; a ratio is the median of the ratios of \
         each round. \"Ours\" is ours on the multi-thread runtime. Quote ratios, not times."
    )?;
    writeln!(
        out,
        "- In flight: the Rust clients have as many tasks with one request each; the floor and the \
         Java client keep a window from one thread."
    )?;
    if let Some(ratio) = embedded_ratio(cells) {
        writeln!(
            out,
            "- At {} in flight the embedded server answered {ratio:.1} times as many getData as the real one.",
            Workload::MOST_IN_FLIGHT
        )?;
    }
    writeln!(out, "- {}.", noise(setting, cells))?;
    for peer in &setting.left_out {
        writeln!(out, "- Left out: {peer}.")?;
    }
    Ok(())
}

/// The same frames to either server.
fn embedded_ratio(cells: &[Cell]) -> Option<f64> {
    let rates = |contender| {
        let workload = Workload::Get(Workload::MOST_IN_FLIGHT);
        let mut cells = cells.iter();
        let cell = cells.find(|cell| cell.workload == workload && cell.contender == contender)?;
        Some(&cell.rates)
    };
    median_ratio(rates(embedded::NAME)?, rates(floor::NAME)?)
}

/// How much the machine itself wavered: the floor does the same work in every round.
fn noise(setting: &Setting, cells: &[Cell]) -> String {
    let floors = cells.iter().filter(|cell| cell.role == Role::Floor);
    let spreads: Vec<String> = floors
        .filter_map(|cell| {
            let (low, high) = spread(&cell.rates)?;
            let title = cell.workload.title();
            Some(format!(
                "{title} {:+.0} to {:+.0} %",
                low * 100.0,
                high * 100.0
            ))
        })
        .collect();
    let noise = if spreads.is_empty() {
        "Noise: not known, no floor was measured".to_owned()
    } else {
        let spreads = spreads.join(", ");
        format!("Noise: the floor's rounds lay around their median by {spreads}")
    };
    let (before, after) = &setting.load;
    format!("{noise}; load average {before} before, {after} after")
}

/// What takes seconds is not told in whole operations per second.
fn rate(value: Option<f64>) -> String {
    number(
        value,
        if value.is_some_and(|rate| rate < 100.0) {
            2
        } else {
            0
        },
    )
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(contender: &str, role: Role, rates: &[f64]) -> Cell {
        Cell {
            workload: Workload::Get(1),
            contender: contender.to_owned(),
            role,
            remark: None,
            rates: rates.to_vec(),
            cpu: vec![8.0, 9.0, 8.0],
            requests: Vec::new(),
        }
    }

    fn setting() -> Setting {
        Setting {
            server: "ZooKeeper 3.9.3".to_owned(),
            rounds: 3,
            round: Duration::from_millis(400),
            load: ("0.5".to_owned(), "1.5".to_owned()),
            left_out: vec!["Curator: no java".to_owned()],
        }
    }

    #[test]
    fn what_is_slower_than_promised_is_told() {
        let load = |contender, role, rates: &[f64]| Cell {
            workload: Workload::CacheLoad,
            ..cell(contender, role, rates)
        };
        let ours = load("ours", Role::Base, &[8.0, 1.0, 9.0]);
        let slow = load("peer", Role::Peer, &[1.0, 1.0, 1.0]);
        let variant = load("ours on one thread", Role::Variant, &[8.0, 1.0, 9.0]);
        assert_eq!(broken(&[ours.clone(), variant, slow]), None);
        let fast = load("peer", Role::Peer, &[1.1, 1.0, 1.0]);
        let told = broken(&[ours, fast]).unwrap();
        assert!(
            told.contains("ours is 7.3 times as fast as peer, and is to be 8.0 times"),
            "{told}"
        );
        let ours = cell("ours", Role::Base, &[1.0]);
        assert_eq!(broken(&[ours, cell("peer", Role::Peer, &[9.0])]), None);
    }

    #[test]
    fn a_row_has_medians_and_ratios_to_the_floor_and_to_ours() {
        let cells = [
            cell("floor", Role::Floor, &[1000.0, 500.0, 1000.0]),
            cell("ours", Role::Base, &[800.0, 400.0, 800.0]),
            cell("peer", Role::Peer, &[400.0, 200.0, 400.0]),
        ];
        let text = render(&setting(), &cells);
        let row = "| getData 100 B, 1 in flight | peer | 400 | 0.40 | 0.50 | 8.0 | – |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("1 in flight -50 to +0 %"), "{text}");
    }

    #[test]
    fn the_servers_are_compared_by_the_same_frames() {
        let at_most_in_flight = |contender, rates: &[f64]| Cell {
            workload: Workload::Get(Workload::MOST_IN_FLIGHT),
            ..cell(contender, Role::Peer, rates)
        };
        let cells = [
            at_most_in_flight(floor::NAME, &[1000.0, 500.0, 1000.0]),
            at_most_in_flight(embedded::NAME, &[12_000.0, 9000.0, 13_000.0]),
        ];
        let text = render(&setting(), &cells);
        assert!(
            text.contains(
                "At 256 in flight the embedded server answered 13.0 times as many getData"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_is_left_out_and_what_limits_a_comparison_is_said() {
        let remark = Some("it cheats");
        let cells = [Cell {
            remark,
            ..cell("peer", Role::Peer, &[1.0])
        }];
        let text = render(&setting(), &cells);
        assert!(text.contains("| peer [1] | 1.00 | – | – |"), "{text}");
        assert!(text.contains("[1] it cheats"), "{text}");
        assert!(text.contains("no floor was measured; load"), "{text}");
        assert!(text.contains("Left out: Curator: no java."), "{text}");
    }
}
