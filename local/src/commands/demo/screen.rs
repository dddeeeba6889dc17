//! The live view: groups with their shards as bars against their target, alarms, and the latest decisions.

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line as Row, Span, Text},
    widgets::{Block, Widget},
};

use super::{
    failovers::Failovers,
    scene::{AlarmScene, GroupScene, Scene, ShardScene, count},
    story::{Kind, Line, Story},
    text::{counted, wrap},
};
use crate::cloud::cloudwatch::StateValue;

/// Rows of the view without the one for failovers.
const HEIGHT: u16 = 18;

/// Columns below which bars would say nothing.
pub(super) const LEAST_WIDTH: u16 = 72;

/// Rows for shards in a group's box: as many as the policies of most plays allow.
const SHARD_ROWS: u16 = 8;

/// The last cell of a bar, by how many eighths of it are filled.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Rows of the view: one more where there are failovers to tell of.
pub(super) fn height(tells_failovers: bool) -> u16 {
    HEIGHT + u16::from(tells_failovers)
}

/// Draws the view.
pub(super) fn render(frame: &mut Frame<'_>, scene: &Scene, story: &Story) {
    let area = frame.area();
    let more = area.height.saturating_sub(HEIGHT).min(1);
    let [clock, groups, alarms, failovers, decisions] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(SHARD_ROWS + 3),
        Constraint::Length(3),
        Constraint::Length(more),
        Constraint::Length(3),
    ])
    .areas(area);
    let buffer = frame.buffer_mut();
    header(scene, story, clock.width).render(clock, buffer);
    let columns =
        Layout::horizontal(scene.groups.iter().map(|_| Constraint::Fill(1))).split(groups);
    for (group, column) in scene.groups.iter().zip(columns.iter()) {
        render_group(group, *column, buffer);
    }
    Text::from(scene.alarms.iter().map(alarm).collect::<Vec<_>>()).render(alarms, buffer);
    if more > 0 {
        failover_row(&story.ledger().failovers).render(failovers, buffer);
    }
    let latest = story
        .recent()
        .iter()
        .map(|line| decision(line, decisions.width));
    Text::from(latest.collect::<Vec<_>>()).render(decisions, buffer);
}

/// A line of the story as it is inserted above the view.
pub(super) fn told(line: &Line, width: u16) -> Text<'static> {
    let head = line.head();
    let indent = head.chars().count();
    let parts = wrap(
        &line.text,
        usize::from(width).saturating_sub(indent).max(20),
    );
    let row = |(at, part): (usize, String)| {
        let head = if at == 0 {
            head.clone()
        } else {
            " ".repeat(indent)
        };
        Row::from(vec![Span::styled(head, style(line.kind)), Span::raw(part)])
    };
    Text::from(parts.into_iter().enumerate().map(row).collect::<Vec<_>>())
}

fn header(scene: &Scene, story: &Story, width: u16) -> Row<'static> {
    let ledger = story.ledger();
    let changes: usize = ledger
        .groups
        .values()
        .map(|account| account.changes.len())
        .sum();
    let time = scene.at.format(" %a %H:%M ").to_string();
    let counts = format!(
        " {}, {} ",
        counted(ledger.woken_by_alarm + ledger.woken_by_schedule, "run"),
        counted(u64::from(count(changes)), "change"),
    );
    let room = usize::from(width).saturating_sub(time.chars().count() + counts.chars().count());
    let (done, left) = bar(story.play().part(scene.at), room);
    Row::from(vec![
        Span::styled(time, Style::new().add_modifier(Modifier::REVERSED)),
        Span::styled(done, Style::new().fg(Color::Blue)),
        Span::styled("·".repeat(left), Style::new().fg(Color::DarkGray)),
        Span::raw(counts),
    ])
}

