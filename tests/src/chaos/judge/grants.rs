//! L1, L2, E1: who held at the same time, and whose tokens they were.

use std::collections::BTreeMap;

use super::super::diary::{Grant, Mode, Page, Term};
use super::super::order::{At, Order, number};
use super::super::work::limits::CAPACITY;

/// A grant, from when it was told to when its node was deleted: it was one in all that time, by the servers' order.
struct Span<'a> {
    grant: &'a Grant,
    end: At,
}

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let mut places: BTreeMap<&str, Vec<Span<'_>>> = BTreeMap::new();
    for grant in &page.grants {
        let Some(life) = order.life(&grant.node) else {
            findings.push(format!("L1: {} was granted, and never made", grant.node));
            continue;
        };
        if grant
            .token
            .is_some_and(|token| token != life.created.zxid as u64)
        {
            findings.push(format!("L2: {} has another's token", grant.node));
        }
        // Readers and writers are in each other's way.
        let place = if grant.place == "readers" {
            "rw"
        } else {
            grant.place
        };
        let end = life.end();
        places.entry(place).or_default().push(Span { grant, end });
    }
    for spans in places.values_mut() {
        spans.sort_by_key(|span| span.grant.told);
        overlaps(spans, findings);
    }
    capacity(
        places.get("semaphore").map_or(&[], Vec::as_slice),
        order,
        findings,
    );
    terms(&page.terms, order, findings);
}

