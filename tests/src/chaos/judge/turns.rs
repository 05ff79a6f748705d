//! L6 to L8, E2, E4: in whose turn holds are granted, and whose nodes go.

use super::super::diary::{Grant, Mode, Page};
use super::super::order::{At, Life, Order};
use super::super::work::elections::{ELECTION, LATCH};
use super::super::work::locks::{MULTI, MUTEX, REENTRANT, RW};

/// Where contenders wait in the order in which they came. Whoever is named as a successor comes in between, so the election
/// with successors is not among them.
const IN_TURN: [&str; 6] = [MUTEX, REENTRANT, RW, MULTI[0], MULTI[1], LATCH];

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    for grant in &page.grants {
        let Some((place, life)) = place(&grant.node).zip(order.life(&grant.node)) else {
            continue;
        };
        let (node, begun) = (&grant.node, grant.begun);
        if life.end().ms < begun {
            let text =
                format!("L7: {node} was granted, and gone before it was asked for, {begun} ms");
            findings.push(text);
        }
        if IN_TURN.contains(&place) {
            in_turn(page, grant, life, (place, order), findings);
        }
    }
    for (node, told) in &page.released {
        let end = order.life(node).map_or(0, |life| life.end().ms);
        if end > *told {
            findings.push(format!(
                "E4: {node} was told released at {told} ms, and is there"
            ));
        }
    }
    for place in IN_TURN.into_iter().chain([ELECTION]) {
        own(page, order, place, findings);
    }
    for path in [ELECTION, LATCH] {
        guarded(order, path, findings);
    }
}

/// The directory that a contender stands in.
fn place(node: &str) -> Option<&str> {
    node.rsplit_once('/').map(|(place, _)| place)
}

/// `L8`: nobody who came before, and is in the way, is there when a hold is told. A reader that was a writer until then came
/// when that did.
fn in_turn(
    page: &Page,
    grant: &Grant,
    life: &Life,
    (place, order): (&str, &Order),
    findings: &mut Vec<String>,
) {
    let told = grant.told;
    if life.end().ms <= told {
        // It was over before it was told.
        return;
    }
    let own = page.grants.iter().filter(|own| own.hold == grant.hold);
    let lives = own.filter_map(|own| order.life(&own.node));
    let came = lives.map(|own| own.created).min().unwrap_or(life.created);
    let is_ahead = |(node, other): &(&str, &Life)| {
        let in_the_way = grant.mode != Mode::Reading || node.contains("__WRIT__");
        let before = other.created < came && other.end().ms > told;
        other.is_ephemeral && in_the_way && before
    };
    if let Some((ahead, _)) = order.below(place).find(is_ahead) {
        let node = &grant.node;
        findings.push(format!(
            "L8: {node} was granted by {told} ms, before {ahead}"
        ));
    }
}

/// `L6`: a contender goes by the session that made it, or by an operator.
fn own(page: &Page, order: &Order, place: &str, findings: &mut Vec<String>) {
    for (node, life) in order.below(place).filter(|(_, life)| life.is_ephemeral) {
        let Some(remover) = life.remover.filter(|remover| *remover != life.maker) else {
            continue;
        };
        if !page.evicted.contains(node) {
            let maker = life.maker;
            let text = format!("L6: {node} of session {maker:#x} was deleted by {remover:#x}");
            findings.push(text);
        }
    }
}

