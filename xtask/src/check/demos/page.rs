//! A page of a recipe, or of several.

use std::collections::BTreeSet;

/// What each page has, in this order, and in one of these words.
const HEADINGS: [&[&str]; 3] = [
    &["## What it guarantees", "## What they guarantee"],
    &["## What it cannot", "## What they cannot"],
    &[DEMO],
];

const DEMO: &str = "## See it break";

/// What precedes the name of a recipe above its demo, where a page has several.
const RECIPE: &str = "\n### ";

/// Lines of a demo that build programs, which the check does at once for all of them.
const BUILD: &str = "cargo build ";

/// Where demos find what was built.
const PROGRAMS: &str = "target/debug/";
const EXAMPLES: &str = "examples/";

/// A demo and what it has to print.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Demo {
    pub(super) recipe: String,
    pub(super) script: String,
    /// Programs that it runs: examples of the recipes, and others.
    pub(super) examples: BTreeSet<String>,
    pub(super) others: BTreeSet<String>,
    pub(super) expected: Vec<String>,
}

/// The demos of a page with these recipes, one for each, or what the page lacks.
pub(super) fn read(page: &str, recipes: &[&str]) -> Result<Vec<Demo>, String> {
    let mut rest = page;
    for words in HEADINGS {
        let heading = words.iter().find(|heading| page.contains(**heading));
        let heading = heading.unwrap_or(&words[0]);
        let missing = || format!("lacks the heading \"{heading}\", or has it too early");
        let line = format!("\n{heading}\n");
        rest = rest.split_once(line.as_str()).ok_or_else(missing)?.1;
    }
    let guarantees = HEADINGS[0].iter().map(|heading| section(page, heading));
    let guarantees: String = guarantees.collect();
    if !guarantees.to_lowercase().contains("level") {
        return Err("does not say at which level it is safe".to_owned());
    }
    let uses = blocks(page, "rust").join("\n");
    if let Some(unused) = recipes.iter().find(|recipe| !is_used(&uses, recipe)) {
        return Err(format!("shows no use of {unused} in Rust"));
    }
    let demos = section(page, DEMO);
    if let [recipe] = recipes {
        return Ok(vec![demo(demos, recipe)?]);
    }
    let mut parts = demos.split(RECIPE);
    // What stands before the first is for all.
    parts.next();
    let mut found = Vec::new();
    for part in parts {
        let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
        let named = recipes
            .iter()
            .find(|recipe| heading == format!("`{recipe}`"));
        let recipe = named.ok_or_else(|| format!("has a demo of {heading}, no recipe of it"))?;
        found.push(demo(text, recipe)?);
    }
    for recipe in recipes {
        let count = found.iter().filter(|demo| demo.recipe == *recipe).count();
        if count != 1 {
            let heading = format!("### `{recipe}`");
            return Err(format!(
                "has {count} parts \"{heading}\" below \"{DEMO}\", not one"
            ));
        }
    }
    Ok(found)
}

/// The one demo in a text.
fn demo(text: &str, recipe: &str) -> Result<Demo, String> {
    let scripts = blocks(text, "sh");
    let [script] = scripts.as_slice() else {
        return Err(format!("has {} demos of {recipe}, not one", scripts.len()));
    };
    let told = blocks(text, "text");
    let [told] = told.as_slice() else {
        return Err(format!(
            "does not say in one block of text what its demo of {recipe} prints"
        ));
    };
    let lines = script.lines().filter(|line| !line.starts_with(BUILD));
    let script = lines.collect::<Vec<_>>().join("\n");
    let expected: Vec<String> = told.lines().map(str::to_owned).collect();
    if expected
        .iter()
        .all(|line| line.replace('…', "").trim().is_empty())
    {
        return Err(format!("says nothing of what its demo of {recipe} prints"));
    }
    Ok(Demo {
        recipe: recipe.to_owned(),
        examples: programs(&script, EXAMPLES),
        others: programs(&script, "")
            .into_iter()
            .filter(|name| !EXAMPLES.starts_with(name.as_str()))
            .collect(),
        script,
        expected,
    })
}

