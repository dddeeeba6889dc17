//! The terminal: taken for the live view, given back however the demo ends.

use std::{
    io::{self, Stdout},
    time::Duration,
};

use crossterm::{
    event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
    terminal::{disable_raw_mode, enable_raw_mode},
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, widgets::Widget};

use super::{
    scene::Scene,
    screen,
    story::{Line, Story},
};

/// A live view at the bottom of the terminal; what is told scrolls away above it.
pub(super) struct Live {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Live {
    /// Takes the terminal. `None`: it is too small, or does not answer as terminals do; plain lines are better then.
    pub(super) fn start(tells_failovers: bool) -> Option<Self> {
        let height = screen::height(tells_failovers);
        let (columns, rows) = crossterm::terminal::size().ok()?;
        if columns < screen::LEAST_WIDTH || rows < height + 2 {
            return None;
        }
        // A panic would otherwise leave the terminal raw and its own message in a staircase.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = disable_raw_mode();
            before(panic);
        }));
        enable_raw_mode().ok()?;
        let options = TerminalOptions {
            viewport: Viewport::Inline(height),
        };
        match Terminal::with_options(CrosstermBackend::new(io::stdout()), options) {
            Ok(terminal) => Some(Self { terminal }),
            Err(_) => {
                let _ = disable_raw_mode();
                None
            }
        }
    }

    /// Inserts a line above the view.
    pub(super) fn tell(&mut self, line: &Line) -> io::Result<()> {
        let width = self.terminal.size()?.width;
        let text = screen::told(line, width);
        let height = u16::try_from(text.lines.len()).unwrap_or(1);
        self.terminal
            .insert_before(height, |buffer| text.render(buffer.area, buffer))
    }

    /// Draws the scene.
    pub(super) fn draw(&mut self, scene: &Scene, story: &Story) -> io::Result<()> {
        self.terminal
            .draw(|frame| screen::render(frame, scene, story))
            .map(|_| ())
    }

    /// Whether Ctrl-C or `q` was pressed since the last look.
    pub(super) fn wants_to_quit(&mut self) -> io::Result<bool> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let interrupt =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if interrupt || key.code == KeyCode::Char('q') {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Gives the terminal back.
    pub(super) fn end(self) {
        drop(self);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // What is printed next takes the place of the view. Whoever reads the terminal next must not find it raw; nothing
        // can be done about a terminal that is gone.
        let top = self.terminal.get_frame().area().as_position();
        let _ = self.terminal.clear();
        let _ = self.terminal.set_cursor_position(top);
        let _ = self.terminal.show_cursor();
        let _ = disable_raw_mode();
    }
}
