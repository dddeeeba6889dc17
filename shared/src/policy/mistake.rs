//! The mistakes of a policy file, drawn under the lines that hold them.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One mistake of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The character it starts at, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub fix: String,
    /// The bytes of the file that are wrong.
    at: Range<usize>,
}

/// Every mistake of one policy file, in order of place. `Display` draws them all without colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    name: String,
    text: String,
    list: Vec<Mistake>,
}

/// A mistake as the walk over the file finds it, before it is given a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slip {
    /// The bytes it is about.
    pub(super) at: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to write instead.
    pub(super) fix: String,
    /// Whether something is missing, which only a file without syntax errors can prove.
    pub(super) missing: bool,
}

impl Mistakes {
    /// Puts slips in order of place, each once.
    pub(super) fn new(name: &str, text: &str, mut slips: Vec<Slip>) -> Self {
        slips.sort_by_key(|slip| (slip.at.start, slip.at.end));
        // Two entries that inherit one wrong default make the same mistake, at the same place.
        slips.dedup();
        let list = slips
            .into_iter()
            .map(|slip| {
                let before = text.get(..slip.at.start).unwrap_or(text);
                let line = line_of(text, slip.at.start);
                Mistake {
                    line: before.matches('\n').count() + 1,
                    column: before.get(line.start..).unwrap_or_default().chars().count() + 1,
                    message: slip.message,
                    fix: slip.fix,
                    at: slip.at,
                }
            })
            .collect();
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            list,
        }
    }

    /// How many there are; never zero.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a list of no mistakes is never built: the file is then a policy"
    )]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The mistakes, in order of place.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.list.iter()
    }

    /// The report with ANSI colours, for a terminal.
    pub fn coloured(&self) -> String {
        self.draw(&Renderer::styled())
    }

    fn draw(&self, renderer: &Renderer) -> String {
        let mut report = String::new();
        for mistake in &self.list {
            // Only the line itself is handed over: a report must not cost the length of the file per mistake.
            let line = line_of(&self.text, mistake.at.start);
            let source = self.text.get(line.clone()).unwrap_or_default();
            let start = mistake.at.start.min(line.end) - line.start;
            let end = mistake.at.end.clamp(line.start, line.end) - line.start;
            let mark = AnnotationKind::Primary.span(start..end.max(start));
            let snippet = Snippet::source(source)
                .line_start(mistake.line)
                .path(self.name.as_str())
                .annotation(mark.label(mistake.fix.as_str()));
            let title = Level::ERROR.primary_title(mistake.message.as_str());
            report.push_str(&renderer.render(&[title.element(snippet)]));
            report.push_str("\n\n");
        }
        let count = self.list.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        report.push_str(&format!("{}: {count} {noun}", self.name));
        report
    }
}

/// The bytes of the line around a place, without its line end.
pub(super) fn line_of(text: &str, place: usize) -> Range<usize> {
    let before = text.get(..place).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find('\n').unwrap_or(rest.len());
    let line = rest.get(..length).unwrap_or_default();
    start..start + line.trim_end_matches('\r').len()
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.draw(&Renderer::plain()))
    }
}

impl std::error::Error for Mistakes {}

impl<'m> IntoIterator for &'m Mistakes {
    type Item = &'m Mistake;
    type IntoIter = std::slice::Iter<'m, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