fn render_group(group: &GroupScene, area: Rect, buffer: &mut Buffer) {
    let target = group
        .target
        .map(|target| format!("target {target:.0} % "))
        .unwrap_or_default();
    let block = Block::bordered()
        .title(Span::styled(
            format!(" {} ", group.id),
            Style::new().add_modifier(Modifier::BOLD),
        ))
        .title_bottom(Row::from(format!(" {target}")).right_aligned());
    let inner = block.inner(area);
    block.render(area, buffer);
    let mut rows: Vec<Row<'static>> = group
        .shards
        .iter()
        .map(|shard| shard_row(shard, group.target, inner.width))
        .collect();
    // What does not fit is told, never dropped in silence.
    let room = usize::from(SHARD_ROWS);
    if rows.len() > room {
        let more = rows.len() - (room - 1);
        rows.truncate(room - 1);
        rows.push(Row::from(format!(
            "and {}",
            counted(u64::from(count(more)), "more shard")
        )));
    }
    rows.resize(room, Row::default());
    rows.push(migration(group, inner.width));
    Text::from(rows).render(inner, buffer);
}

/// `0001 ██████▍   │  53 %`: the load as a bar, and where the target lies.
fn shard_row(shard: &ShardScene, target: Option<f64>, width: u16) -> Row<'static> {
    let label = format!("{}{}", shard.id, if shard.migrating { "*" } else { " " });
    let value = format!("{:>4.0} %", shard.load);
    let room = usize::from(width).saturating_sub(label.chars().count() + value.chars().count());
    let (done, left) = bar(shard.load / 100.0, room);
    let filled = done.chars().count();
    let mut rest: Vec<char> = vec![' '; left];
    if let Some(target) = target {
        let at = cells(target / 100.0, room);
        if let Some(cell) = at.checked_sub(filled).and_then(|at| rest.get_mut(at)) {
            *cell = '│';
        }
    }
    let color = match target {
        Some(target) if shard.load > target => Color::Red,
        Some(target) if shard.load > target * 0.75 => Color::Yellow,
        Some(_) => Color::Green,
        None => Color::Gray,
    };
    Row::from(vec![
        Span::raw(label),
        Span::styled(done, Style::new().fg(color)),
        Span::styled(
            rest.into_iter().collect::<String>(),
            Style::new().fg(Color::DarkGray),
        ),
        Span::raw(value),
    ])
}

fn migration(group: &GroupScene, width: u16) -> Row<'static> {
    match group.migrated {
        None => Row::styled(
            format!(
                "{}, {}",
                counted(u64::from(group.listed), "shard"),
                group.status
            ),
            Color::DarkGray,
        ),
        Some(percent) => {
            let (label, value) = ("slots ", format!("{percent:>4.0} %"));
            let room = usize::from(width).saturating_sub(label.len() + value.chars().count());
            let (done, left) = bar(percent / 100.0, room);
            Row::from(vec![
                Span::raw(label),
                Span::styled(done, Style::new().fg(Color::Cyan)),
                Span::styled("·".repeat(left), Style::new().fg(Color::DarkGray)),
                Span::raw(value),
            ])
        }
    }
}

fn alarm(alarm: &AlarmScene) -> Row<'static> {
    let (mark, color) = match alarm.state {
        StateValue::Alarm => ("●", Color::Red),
        StateValue::Ok => ("●", Color::Green),
        StateValue::InsufficientData => ("○", Color::Gray),
    };
    Row::from(vec![
        Span::styled(
            format!(" {mark} {:<18}", alarm.state.name()),
            Style::new().fg(color),
        ),
        Span::raw(alarm.name.clone()),
    ])
}

/// ` ◆ failovers        1 drill started, 1 reported (met), 2 refused`.
fn failover_row(failovers: &Failovers) -> Row<'static> {
    let drills = failovers.drills().count();
    let others = failovers.started.len() - drills;
    let mut words = vec![format!(
        "{} started",
        counted(u64::from(count(drills)), "drill")
    )];
    if others > 0 {
        words.push(format!(
            "{} more",
            counted(u64::from(count(others)), "failover")
        ));
    }
    if drills > failovers.reported.len() {
        words.push("being measured".to_owned());
    }
    if let Some(last) = failovers.reported.last() {
        let drill = &last.report;
        words.push(format!(
            "{} reported (the last {})",
            failovers.reported.len(),
            drill.verdict
        ));
    }
    words.push(format!("{} refused", failovers.refused.len()));
    Row::from(vec![
        Span::styled(
            format!(" ◆ {:<18}", "failovers"),
            Style::new().fg(Color::Cyan),
        ),
        Span::raw(words.join(", ")),
    ])
}

