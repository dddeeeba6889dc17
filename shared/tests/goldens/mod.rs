//! Scenarios with goldens: every file of a folder is one decision, what was seen, a line `---`, and what was decided.
//!
//! A new case is a new file. `UPDATE_GOLDENS=1` writes what is decided now; the diff is for review.

use std::{
    fs,
    path::{Path, PathBuf},
};

const RULE: &str = "---\n";

/// A golden that does not fit a glance gets blessed unread.
const MOST_LINES: usize = 15;

/// One file.
pub(crate) struct Scenario {
    file: PathBuf,
    text: String,
}

impl Scenario {
    /// The file's name without its extension.
    pub(crate) fn name(&self) -> String {
        self.file
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }

    /// What was seen, and what the golden says was decided.
    fn halves(&self) -> (&str, &str) {
        self.text.split_once(RULE).unwrap_or((&self.text, ""))
    }

    /// The first line of the golden.
    pub(crate) fn decided(&self) -> &str {
        self.halves().1.lines().next().unwrap_or_default()
    }
}

/// The scenarios of a folder below `tests`, by name.
pub(crate) fn scenarios(folder: &str) -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |file: PathBuf| Scenario {
        text: fs::read_to_string(&file).unwrap(),
        file,
    };
    files.into_iter().map(read).collect()
}

/// Every scenario is decided as its golden says. `golden` decides what was seen, and spells it.
#[expect(
    clippy::disallowed_methods,
    reason = "a person asks for new goldens by the environment"
)]
pub(crate) fn require_goldens(
    folder: &str,
    golden: impl Fn(&str) -> String + std::panic::RefUnwindSafe,
) {
    let update = std::env::var_os("UPDATE_GOLDENS").is_some();
    let mut wrong = Vec::new();
    for scenario in scenarios(folder) {
        let (seen, expected) = scenario.halves();
        let name = scenario.name();
        let Ok(decided) = std::panic::catch_unwind(|| golden(seen)) else {
            wrong.push(format!("{name}: not readable, see above"));
            continue;
        };
        if update {
            fs::write(&scenario.file, format!("{seen}{RULE}{decided}")).unwrap();
        } else if decided != expected {
            wrong.push(format!("{name}\nexpected:\n{expected}decided:\n{decided}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every scenario fits a glance.
pub(crate) fn require_a_glance(folder: &str) {
    for Scenario { file, text } in scenarios(folder) {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
    }
}
