//! The order of the measurements: everybody takes turns, several times over.

use std::io::{IsTerminal, Write, stderr};

use crate::contender::{Contender, Role, Workload};
use crate::options::Options;
use crate::outcome::Outcome;

/// What one contender did on one workload, one value per round.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) workload: Workload,
    pub(crate) contender: String,
    pub(crate) role: Role,
    pub(crate) remark: Option<&'static str>,
    /// Operations per second.
    pub(crate) rates: Vec<f64>,
    /// CPU time of the client per operation, in microseconds.
    pub(crate) cpu: Vec<f64>,
    /// Requests per operation.
    pub(crate) requests: Vec<f64>,
}

/// Warms everybody up, then measures.
///
/// A round visits all workloads and, within one, all contenders, who thus meet the machine in the
/// same mood. Who begins changes from round to round.
pub(crate) fn run(contenders: &mut [Box<dyn Contender>], options: &Options) -> Outcome<Vec<Cell>> {
    let mut cells = cells(contenders, options);
    for workload in Workload::ALL {
        for contender in contenders.iter_mut() {
            if !takes_part(contender.as_ref(), workload, options) {
                continue;
            }
            progress(&format!(
                "warm-up: {}, {}",
                workload.title(),
                contender.name()
            ));
            let time = contender.warm_up(options.round);
            contender
                .run(workload, time)
                .map_err(|e| blame(contender.as_ref(), workload, &*e))?;
        }
    }
    let count = contenders.len();
    for round in 0..options.rounds {
        for workload in Workload::ALL {
            if !cells.iter().any(|cell| cell.workload == workload) {
                continue;
            }
            progress(&format!(
                "round {} of {}: {}",
                round + 1,
                options.rounds,
                workload.title()
            ));
            for turn in 0..count {
                let Some(contender) = contenders.get_mut((round + turn) % count) else {
                    continue;
                };
                let name = contender.name();
                let cell = cells
                    .iter_mut()
                    .find(|cell| cell.workload == workload && cell.contender == name);
                if let Some(cell) = cell {
                    measure(contender.as_mut(), cell, options)
                        .map_err(|e| blame(contender.as_ref(), workload, &*e))?;
                }
            }
        }
    }
    progress("");
    Ok(cells)
}

fn takes_part(contender: &dyn Contender, workload: Workload, options: &Options) -> bool {
    contender.does(workload) && options.wants(&workload.title(), &contender.name())
}

fn cells(contenders: &[Box<dyn Contender>], options: &Options) -> Vec<Cell> {
    let row = |workload| {
        let able = contenders
            .iter()
            .filter(move |contender| takes_part(contender.as_ref(), workload, options));
        able.map(move |contender| Cell {
            workload,
            contender: contender.name(),
            role: contender.role(),
            remark: contender.remark(workload),
            rates: Vec::new(),
            cpu: Vec::new(),
            requests: Vec::new(),
        })
    };
    Workload::ALL.into_iter().flat_map(row).collect()
}

fn measure(contender: &mut dyn Contender, cell: &mut Cell, options: &Options) -> Outcome<()> {
    let (cpu, requests) = (contender.cpu()?, contender.requests());
    let run = contender.run(cell.workload, options.round)?;
    let cpu = contender.cpu()? - cpu;
    if run.operations == 0 {
        return Err("not one operation in a whole round".into());
    }
    let operations = run.operations as f64;
    cell.rates.push(operations / run.elapsed.as_secs_f64());
    cell.cpu.push(cpu.as_secs_f64() * 1e6 / operations);
    if let (Some(before), Some(after)) = (requests, contender.requests()) {
        cell.requests.push((after - before) as f64 / operations);
    }
    Ok(())
}

fn blame(
    contender: &dyn Contender,
    workload: Workload,
    error: &(dyn std::error::Error + Send + Sync),
) -> String {
    format!("{}: {}: {error}", contender.name(), workload.title())
}

/// One line that is written over on a terminal; nobody can help it if that fails.
fn progress(text: &str) {
    let mut out = stderr();
    let _ = if out.is_terminal() {
        write!(out, "\r\x1b[K{text}")
    } else if text.is_empty() {
        Ok(())
    } else {
        writeln!(out, "bench: {text}")
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::contender::Run;

    struct Steady(&'static str, u64);

    impl Contender for Steady {
        fn name(&self) -> String {
            self.0.to_owned()
        }
        fn does(&self, workload: Workload) -> bool {
            workload != Workload::Mutex
        }
        fn run(&mut self, _workload: Workload, elapsed: Duration) -> Outcome<Run> {
            self.1 += 20;
            Ok(Run {
                operations: 10,
                elapsed,
            })
        }
        fn requests(&self) -> Option<u64> {
            Some(self.1)
        }
    }

    fn options() -> Options {
        Options {
            rounds: 3,
            round: Duration::from_millis(100),
            complete: false,
            only: None,
        }
    }

    #[test]
    fn each_contender_is_measured_once_per_round_on_what_it_does() {
        let mut both: Vec<Box<dyn Contender>> =
            vec![Box::new(Steady("a", 0)), Box::new(Steady("b", 0))];
        let cells = run(&mut both, &options()).unwrap();
        assert_eq!(cells.len(), 2 * (Workload::ALL.len() - 1));
        for cell in cells {
            assert_eq!(cell.rates, [100.0; 3]);
            assert_eq!(cell.requests, [2.0; 3]);
        }
    }

    #[test]
    fn a_round_without_an_operation_is_an_error_that_names_the_contender() {
        struct Idle;
        impl Contender for Idle {
            fn name(&self) -> String {
                "idler".to_owned()
            }
            fn does(&self, _workload: Workload) -> bool {
                true
            }
            fn run(&mut self, _workload: Workload, elapsed: Duration) -> Outcome<Run> {
                Ok(Run {
                    operations: 0,
                    elapsed,
                })
            }
        }
        let error = run(&mut [Box::new(Idle)], &options()).unwrap_err();
        assert!(error.to_string().contains("idler"), "{error}");
    }
}