/// Whether something is made of a type of this name, and not only of one whose name ends with it.
fn is_used(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The names of the programs that a script finds below this place in the folder of what was built.
fn programs(script: &str, place: &str) -> BTreeSet<String> {
    let start = format!("{PROGRAMS}{place}");
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    script
        .split(start.as_str())
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| is_of_name(*c)).collect())
        .collect()
}

/// What stands below a heading, up to the next one of its kind.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let below = page.split_once(heading).map_or("", |(_, below)| below);
    below
        .split_once("\n## ")
        .map_or(below, |(section, _)| section)
}

/// The fenced blocks of a language, whatever follows its name.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if info.split(',').next() == Some(language) {
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n```rust\nA::new();\n```\n\n## What it guarantees\n\nLevel A.\n\n## What it cannot\n\n- Fly.\n\n\
        ## See it break\n\n```sh\ncargo build -p zk-recipes --example a\ntarget/debug/examples/a\n```\n\nIt prints:\n\n```text\nit is …, done\n```\n";

    const TWO: &str = "# A\n\n```rust\nA::new(); B::new();\n```\n\n## What they guarantee\n\nLevel A.\n\n## What they cannot\n\n- Fly.\n\n\
        ## See it break\n\nEach:\n\n### `A`\n\n```sh\na\n```\n\n```text\nan A\n```\n\n### `B`\n\n```sh\nb\n```\n\n```text\na B\n```\n";

    #[test]
    fn a_page_with_everything_has_a_demo() {
        let demos = read(PAGE, &["A"]).unwrap();
        let [demo] = demos.as_slice() else {
            panic!("{demos:?}");
        };
        assert_eq!(demo.script, "target/debug/examples/a");
        assert_eq!(demo.examples, ["a".to_owned()].into());
        assert_eq!(demo.others, BTreeSet::new());
        let script = "W=$PWD/target/debug/lock_worker; target/debug/examples/a & $W";
        assert_eq!(
            programs(script, ""),
            ["examples".to_owned(), "lock_worker".to_owned()].into()
        );
        assert_eq!(demo.expected, ["it is …, done"]);
    }

    #[test]
    fn what_a_page_lacks_is_named() {
        for (without, says) in [
            (
                "## What it cannot",
                "lacks the heading \"## What it cannot\"",
            ),
            ("Level A.", "at which level"),
            ("```rust", "no use of A in Rust"),
            ("```sh", "has 0 demos of A"),
            ("```text", "what its demo of A prints"),
            ("it is …, done", "says nothing"),
        ] {
            let error = read(&PAGE.replace(without, ""), &["A"]).unwrap_err();
            assert!(error.contains(says), "{without}: {error}");
        }
    }

    #[test]
    fn a_page_of_several_recipes_has_a_demo_and_a_use_of_each() {
        let demos = read(TWO, &["A", "B"]).unwrap();
        let found: Vec<_> = demos
            .iter()
            .map(|demo| (&*demo.recipe, &*demo.script))
            .collect();
        assert_eq!(found, [("A", "a"), ("B", "b")]);
        for (from, to, says) in [
            ("### `B`", "### `A`", "has 2 parts \"### `A`\""),
            ("### `B`", "### `C`", "a demo of `C`"),
            ("### `B`", "", "has 2 demos of A"),
            ("```sh\nb", "```\nb", "has 0 demos of B"),
            ("```text\na B", "```text\n", "demo of B prints"),
            (" B::new()", " AB::new()", "no use of B in Rust"),
        ] {
            let error = read(&TWO.replace(from, to), &["A", "B"]).unwrap_err();
            assert!(error.contains(says), "{from}: {error}");
        }
        let error = read(TWO, &["A", "B", "D"]).unwrap_err();
        assert!(error.contains("no use of D"), "{error}");
    }
}
