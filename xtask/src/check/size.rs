//! `check size`: a file over 700 lines holds more than one noun.

use std::fs;
use std::path::Path;

use super::verdict::Verdict;
use crate::shell::{self, Outcome};
use crate::source;

const MOST_LINES: usize = 700;
const EXTENSIONS: [&str; 6] = ["rs", "py", "c", "h", "java", "sh"];

/// Looks at every hand-written source of the workspace.
///
/// # Errors
///
/// If a file cannot be read.
pub(super) fn check() -> Outcome<Verdict> {
    let (files, findings) = find(&shell::root(), MOST_LINES)?;
    Ok(Verdict::from_findings(findings, format!("{files} files")))
}

fn find(folder: &Path, most: usize) -> Outcome<(usize, Vec<String>)> {
    let files = source::files(folder, &EXTENSIONS)?;
    let mut findings = Vec::new();
    for file in &files {
        let text = fs::read(file)?;
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        if is_made(&text) {
            continue;
        }
        if lines > most {
            let name = file.strip_prefix(folder).unwrap_or(file).display();
            findings.push(format!("{name}: {lines} lines; which noun splits it?"));
        }
    }
    Ok((files.len(), findings))
}

/// Whether a file says at its beginning that a program makes it.
fn is_made(text: &[u8]) -> bool {
    let mut beginning = text.split(|byte| *byte == b'\n').take(3);
    beginning.any(|line| line.ends_with(b"do not edit.") || line.ends_with(b"do not edit. */"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_named_with_its_length() {
        let here = shell::root().join("xtask/src/check");
        let (_, findings) = find(&here, 10).unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding.starts_with("size.rs: ")),
            "{findings:?}"
        );
        let (files, findings) = find(&here, MOST_LINES).unwrap();
        assert!(files > 3 && findings.is_empty(), "{findings:?}");
    }

    #[test]
    fn only_a_file_that_says_so_at_its_beginning_is_made_by_a_program() {
        assert!(is_made(
            b"/* A header.\n *\n * Made by a program; do not edit.\n */"
        ));
        assert!(is_made(b"/* Made by a program; do not edit. */\n"));
        assert!(!is_made(b"/* A header. */\n\n\n\n\n/* do not edit. */\n"));
        assert!(!is_made(b"let rule = \"do not edit.\";\n"));
    }
}
