//! The show: lines as they come, or a live view on a terminal with the lines scrolling above it.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::{
    failure::DemoFailure,
    live::Live,
    scene::Scene,
    story::{Line, Story},
    text::wrap,
};

/// Plain lines are no wider than this, for logs and for reading.
const PLAIN_WIDTH: usize = 120;

/// How far behind its pace a view may be and still make up for it.
const CATCH_UP: Duration = Duration::from_millis(500);

/// How the story is shown.
pub(super) enum Show {
    /// Line by line, without a single escape sequence, as fast as it goes.
    Plain,
    /// With a live view.
    Live(Box<Live>, Pace),
}

/// At what pace virtual minutes follow each other, at the fastest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    next: Instant,
    minute: Duration,
}

impl Pace {
    /// So many virtual minutes in so many real seconds.
    pub(super) fn over(seconds: u64, minutes: u32) -> Self {
        let minute = Duration::from_secs(seconds)
            .checked_div(minutes)
            .unwrap_or_default();
        Self {
            next: Instant::now(),
            minute,
        }
    }

    /// When the next minute may begin. The minutes after a slow one make up for it, so that the day keeps its length; but
    /// not for more than [`CATCH_UP`], because a view that suddenly runs is hard to follow.
    fn step(&mut self, now: Instant) -> Instant {
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        self.next = (self.next + self.minute).max(earliest);
        self.next
    }
}

impl Show {
    /// Takes the terminal if standard output is one that is large enough, unless `plain` lines are wanted.
    pub(super) fn start(plain: bool, pace: Pace, tells_failovers: bool) -> Self {
        if plain || !io::stdout().is_terminal() {
            return Self::Plain;
        }
        Live::start(tells_failovers).map_or(Self::Plain, |live| Self::Live(Box::new(live), pace))
    }

    /// Tells these lines.
    pub(super) fn tell(&mut self, lines: &[Line]) -> Result<(), DemoFailure> {
        match self {
            Self::Plain => lines.iter().try_for_each(|line| print(&plain(line))),
            Self::Live(live, _) => lines
                .iter()
                .try_for_each(|line| live.tell(line))
                .map_err(DemoFailure::Output),
        }
    }

    /// Draws the scene, if there is a live view; also the moment at which keys are read.
    pub(super) fn draw(&mut self, scene: &Scene, story: &Story) -> Result<(), DemoFailure> {
        match self {
            Self::Plain => Ok(()),
            Self::Live(live, _) => {
                if live.wants_to_quit().map_err(DemoFailure::Output)? {
                    return Err(DemoFailure::Interrupted);
                }
                live.draw(scene, story).map_err(DemoFailure::Output)
            }
        }
    }

    /// Waits until the next virtual minute may begin.
    pub(super) async fn keep_pace(&mut self) {
        match self {
            Self::Plain => tokio::task::yield_now().await,
            Self::Live(_, pace) => sleep_until(pace.step(Instant::now())).await,
        }
    }

    /// Gives the terminal back.
    pub(super) fn end(self) {
        match self {
            Self::Plain => {}
            Self::Live(live, _) => live.end(),
        }
    }
}

/// A line, broken to fit, its continuation indented to where its text begins.
fn plain(line: &Line) -> String {
    let head = line.head();
    let width = head.chars().count();
    let mut text = String::new();
    for (at, part) in wrap(&line.text, PLAIN_WIDTH - width).iter().enumerate() {
        let before = if at == 0 {
            head.clone()
        } else {
            " ".repeat(width)
        };
        text.push_str(&format!("{before}{part}\n"));
    }
    text
}

/// Writes to standard output. Unlike `print!` it does not panic when nobody reads any more.
pub(super) fn print(text: &str) -> Result<(), DemoFailure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(DemoFailure::Output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::{play::DAY, story::Kind};

    #[test]
    fn plain_lines_fit_and_hang_under_their_text() {
        let text = "word ".repeat(60);
        let shown = plain(&Line {
            at: DAY.start(),
            kind: Kind::ScaleOut,
            text,
        });
        assert!(shown.starts_with("05:00  scale out  word word"), "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() > 2 && lines.iter().all(|line| line.chars().count() <= PLAIN_WIDTH));
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.starts_with("                  word")),
            "{shown}"
        );
        assert!(!shown.contains('\x1b'));
    }

    #[test]
    fn a_slow_minute_is_made_up_for_and_a_long_stall_is_not() {
        let mut pace = Pace::over(40, 1_000);
        let (start, minute) = (pace.next, Duration::from_millis(40));
        assert_eq!(pace.step(start), start + minute);
        assert_eq!(pace.step(start + minute * 5), start + minute * 2);
        let late = start + Duration::from_secs(60);
        assert_eq!(pace.step(late), late - CATCH_UP);
        assert_eq!(pace.step(late), late - CATCH_UP + minute);
    }
}
