//! CPU time and load, from the kernel.

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

use crate::outcome::Outcome;

/// CPU time of all threads of this process.
pub(crate) fn own() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// CPU time of all threads of another process, in steps of a clock tick (10 ms).
pub(crate) fn of(process: u32) -> Outcome<Duration> {
    let file = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&file).map_err(|e| format!("cannot read {file}: {e}"))?;
    let ticks = ticks(&text).ok_or_else(|| format!("cannot make sense of {file}: {text}"))?;
    Ok(Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second())?)
}

/// User and system time in a line of /proc/PID/stat, whose second field may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Processes that ran or wanted to, on average over the last minute; empty where nobody knows.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_ascii_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_are_found_behind_any_name() {
        let stat = "41 (a) b (c) S 1 41 41 0 -1 4194560 900 0 0 0 120 34 0 0 20 0 9 0 77 1 2";
        assert_eq!(ticks(stat), Some(154));
        assert_eq!(ticks("41 (a) S 1"), None);
    }

    #[test]
    fn work_takes_cpu_time() {
        let before = own();
        while own() == before {
            std::hint::black_box((0..1000).sum::<u64>());
        }
        assert!(of(std::process::id()).is_ok());
    }
}
