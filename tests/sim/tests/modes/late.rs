//! Servers that stand still, and take up late what they have of clients that are elsewhere by then.

use zk_sim::batch::batch;
use zk_sim::judge::LATE;
use zk_sim::recipe::Recipe;
use zk_sim::schedule::Profile;

/// Of each recipe; a campaign runs more (`zk-sim recipes --profile late`).
const SEEDS: u64 = 80;

#[test]
fn what_a_server_takes_up_late_breaks_nothing() {
    let mut all = 0;
    for recipe in Recipe::ALL {
        let sum = batch(recipe, 3_000_000, SEEDS, Some(Profile::Late), 2, &|_| {});
        assert_eq!(sum.violations, [], "{}", recipe.word());
        let late = sum.sometimes.get(LATE).copied().unwrap_or(0);
        println!("{:<20}{late:>5} late", recipe.word());
        all += late;
    }
    assert!(all > 400, "{all} in all");
}