fn overlaps(spans: &[Span<'_>], findings: &mut Vec<String>) {
    for (place, span) in spans.iter().enumerate() {
        let told = span.grant.told;
        if span.end.ms <= told {
            // It was over before it was told.
            continue;
        }
        for earlier in &spans[..place] {
            let both = [span.grant, earlier.grant];
            let together = both.iter().all(|g| g.mode == Mode::Reading)
                || both.iter().all(|g| g.mode == Mode::Permit)
                || span.grant.hold == earlier.grant.hold;
            if !together && earlier.end.ms > told {
                findings.push(format!(
                    "L1: {} was granted by {told} ms, while {} was there until {} ms",
                    span.grant.node, earlier.grant.node, earlier.end.ms
                ));
            }
        }
    }
}

/// Never more permits than the largest capacity that there was while the last of them was asked for.
fn capacity(spans: &[Span<'_>], order: &Order, findings: &mut Vec<String>) {
    let capacities: Vec<(i64, i64)> = order
        .data(CAPACITY)
        .filter_map(|(at, data)| Some((at.ms, number(data)?)))
        .collect();
    for (place, span) in spans.iter().enumerate() {
        let (begun, told) = (span.grant.begun, span.grant.told);
        if span.end.ms <= told {
            continue;
        }
        let before = capacities.iter().rev().find(|(ms, _)| *ms <= begun);
        let during = capacities
            .iter()
            .filter(|(ms, _)| (begun..=told).contains(ms));
        let allowed = before
            .into_iter()
            .chain(during)
            .map(|(_, capacity)| *capacity)
            .max();
        // Before the first capacity is stored each says his own.
        let allowed = allowed.unwrap_or(2);
        let earlier = spans[..place].iter();
        let held = 1 + earlier.filter(|earlier| earlier.end.ms > told).count();
        if i64::try_from(held).is_ok_and(|held| held > allowed) {
            findings.push(format!(
                "L1: {} is permit {held} of {allowed} at {told} ms",
                span.grant.node
            ));
        }
    }
}

/// A term's number is the write that began it, made while its leader was there; each leader's is another.
fn terms(terms: &[Term], order: &Order, findings: &mut Vec<String>) {
    let mut leaders: BTreeMap<u64, &str> = BTreeMap::new();
    for Term { path, node, epoch } in terms {
        let begins = |(at, data): &&(At, bytes::Bytes)| {
            let name = zk_wire::path::name(node).as_bytes();
            at.zxid as u64 == *epoch && data.windows(name.len()).any(|part| part == name)
        };
        let was_there = order
            .life(node)
            .is_some_and(|life| life.is_at(*epoch as i64));
        if !was_there || order.data(path).find(begins).is_none() {
            findings.push(format!("E1: no write of {node} began its term {epoch:#x}"));
        }
        if leaders
            .insert(*epoch, node)
            .is_some_and(|other| other != node)
        {
            findings.push(format!("E1: two led in term {epoch:#x}, {node} among them"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    fn grant(place: &'static str, node: &str, mode: Mode, told: i64) -> Grant {
        Grant {
            place,
            node: node.to_owned(),
            mode,
            token: None,
            hold: node.to_owned(),
            begun: told - 1,
            told,
        }
    }

    fn page(grants: Vec<Grant>) -> Page {
        Page {
            grants,
            ..Page::default()
        }
    }

    #[test]
    fn holds_do_not_overlap_unless_they_may() {
        let order = order(&["+/m/a", "+/m/b", "-/m/a", "-/m/b"]);
        let told = |mode, other, told| {
            page(vec![
                grant("mutex", "/m/a", mode, 1),
                grant("mutex", "/m/b", other, told),
            ])
        };
        let alone = Mode::Alone;
        assert_eq!(
            findings(&told(alone, alone, 3), &order),
            Vec::<String>::new()
        );
        assert_eq!(findings(&told(alone, alone, 2), &order).len(), 1);
        assert_eq!(findings(&told(Mode::Reading, alone, 2), &order).len(), 1);
        let over = page(vec![
            grant("mutex", "/m/b", alone, 2),
            grant("mutex", "/m/a", alone, 3),
        ]);
        assert_eq!(findings(&over, &order), Vec::<String>::new(), "a is gone");
        let readers = told(Mode::Reading, Mode::Reading, 2);
        assert_eq!(findings(&readers, &order), Vec::<String>::new());
        let mut downgraded = told(alone, Mode::Reading, 2);
        downgraded.grants[1].hold = "/m/a".to_owned();
        assert_eq!(findings(&downgraded, &order), Vec::<String>::new());
    }

    #[test]
    fn a_hold_has_a_node_and_its_token() {
        let order = order(&["+/m/a", "-/m/a"]);
        let mut held = page(vec![grant("mutex", "/m/a", Mode::Alone, 1)]);
        held.grants[0].token = Some(1);
        assert_eq!(findings(&held, &order), Vec::<String>::new());
        held.grants[0].token = Some(2);
        assert_eq!(findings(&held, &order).len(), 1);
        let never = page(vec![grant("mutex", "/m/b", Mode::Alone, 1)]);
        assert_eq!(findings(&never, &order).len(), 1);
    }

    #[test]
    fn permits_are_never_more_than_the_capacity_that_was_seen() {
        let stored = format!("+{CAPACITY} \0\0\0\u{2}");
        let raised = format!("={CAPACITY} \0\0\0\u{3}");
        let order = order(&[&stored, "+/s/a;+/s/b;+/s/c", &raised, "-/s/a;-/s/b;-/s/c"]);
        let told = |told| {
            page(
                ["/s/a", "/s/b", "/s/c"]
                    .map(|node| grant("semaphore", node, Mode::Permit, told))
                    .to_vec(),
            )
        };
        assert_eq!(findings(&told(2), &order).len(), 1);
        assert_eq!(findings(&told(3), &order), Vec::<String>::new());
    }

    #[test]
    fn a_term_is_the_write_of_its_leader() {
        let order = order(&["+/e/a;+/e/b", "=/e a", "-/e/a", "=/e b", "+/e"]);
        assert_eq!(order.data("/e").count(), 1);
        let order = super::super::kit::order(&["+/e;+/e/a;+/e/b", "=/e a", "-/e/a", "=/e b"]);
        let term = |node: &str, epoch| Term {
            path: "/e",
            node: node.to_owned(),
            epoch,
        };
        let told = |terms: &[Term]| {
            let mut findings = Vec::new();
            super::terms(terms, &order, &mut findings);
            findings.len()
        };
        assert_eq!(told(&[term("/e/a", 2), term("/e/b", 4)]), 0);
        assert_eq!(told(&[term("/e/a", 4)]), 1);
        assert_eq!(told(&[term("/e/b", 3)]), 1);
        assert_eq!(told(&[term("/e/a", 2), term("/e/b", 2)]), 2);
    }
}