/// A decision in one row; what does not fit can be read above, where it is told in full.
fn decision(line: &Line, width: u16) -> Row<'static> {
    let head = format!(" {}", line.head());
    let room = usize::from(width).saturating_sub(head.chars().count());
    let mut text = line.text.clone();
    if text.chars().count() > room {
        text = text
            .chars()
            .take(room.saturating_sub(1))
            .chain(['…'])
            .collect();
    }
    Row::from(vec![Span::styled(head, style(line.kind)), Span::raw(text)])
}

fn style(kind: Kind) -> Style {
    match kind {
        Kind::Day => Style::new(),
        Kind::Breach | Kind::Failed => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Kind::Calm => Style::new().fg(Color::Green),
        Kind::ScaleOut
        | Kind::ScaleIn
        | Kind::Rebalance
        | Kind::Drill
        | Kind::Drilled
        | Kind::Failover => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Kind::Other => Style::new().fg(Color::Magenta),
        Kind::Shards => Style::new().fg(Color::Cyan),
        Kind::Hold | Kind::Planned | Kind::Refused => Style::new().fg(Color::Yellow),
        Kind::Load => Style::new().fg(Color::DarkGray),
    }
}

/// The filled part of a bar of `width` cells, fine to an eighth of a cell, and how many cells are left.
fn bar(part: f64, width: usize) -> (String, usize) {
    let eighths = cells(part, width * 8);
    let mut filled = "█".repeat(eighths / 8);
    filled.push_str(EIGHTHS.get(eighths % 8).unwrap_or(&""));
    let used = filled.chars().count();
    (filled, width.saturating_sub(used))
}

