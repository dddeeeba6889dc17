//! Windows across midnight, across dates, and across the nights in which clocks change.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn window(time_zone: Tz, from: &str, to: &str) -> CalendarWindow {
    CalendarWindow {
        name: "window".into(),
        time_zone,
        days: EVERY_DAY.to_vec(),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        dates: None,
        min_shards: None,
        freeze: Freeze::All,
    }
}

/// The UTC minutes of a span, from its start, in which the window is open.
fn open_minutes(window: &CalendarWindow, from: &str, hours: i64) -> Vec<i64> {
    let start = at(from);
    (0..hours * 60)
        .filter(|&minute| window.contains(start + TimeDelta::minutes(minute)))
        .collect()
}

#[test]
fn a_window_opens_at_its_first_minute_and_is_closed_at_its_last() {
    let day = window(Tz::Europe__Berlin, "08:00:00", "18:00:00");
    assert!(!day.contains(at("2026-11-23T06:59:59Z")));
    assert!(day.contains(at("2026-11-23T07:00:00Z")));
    assert!(day.contains(at("2026-11-23T16:59:59Z")));
    assert!(!day.contains(at("2026-11-23T17:00:00Z")));
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_it_opened_on() {
    let mut friday = window(Tz::America__New_York, "22:00:00", "06:00:00");
    friday.days = vec![Weekday::Fri];
    // 2026-11-27 is a Friday; New York is at UTC-5.
    assert!(!friday.contains(at("2026-11-28T02:59:00Z")));
    assert!(friday.contains(at("2026-11-28T03:00:00Z")));
    assert!(friday.contains(at("2026-11-28T10:59:00Z")));
    assert!(!friday.contains(at("2026-11-28T11:00:00Z")));
    // Friday's early morning belongs to Thursday, Saturday's evening to Saturday.
    assert!(!friday.contains(at("2026-11-27T08:00:00Z")));
    assert!(!friday.contains(at("2026-11-29T04:00:00Z")));
}

#[test]
fn equal_times_are_a_whole_day() {
    let mut sale = window(Tz::UTC, "06:00:00", "06:00:00");
    assert!(sale.is_always_open());
    sale.days = vec![Weekday::Mon];
    assert!(!sale.is_always_open());
    let open = open_minutes(&sale, "2026-11-22T00:00:00Z", 72);
    assert_eq!(open, (30 * 60..54 * 60).collect::<Vec<i64>>());
}

#[test]
fn dates_are_local_days_and_both_ends_are_in() {
    let mut sale = window(Tz::Asia__Tokyo, "00:00:00", "00:00:00");
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    sale.dates = Some((day("2026-11-27"), day("2026-11-28")));
    let open = open_minutes(&sale, "2026-11-26T00:00:00Z", 72);
    // Tokyo's 27th starts at 15:00 UTC on the 26th.
    assert_eq!(open, (15 * 60..63 * 60).collect::<Vec<i64>>());
}

#[test]
fn in_spring_the_skipped_hour_of_berlin_does_not_happen() {
    // 2027-03-28: 02:00 CET becomes 03:00 CEST at 01:00 UTC.
    let night = "2027-03-27T22:00:00Z";
    let inside = window(Tz::Europe__Berlin, "02:15:00", "02:45:00");
    assert_eq!(open_minutes(&inside, night, 12), Vec::<i64>::new());
    let across = window(Tz::Europe__Berlin, "01:30:00", "03:30:00");
    assert_eq!(
        open_minutes(&across, night, 12),
        (150..210).collect::<Vec<i64>>()
    );
    let ends_inside = window(Tz::Europe__Berlin, "01:30:00", "02:30:00");
    assert_eq!(
        open_minutes(&ends_inside, night, 12),
        (150..180).collect::<Vec<i64>>()
    );
    let starts_inside = window(Tz::Europe__Berlin, "02:30:00", "03:30:00");
    assert_eq!(
        open_minutes(&starts_inside, night, 12),
        (180..210).collect::<Vec<i64>>()
    );
}

#[test]
fn in_autumn_the_repeated_hour_of_berlin_counts_both_times() {
    // 2026-10-25: 03:00 CEST becomes 02:00 CET at 01:00 UTC.
    let night = "2026-10-24T22:00:00Z";
    let inside = window(Tz::Europe__Berlin, "02:15:00", "02:45:00");
    let open: Vec<i64> = (135..165).chain(195..225).collect();
    assert_eq!(open_minutes(&inside, night, 12), open);
    let across = window(Tz::Europe__Berlin, "01:30:00", "03:30:00");
    assert_eq!(
        open_minutes(&across, night, 12),
        (90..270).collect::<Vec<i64>>()
    );
}

#[test]
fn new_york_changes_its_clocks_on_other_nights() {
    let inside = window(Tz::America__New_York, "02:15:00", "02:45:00");
    // 2027-03-14: 02:00 EST becomes 03:00 EDT at 07:00 UTC.
    assert_eq!(
        open_minutes(&inside, "2027-03-14T04:00:00Z", 12),
        Vec::<i64>::new()
    );
    // Two weeks later, on Berlin's night, New York's window opens as always.
    assert_eq!(
        open_minutes(&inside, "2027-03-28T06:00:00Z", 2),
        (15..45).collect::<Vec<i64>>()
    );
    // 2026-11-01: 02:00 EDT becomes 01:00 EST at 06:00 UTC.
    let repeated = window(Tz::America__New_York, "01:15:00", "01:45:00");
    let open: Vec<i64> = (75..105).chain(135..165).collect();
    assert_eq!(open_minutes(&repeated, "2026-11-01T04:00:00Z", 12), open);
}

#[test]
fn a_whole_day_is_23_or_25_hours_long_when_clocks_change() {
    let mut sunday = window(Tz::Europe__Berlin, "00:00:00", "00:00:00");
    sunday.days = vec![Weekday::Sun];
    assert_eq!(
        open_minutes(&sunday, "2027-03-27T00:00:00Z", 72).len(),
        23 * 60
    );
    assert_eq!(
        open_minutes(&sunday, "2026-10-24T00:00:00Z", 72).len(),
        25 * 60
    );
}

#[test]
fn a_window_is_spelled_with_its_days_times_and_what_it_does() {
    let mut night = window(Tz::Europe__Berlin, "22:00:00", "06:00:00");
    night.min_shards = Some(6);
    assert_eq!(
        night.to_string(),
        "daily, 22:00 to 06:00 Europe/Berlin; min_shards 6; freeze all"
    );
    night.days = vec![Weekday::Sat, Weekday::Sun];
    night.freeze = Freeze::None;
    night.dates = Some(("2026-12-19".parse().unwrap(), "2026-12-20".parse().unwrap()));
    assert_eq!(
        night.to_string(),
        "Sat, Sun, 22:00 to 06:00 Europe/Berlin, 2026-12-19 to 2026-12-20; min_shards 6"
    );
    (night.from, night.to) = (NaiveTime::MIN, NaiveTime::MIN);
    night.dates = night.dates.map(|(first, _)| (first, first));
    assert_eq!(
        night.to_string(),
        "Sat, Sun, all day Europe/Berlin, 2026-12-19; min_shards 6"
    );
    night.days = EVERY_DAY.to_vec();
    assert_eq!(
        night.to_string(),
        "all day Europe/Berlin, 2026-12-19; min_shards 6"
    );
}

proptest! {
    /// Whatever the zone and the night, a window and its complement share the day between them.
    #[test]
    fn a_window_and_its_complement_never_both_open_nor_both_closed(
        zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        minute in 0_i64..3 * 366 * 24 * 60,
        from in 0_u32..24 * 60,
        to in 0_u32..24 * 60,
    ) {
        prop_assume!(from != to);
        let clock = |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
        let mut one = window(zone, "00:00:00", "00:00:00");
        (one.from, one.to) = (clock(from), clock(to));
        let other = CalendarWindow { from: one.to, to: one.from, ..one.clone() };
        let now = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(minute);
        prop_assert_ne!(one.contains(now), other.contains(now));
    }
}
