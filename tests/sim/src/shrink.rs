//! Makes a failing plan small: fewer events, fewer processes, fewer calls, shorter times.

use std::time::Duration;

use crate::judge::judge;
use crate::plan::Plan;
use crate::run::run;
use crate::schedule::{Action, Trigger};

/// The smallest plan found that still breaks the property, in at most `limit` runs.
#[must_use]
pub fn shrink(plan: &Plan, property: &str, limit: usize) -> Plan {
    let mut best = plan.clone();
    let mut left = limit;
    loop {
        let before = best.clone();
        events(&mut best, property, &mut left);
        for simpler in simpler(&best) {
            keep_if_broken(&mut best, simpler, property, &mut left);
        }
        if best == before || left == 0 {
            return best;
        }
    }
}

/// Takes events out: halves first, then single ones.
fn events(best: &mut Plan, property: &str, left: &mut usize) {
    let mut size = best.events.len();
    while size > 0 {
        let mut begin = 0;
        while begin < best.events.len() {
            let mut candidate = best.clone();
            let end = (begin + size).min(candidate.events.len());
            candidate.events.drain(begin..end);
            if !keep_if_broken(best, candidate, property, left) {
                begin += size;
            }
        }
        size /= 2;
    }
}

/// Plans that are smaller in one respect.
fn simpler(plan: &Plan) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut vary = |change: &dyn Fn(&mut Plan)| {
        let mut simpler = plan.clone();
        change(&mut simpler);
        if simpler != *plan {
            plans.push(simpler);
        }
    };
    vary(&|plan| plan.clients = (plan.clients - 1).max(1));
    vary(&|plan| plan.servers = 1);
    vary(&|plan| plan.locks = 1);
    vary(&|plan| plan.registers = 1);
    vary(&|plan| plan.jitter = Duration::ZERO);
    vary(&|plan| plan.span /= 2);
    vary(&|plan| plan.calls = plan.calls.min(400) / 2);
    for at in 0..plan.events.len() {
        vary(&|plan| {
            if let Some(event) = plan.events.get_mut(at) {
                event.lasting = event.lasting.map(|lasting| lasting / 2);
            }
        });
        vary(&|plan| {
            if let Some(event) = plan.events.get_mut(at) {
                match (&mut event.trigger, &mut event.action) {
                    (Trigger::Poll(_, _, n) | Trigger::Frame(n, _) | Trigger::When(_, n), _)
                    | (_, Action::Cancel(n)) => *n = (*n / 2).max(1),
                    _ => {}
                }
            }
        });
    }
    let targets = |plan: &Plan| {
        let clients = plan.events.iter().filter_map(|event| match event.trigger {
            Trigger::Poll(client, ..) => Some(client),
            _ => event.client,
        });
        clients.max().unwrap_or(0)
    };
    plans.retain(|plan| targets(plan) < plan.clients);
    plans
}

fn keep_if_broken(best: &mut Plan, candidate: Plan, property: &str, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    let found = judge(&run(&candidate));
    let broken = found.iter().any(|(found, _)| found == property);
    if broken {
        *best = candidate;
    }
    broken
}

/// A test that embeds a plan.
#[must_use]
pub fn as_test(plan: &Plan, property: &str) -> String {
    let name = property.to_lowercase();
    format!(
        "#[test]\nfn {name}_holds_in_seed_{seed}() {{\n    let plan: Plan = \"\\\n{lines}\"\n        .parse()\n        .unwrap();\n    assert_eq!(judge(&run(&plan)), []);\n}}\n",
        seed = plan.seed.0,
        lines = plan
            .to_string()
            .lines()
            .map(|line| format!("{line}\\n\\\n"))
            .collect::<String>(),
    )
}
