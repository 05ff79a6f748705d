//! G2, C1, C2: writes have the fate that was told, and followers see what was written, in its order.

use std::collections::BTreeMap;

use super::super::diary::{Page, Told, Write};
use super::super::order::Order;
use super::super::work::elections::ELECTION;

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    for write in &page.writes {
        let Write { path, data, told } = write;
        let text = String::from_utf8_lossy(data);
        let count = if path.ends_with("/marks") {
            order.lives(&format!("{path}/{text}")).len()
        } else {
            order.data(path).filter(|(_, there)| there == data).count()
        };
        let is_right = match told {
            Told::Done => count == 1,
            Told::NotApplied => count == 0,
            Told::Unknown => count <= 1,
        };
        if !is_right {
            let text = data.escape_ascii();
            findings.push(format!(
                "G2: {text} in {path} was {told:?}, and is there {count} times"
            ));
        }
    }
    let mut last: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for sight in &page.sights {
        let (who, path, zxid) = (sight.who.as_str(), sight.path, sight.zxid);
        let before = last.insert((who, path), zxid).unwrap_or(i64::MIN);
        // A leader may announce several things in its term.
        let goes_back = zxid < before || (zxid == before && path != ELECTION);
        if goes_back {
            findings.push(format!(
                "C2: {who} saw {zxid:#x} of {path} after {before:#x}"
            ));
        }
        let written = order.data(path).find(|(at, _)| at.zxid == zxid);
        if written.is_none_or(|(_, data)| path != ELECTION && *data != sight.data) {
            findings.push(format!(
                "C1: {who} saw in {path} what nobody wrote at {zxid:#x}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::super::diary::Sight;
    use super::super::kit::{findings, order};
    use super::*;

    #[test]
    fn a_fate_that_was_not_the_one_told_is_found() {
        let order = order(&["+/v a", "=/v b", "=/v b", "+/l/marks/m"]);
        let found = |path, data: &'static str, told| {
            let data = Bytes::from_static(data.as_bytes());
            let page = Page {
                writes: vec![Write { path, data, told }],
                ..Page::default()
            };
            findings(&page, &order).len()
        };
        for (data, told, wrong) in [
            ("a", Told::Done, 0),
            ("a", Told::Unknown, 0),
            ("a", Told::NotApplied, 1),
            ("b", Told::Done, 1),
            ("b", Told::Unknown, 1),
            ("c", Told::Done, 1),
            ("c", Told::NotApplied, 0),
        ] {
            assert_eq!(found("/v", data, told), wrong, "{data} {told:?}");
        }
        assert_eq!(found("/l/marks", "m", Told::Done), 0);
        assert_eq!(found("/l/marks", "n", Told::Done), 1);
    }

    #[test]
    fn a_follower_that_sees_what_was_not_written_or_goes_back_is_found() {
        let order = order(&["+/v a", "=/v b"]);
        let found = |seen: &[(&'static str, i64)]| {
            let sights = seen.iter().map(|(data, zxid)| Sight {
                path: "/v",
                who: "w".to_owned(),
                data: Bytes::from_static(data.as_bytes()),
                zxid: *zxid,
            });
            let page = Page {
                sights: sights.collect(),
                ..Page::default()
            };
            findings(&page, &order).len()
        };
        assert_eq!(found(&[("a", 1), ("b", 2)]), 0);
        assert_eq!(found(&[("b", 2), ("a", 1)]), 1);
        assert_eq!(found(&[("b", 2), ("b", 2)]), 1);
        assert_eq!(found(&[("x", 2)]), 1);
        assert_eq!(found(&[("b", 3)]), 1);
    }
}