/// How many of `all` cells a part of them is, rounded, never more than all.
fn cells(part: f64, all: usize) -> usize {
    let wanted = part.clamp(0.0, 1.0) * f64::from(count(all));
    (0..=all)
        .take_while(|cell| f64::from(count(*cell)) <= wanted + 0.5)
        .last()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend, style::Color};

    use super::*;
    use crate::commands::demo::{
        fixture::{at, drill_started, drilled, group, hold, scene, scheduled},
        function::{Cause, Job, Pass},
        play::DAY,
    };

    fn drawn(scene: &Scene, story: &Story, width: u16) -> (Vec<String>, Buffer) {
        let mut terminal = Terminal::new(TestBackend::new(width, HEIGHT)).unwrap();
        terminal.draw(|frame| render(frame, scene, story)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let cell = |x, y| buffer[(x, y)].symbol().to_owned();
        let row = |y| {
            (0..width)
                .map(|x| cell(x, y))
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        ((0..HEIGHT).map(row).collect(), buffer)
    }

    #[test]
    fn the_view_shows_time_loads_targets_migration_alarms_and_decisions() {
        let scene = scene();
        let mut story = Story::new(&scene, &DAY);
        story.pass(
            &scheduled(vec![hold("orders", "paused", "paused by a person")]),
            at(12, 30),
        );
        let (rows, _) = drawn(&scene, &story, 80);
        let expected = [
            " Mon 12:30 ████████████████████▋······························ 1 run, 0 changes",
            "┌ orders ──────────────────────────────┐┌ sessions-eu ─────────────────────────┐",
            "│0001 ██████████████████████▏      82 %││0001 █████▍          │            20 %│",
            "│0002 █████████████▌  │            50 %││0002 █████▋          │            21 %│",
            "│0003 ████████▏       │            30 %││                                      │",
            "│0004*                │             0 %││                                      │",
            "│                                      ││                                      │",
            "│                                      ││                                      │",
            "│                                      ││                                      │",
            "│                                      ││                                      │",
            "│slots ██████████▍···············  40 %││2 shards, available                   │",
            "└───────────────────────── target 60 % ┘└───────────────────────── target 60 % ┘",
            " ● ALARM             orders-engine-cpu-high",
            " ● OK                orders-incident",
            "",
            " 12:30  hold       orders: paused by a person",
            "",
            "",
        ];
        assert_eq!(rows, expected, "\n{}", rows.join("\n"));
    }

    #[test]
    fn a_play_with_failovers_has_a_row_for_them() {
        let scene = scene();
        let mut story = Story::new(&scene, &DAY);
        let policy = DAY.policy().unwrap();
        let job = Job::FailoverShard;
        let mut rows = |record, minute| {
            let pass = Pass {
                cause: Cause::Schedule,
                records: Ok(vec![record]),
            };
            story.failover_pass(job, &pass, at(14, minute), &policy);
            let mut terminal = Terminal::new(TestBackend::new(80, height(true))).unwrap();
            terminal
                .draw(|frame| render(frame, &scene, &story))
                .unwrap();
            let buffer = terminal.backend().buffer().clone();
            let row = |y| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>();
            (row(15).trim_end().to_owned(), row(16).trim_end().to_owned())
        };
        let (row, decision) = rows(drill_started(), 5);
        assert_eq!(
            row,
            " ◆ failovers         1 drill started, being measured, 0 refused"
        );
        assert!(
            decision.starts_with(" 14:05  drill      catalog shard 0001"),
            "{decision}"
        );
        let (row, _) = rows(drilled(), 20);
        assert_eq!(
            row,
            " ◆ failovers         1 drill started, 1 reported (the last met), 0 refused"
        );
    }

    #[test]
    fn a_load_above_its_target_is_red_and_one_far_below_green() {
        let scene = scene();
        let (_, buffer) = drawn(&scene, &Story::new(&scene, &DAY), 80);
        let color = |y| buffer[(6, y)].fg;
        assert_eq!(
            [color(2), color(3), color(4)],
            [Color::Red, Color::Yellow, Color::Green]
        );
    }

    #[test]
    fn shards_that_do_not_fit_are_counted() {
        let mut scene = scene();
        scene.groups = vec![group("orders", &[50.0; 12])];
        let (rows, _) = drawn(&scene, &Story::new(&scene, &DAY), 80);
        assert!(rows.iter().any(|row| row.contains("0007")));
        assert!(
            rows.iter().any(|row| row.contains("and 5 more shards")),
            "{rows:?}"
        );
    }

    #[test]
    fn every_width_from_the_least_on_draws() {
        let scene = scene();
        for width in LEAST_WIDTH..200 {
            let (rows, _) = drawn(&scene, &Story::new(&scene, &DAY), width);
            assert!(rows.iter().any(|row| row.contains("0001")), "{width}");
        }
    }

    #[test]
    fn bars_are_exact_to_an_eighth_of_a_cell() {
        assert_eq!(bar(0.0, 10), (String::new(), 10));
        assert_eq!(bar(0.5, 10), ("█████".to_owned(), 5));
        assert_eq!(bar(0.55, 10), ("█████▌".to_owned(), 4));
        assert_eq!(bar(1.0, 10), ("██████████".to_owned(), 0));
        assert_eq!(bar(7.0, 3), ("███".to_owned(), 0));
    }

    #[test]
    fn a_told_line_wraps_under_its_text() {
        let line = Line {
            at: at(12, 30),
            kind: Kind::Hold,
            text: "word ".repeat(30),
        };
        let text = told(&line, 80);
        let rows: Vec<String> = text.lines.iter().map(ToString::to_string).collect();
        assert!(
            rows.len() > 1 && rows[1].starts_with(&" ".repeat(18)),
            "{rows:?}"
        );
        assert!(rows.iter().all(|row| row.chars().count() <= 80));
    }
}
