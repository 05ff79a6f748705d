//! Groups with members of ours and of theirs, and items that are divided among both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zk_recipes::{Client, Group, GroupLayout, Layout, Membership, Owned, Partitioner, Rosters};
use zk_tests::{Channel, Deadline, RealServer, Talk, deadline, word};

/// How often somebody of each side comes, seen by the other.
const COMES: usize = 50;

async fn client() -> (String, Client) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (connect, zk)
}

/// Joins, kept by a task.
fn join(group: &Group, id: &str, data: String) -> Membership {
    let (membership, driver) = group.join(id, data).unwrap();
    tokio::spawn(driver);
    membership
}

/// Follows who is there, kept up to date by a task.
fn follow(group: &Group) -> Rosters {
    let (rosters, driver) = group.observe();
    tokio::spawn(driver);
    rosters
}

/// Waits until the group is just these members, each with its data.
async fn see(rosters: &mut Rosters, wanted: &[(&str, &str)], limit: &Deadline) {
    limit
        .until(format_args!("{wanted:?}"), async {
            loop {
                let roster = rosters.next().await.unwrap();
                let seen = roster.members.iter();
                let seen = seen.map(|member| (&*member.id, &member.data[..]));
                if seen.eq(wanted.iter().map(|(id, data)| (*id, data.as_bytes()))) {
                    return;
                }
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_ours_and_of_curators_group_see_each_other_come_say_and_go() {
    let (connect, zk) = client().await;
    let limit = deadline(Duration::from_secs(120));
    let group = Group::new(&zk, "/group/curator").unwrap();
    let mut rosters = follow(&group);
    let mut curators = Talk::curator().open("nodes", &connect).await;
    curators.ask("join j /group/curator j 6a").await;
    for n in 0..COMES {
        let data = format!("r{n}");
        let ours = join(&group, "ours", data.clone());
        let all = format!("j=6a ours={}", word(data.as_bytes()));
        curators.ask(&format!("await j {all}")).await;
        see(&mut rosters, &[("j", "j"), ("ours", &data)], &limit).await;

        let theirs = format!("j{n}");
        let other = word(theirs.as_bytes());
        curators
            .ask(&format!("join other /group/curator other {other}"))
            .await;
        let all = [("j", "j"), ("other", theirs.as_str()), ("ours", &data)];
        see(&mut rosters, &all, &limit).await;
        ours.set("said").unwrap();
        curators.ask("say other 6e6577").await;
        let all = format!("j=6a other=6e6577 ours={}", word(b"said"));
        curators.ask(&format!("await j {all}")).await;
        see(
            &mut rosters,
            &[("j", "j"), ("other", "new"), ("ours", "said")],
            &limit,
        )
        .await;

        ours.leave();
        curators.ask("leave other").await;
        curators.ask("await j j=6a").await;
        see(&mut rosters, &[("j", "j")], &limit).await;
    }
}

/// Whether kazoo's party has just these members.
async fn has(parties: &mut Channel, wanted: &str) -> Option<()> {
    (parties.ask("members p").await == wanted).then_some(())
}

/// What a member says besides its id, if the node's name tells that.
fn data(layout: GroupLayout, id: &str) -> &str {
    if layout == GroupLayout::Party { "" } else { id }
}

async fn meet_at_kazoos_party(kind: &str, layout: GroupLayout) {
    let (connect, zk) = client().await;
    let limit = deadline(Duration::from_secs(120));
    let path = format!("/group/{kind}");
    let group = Group::new(&zk, &path).unwrap().layout(layout);
    let mut rosters = follow(&group);
    let mut parties = Talk::kazoo().open("groups", &connect).await;
    parties.ask(&format!("party p {kind} {path} k-1")).await;
    for n in 0..COMES {
        let id = format!("r-{n}");
        let ours = join(&group, &id, String::new());
        ours.presence().present().await.unwrap();
        has(&mut parties, &id).await.unwrap();
        parties.ask("join p").await;
        see(
            &mut rosters,
            &[("k-1", data(layout, "k-1")), (&id, data(layout, &id))],
            &limit,
        )
        .await;
        has(&mut parties, &format!("k-1 {id}")).await.unwrap();
        ours.leave();
        see(&mut rosters, &[("k-1", data(layout, "k-1"))], &limit).await;
        has(&mut parties, "k-1").await.unwrap();
        parties.ask("leave p").await;
        see(&mut rosters, &[], &limit).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_ours_and_of_kazoos_party_see_each_other_come_and_go() {
    meet_at_kazoos_party("party", GroupLayout::Party).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_ours_and_of_kazoos_shallow_party_see_each_other_come_and_go() {
    meet_at_kazoos_party("shallow", GroupLayout::ShallowParty).await;
}

/// How many items there are; half of them go over to ours, and back.
const ITEMS: usize = 12;
/// How often ours come and go, so that all of them change hands twice as often.
const CYCLES: usize = 25;

/// An item of ours, with the file that says so. Nobody else may have made it.
struct Kept {
    owned: Owned,
    file: PathBuf,
}

impl Kept {
    fn new(owned: Owned, folder: &Path) -> Self {
        let file = folder.join(owned.item());
        // Nobody else has the item.
        File::create_new(&file).unwrap();
        Self { owned, file }
    }

    async fn let_go(self) {
        fs::remove_file(&self.file).unwrap();
        self.owned.release().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_go_over_between_members_of_ours_and_of_kazoos_partitioner() {
    let (connect, zk) = client().await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kazoo-partition");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let items: Vec<String> = (0..ITEMS).map(|n| format!("item-{n:02}")).collect();
    let mut theirs = Talk::kazoo().open("groups", &connect).await;
    let shown = folder.to_str().unwrap();
    theirs
        .ask(&format!(
            "partition k /partition k-1 {shown} {}",
            items.join(" ")
        ))
        .await;
    let settle = Duration::from_millis(20);
    let ours = Partitioner::new(&zk, "/partition", &items).unwrap();
    let ours = ours.layout(Layout::Kazoo).settle(settle);
    let limit = deadline(Duration::from_secs(120));
    for _ in 0..CYCLES {
        theirs.ask(&format!("await-share k {ITEMS}")).await;
        let (mut division, driver) = ours.join("r-1").unwrap();
        let driver = tokio::spawn(driver);
        let mut kept = Vec::new();
        while kept.len() < ITEMS / 2 {
            let owned = limit.until("an item", division.next()).await.unwrap();
            kept.push(Kept::new(owned, &folder));
        }
        let share = theirs.ask(&format!("await-share k {}", ITEMS / 2)).await;
        let mut all: Vec<&str> = share.split(' ').collect();
        all.extend(kept.iter().map(|kept| kept.owned.item()));
        all.sort_unstable();
        assert_eq!(all, items);
        division.leave();
        for kept in kept {
            kept.let_go().await;
        }
        limit
            .until("the driver to end", driver)
            .await
            .unwrap()
            .unwrap();
    }
    theirs.ask(&format!("await-share k {ITEMS}")).await;
    theirs.ask("finish k").await;
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
