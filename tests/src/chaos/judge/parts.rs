//! L2, L4: what owners of parts write is behind their fences.

use std::collections::BTreeMap;

use super::super::diary::{Page, Stamp, Told};
use super::super::order::Order;
use super::super::work::parts::{DESKS, ITEMS};

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let stamps: BTreeMap<&str, &Stamp> = (page.stamps.iter())
        .map(|stamp| (stamp.data.as_str(), stamp))
        .collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for item in ITEMS {
        let desk = format!("{DESKS}/{item}");
        let mut last = 0;
        // The first is there before anybody owns anything.
        for (at, data) in order.data(&desk).skip(1) {
            let data = String::from_utf8_lossy(data);
            let Some((&data, stamp)) = stamps.get_key_value(&*data) else {
                findings.push(format!("L4: nobody wrote {data:?} in {desk}"));
                continue;
            };
            *count.entry(data).or_default() += 1;
            let token = token(data);
            if token < last {
                findings.push(format!("L2: {token} wrote in {desk} after {last}"));
            }
            last = token;
            let owner = order.life(&stamp.node);
            let owns = owner.is_some_and(|life| {
                life.is_at(at.zxid) && u64::try_from(life.created.zxid) == Ok(token)
            });
            if !owns {
                findings.push(format!(
                    "L4: {data:?} in {desk} is not behind {}",
                    stamp.node
                ));
            }
        }
    }
    for stamp in &page.stamps {
        let there = count.get(stamp.data.as_str()).copied().unwrap_or(0);
        let is_right = match stamp.told {
            Told::Done => there == 1,
            Told::NotApplied => there == 0,
            Told::Unknown => there <= 1,
        };
        if !is_right {
            let Stamp {
                path, data, told, ..
            } = stamp;
            findings.push(format!(
                "G2: {data:?} in {path} was {told:?}, and is there {there} times"
            ));
        }
    }
}

fn token(data: &str) -> u64 {
    let token = data.split(' ').next().unwrap_or_default();
    token.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    #[test]
    fn l2_l4_a_write_behind_no_fence_or_of_an_earlier_owner_is_found() {
        let desk = format!("{DESKS}/a");
        let lines = |writes: &[&str]| {
            let mut lines = vec![format!("+{desk}"), "+/o/1".to_owned(), "+/o/2".to_owned()];
            lines.extend(writes.iter().map(|write| match *write {
                "gone" => "-/o/1".to_owned(),
                data => format!("={desk} {data}"),
            }));
            lines
        };
        let found = |writes: &[&str], told: &[(&str, &str, Told)]| {
            let lines = lines(writes);
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let stamps = told.iter().map(|(node, data, told)| Stamp {
                path: desk.clone(),
                node: (*node).to_owned(),
                data: (*data).to_owned(),
                told: *told,
            });
            let page = Page {
                stamps: stamps.collect(),
                ..Page::default()
            };
            findings(&page, &order(&lines)).len()
        };
        let (one, two) = (("/o/1", "2 x", Told::Done), ("/o/2", "3 y", Told::Done));
        assert_eq!(found(&["2 x", "gone", "3 y"], &[one, two]), 0);
        assert_eq!(found(&["3 y", "2 x"], &[one, two]), 1, "goes back");
        assert_eq!(
            found(&["gone", "2 x"], &[one]),
            1,
            "is not behind its fence"
        );
        assert_eq!(found(&["2 z"], &[]), 1, "is nobody's");
        assert_eq!(found(&[], &[one]), 1, "is lost");
        let refused = ("/o/1", "2 x", Told::NotApplied);
        assert_eq!(found(&["2 x"], &[refused]), 1, "was not to be");
        let other = ("/o/2", "2 x", Told::Done);
        assert_eq!(found(&["2 x"], &[other]), 1, "has another's token");
    }
}