/// `E2`: what a leader writes into the election is made while its node is there.
fn guarded(order: &Order, path: &str, findings: &mut Vec<String>) {
    for (At { zxid, .. }, data) in order.data(path) {
        let text = String::from_utf8_lossy(data);
        let Some(leader) = text.lines().find_map(|line| line.strip_prefix("leader ")) else {
            continue;
        };
        let node = format!("{path}/{leader}");
        if !order.life(&node).is_some_and(|life| life.is_at(*zxid)) {
            findings.push(format!("E2: {node} wrote at {zxid:#x}, and was not there"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    fn grant(node: &str, begun: i64, told: i64) -> Grant {
        Grant {
            place: "mutex",
            node: node.to_owned(),
            mode: Mode::Alone,
            token: None,
            hold: node.to_owned(),
            begun,
            told,
        }
    }

    fn page(grants: Vec<Grant>) -> Page {
        Page {
            grants,
            ..Page::default()
        }
    }

    fn only(page: &Page, order: &Order) -> String {
        let findings = findings(page, order);
        assert!(findings.len() < 2, "{findings:#?}");
        findings.into_iter().next().unwrap_or_default()
    }

    #[test]
    fn who_came_first_holds_first_and_readers_wait_for_writers_alone() {
        let (first, second) = (format!("{MUTEX}/a"), format!("{MUTEX}/b"));
        let lines = [
            format!("+{first}"),
            format!("+{second}"),
            format!("-{first}"),
            format!("-{second}"),
        ];
        let mutex = order(&lines.each_ref().map(String::as_str));
        assert_eq!(only(&page(vec![grant(&second, 2, 3)]), &mutex), "");
        let early = only(&page(vec![grant(&second, 2, 2)]), &mutex);
        assert!(early.starts_with("L8"), "{early}");
        for (name, wrong) in [("x__READ__1", false), ("x__WRIT__1", true)] {
            let (ahead, reader) = (format!("{RW}/{name}"), format!("{RW}/x__READ__2"));
            let lines = [format!("+{ahead}"), format!("+{reader}")];
            let rw = order(&lines.each_ref().map(String::as_str));
            let mut read = grant(&reader, 1, 2);
            read.mode = Mode::Reading;
            let mut write = grant(&ahead, 1, 1);
            write.hold = reader.clone();
            assert_eq!(
                !only(&page(vec![read.clone()]), &rw).is_empty(),
                wrong,
                "{name}"
            );
            assert_eq!(only(&page(vec![write, read]), &rw), "", "a downgrade");
        }
    }

    #[test]
    fn a_node_of_before_the_call_that_is_gone_is_no_hold() {
        let node = format!("{MUTEX}/a");
        let lines = [format!("+{node}"), format!("-{node}")];
        let order = order(&lines.each_ref().map(String::as_str));
        assert_eq!(only(&page(vec![grant(&node, 2, 4)]), &order), "");
        let stale = only(&page(vec![grant(&node, 3, 4)]), &order);
        assert!(stale.starts_with("L7"), "{stale}");
    }

    #[test]
    fn a_contender_goes_by_its_own_session_or_an_operator_and_before_its_release_is_told() {
        let node = format!("{MUTEX}/a");
        let made = format!("7 +{node}");
        let gone = |by: &str| order(&[&made, &format!("{by} -{node}")]);
        assert_eq!(only(&page(vec![]), &gone("7")), "");
        let stolen = only(&page(vec![]), &gone("8"));
        assert!(stolen.starts_with("L6"), "{stolen}");
        let mut evicted = page(vec![]);
        evicted.evicted.insert(node.clone());
        assert_eq!(only(&evicted, &gone("8")), "");
        let mut released = page(vec![]);
        released.released = vec![(node.clone(), 2)];
        assert_eq!(only(&released, &gone("7")), "");
        released.released = vec![(node.clone(), 1)];
        let there = only(&released, &gone("7"));
        assert!(there.starts_with("E4"), "{there}");
    }

    #[test]
    fn a_leader_writes_while_its_node_is_there() {
        let node = format!("{ELECTION}/a");
        let made = format!("+{ELECTION};+{node}");
        let wrote = format!("={ELECTION} term\nleader a\n");
        let gone = format!("-{node}");
        assert_eq!(only(&page(vec![]), &order(&[&made, &wrote, &gone])), "");
        let late = only(&page(vec![]), &order(&[&made, &gone, &wrote]));
        assert!(late.starts_with("E2"), "{late}");
    }
}
