//! The mistakes of a policy file and the warnings about it, drawn under the lines that hold them.

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

/// One thing that a policy file may say, and that its author will most likely regret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The character it starts at, from 1.
    pub column: usize,
    /// What is unwise about it.
    pub message: String,
    /// What to do instead.
    pub advice: String,
    /// The bytes of the file that it is about.
    at: Range<usize>,
}

/// Every mistake of one policy file, in order of place. `Display` draws them all without colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    name: String,
    text: String,
    list: Vec<Mistake>,
}

/// Every warning about one policy file, in order of place; often none. `Display` draws them all without colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warnings {
    name: String,
    text: String,
    list: Vec<Warning>,
}

/// A mistake or a warning as it is found, before it is given a line.
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
    pub(super) fn new(name: &str, text: &str, slips: Vec<Slip>) -> Self {
        let list = in_order(slips)
            .map(|slip| {
                let (line, column) = place(text, &slip.at);
                Mistake {
                    line,
                    column,
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
        let canvas = Canvas {
            name: &self.name,
            text: &self.text,
            renderer,
            level: Level::ERROR,
        };
        let list = self.list.iter();
        let drawn = list.map(|mistake| canvas.draw(&mistake.at, &mistake.message, &mistake.fix));
        canvas.report(drawn, "mistake")
    }
}

impl Warnings {
    /// Puts slips in order of place, each once.
    pub(super) fn new(name: &str, text: &str, slips: Vec<Slip>) -> Self {
        let list = in_order(slips)
            .map(|slip| {
                let (line, column) = place(text, &slip.at);
                Warning {
                    line,
                    column,
                    message: slip.message,
                    advice: slip.fix,
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

    /// Whether there is nothing to warn of.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The warnings, in order of place.
    pub fn iter(&self) -> std::slice::Iter<'_, Warning> {
        self.list.iter()
    }

    /// The report with ANSI colours, for a terminal.
    pub fn coloured(&self) -> String {
        self.draw(&Renderer::styled())
    }

    fn draw(&self, renderer: &Renderer) -> String {
        let canvas = Canvas {
            name: &self.name,
            text: &self.text,
            renderer,
            level: Level::WARNING,
        };
        let list = self.list.iter();
        let drawn = list.map(|warning| canvas.draw(&warning.at, &warning.message, &warning.advice));
        canvas.report(drawn, "warning")
    }
}

/// What a report is drawn on.
struct Canvas<'a> {
    name: &'a str,
    text: &'a str,
    renderer: &'a Renderer,
    level: Level<'static>,
}

impl Canvas<'_> {
    fn draw(&self, at: &Range<usize>, message: &str, label: &str) -> String {
        // Only the line itself is handed over: a report must not cost the length of the file per mistake.
        let line = line_of(self.text, at.start);
        let source = self.text.get(line.clone()).unwrap_or_default();
        let start = at.start.min(line.end) - line.start;
        let end = at.end.clamp(line.start, line.end) - line.start;
        let mark = AnnotationKind::Primary.span(start..end.max(start));
        let snippet = Snippet::source(source)
            .line_start(place(self.text, at).0)
            .path(self.name)
            .annotation(mark.label(label));
        let title = self.level.clone().primary_title(message);
        self.renderer.render(&[title.element(snippet)])
    }

    fn report(&self, drawn: impl ExactSizeIterator<Item = String>, noun: &str) -> String {
        let count = drawn.len();
        let plural = if count == 1 { "" } else { "s" };
        let drawn: String = drawn.map(|one| one + "\n\n").collect();
        format!("{drawn}{}: {count} {noun}{plural}", self.name)
    }
}

/// Slips in order of place, each once: two entries that inherit one wrong default make the same mistake, at the same place.
fn in_order(mut slips: Vec<Slip>) -> impl Iterator<Item = Slip> {
    slips.sort_by_key(|slip| (slip.at.start, slip.at.end));
    slips.dedup();
    slips.into_iter()
}

/// The line and the character at which bytes start, both from 1.
fn place(text: &str, at: &Range<usize>) -> (usize, usize) {
    let before = text.get(..at.start).unwrap_or(text);
    let line = line_of(text, at.start);
    let column = before.get(line.start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
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

impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.draw(&Renderer::plain()))
    }
}

impl<'w> IntoIterator for &'w Warnings {
    type Item = &'w Warning;
    type IntoIter = std::slice::Iter<'w, Warning>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
