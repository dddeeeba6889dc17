//! Alarm mute rules: windows of time in which alarms keep changing state but their actions do not run.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::Refusal;

/// A mute rule. (BC PutAlarmMuteRule)
#[derive(Debug, Clone, PartialEq)]
pub struct MuteRule {
    /// Unique in the Region.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// `cron(…)` or `at(…)`, as written.
    pub expression: String,
    /// ISO 8601, as written.
    pub duration: String,
    /// As written; `None`: UTC.
    pub timezone: Option<String>,
    /// Alarms it mutes.
    pub alarm_names: Vec<String>,
    /// Mutes nothing before this.
    pub start: Option<DateTime<Utc>>,
    /// Mutes nothing from this on.
    pub expire: Option<DateTime<Utc>>,
    /// When it was last put.
    pub updated: DateTime<Utc>,
    schedule: Schedule,
    length: TimeDelta,
}

#[derive(Debug, Clone, PartialEq)]
enum Schedule {
    Once(DateTime<Utc>),
    Cron(Box<Cron>),
}

/// Where a rule stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteStatus {
    /// Will mute later.
    Scheduled,
    /// Mutes now.
    Active,
    /// Will never mute again.
    Expired,
}

impl MuteStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
        }
    }
}

/// What a client says of a mute rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MuteRuleSpec {
    /// Unique in the Region.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// `cron(…)` or `at(…)`.
    pub expression: String,
    /// ISO 8601, one minute to 15 days.
    pub duration: String,
    /// `None`: UTC. This service knows no other time zone and refuses rather than muting at the wrong hour.
    pub timezone: Option<String>,
    /// Alarms to mute.
    pub alarm_names: Vec<String>,
    /// `None`: at once.
    pub start: Option<DateTime<Utc>>,
    /// `None`: never.
    pub expire: Option<DateTime<Utc>>,
}

impl MuteRule {
    /// Reads a client's rule.
    ///
    /// # Errors
    ///
    /// A schedule, duration or time zone that cannot be used.
    pub fn new(spec: MuteRuleSpec, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let wrong = |what: String| Refusal::InvalidParameterValue(what);
        if spec.alarm_names.len() > 100 {
            return Err(wrong("A mute rule targets at most 100 alarms.".to_owned()));
        }
        if let Some(zone) = &spec.timezone
            && !matches!(zone.as_str(), "UTC" | "Etc/UTC" | "GMT")
        {
            return Err(wrong(format!(
                "The embedded CloudWatch knows no time zone {zone}; use UTC."
            )));
        }
        let schedule = schedule(&spec.expression)
            .ok_or_else(|| wrong(format!("Invalid schedule expression: {}", spec.expression)))?;
        let length = duration(&spec.duration)
            .filter(|length| (TimeDelta::minutes(1)..=TimeDelta::days(15)).contains(length))
            .ok_or_else(|| wrong(format!("Invalid duration: {}", spec.duration)))?;
        Ok(Self {
            name: spec.name,
            description: spec.description,
            expression: spec.expression,
            duration: spec.duration,
            timezone: spec.timezone,
            alarm_names: spec.alarm_names,
            start: spec.start,
            expire: spec.expire,
            updated: now,
            schedule,
            length,
        })
    }

    /// `ONE_TIME` or `RECURRING`.
    pub fn mute_type(&self) -> &'static str {
        match self.schedule {
            Schedule::Once(_) => "ONE_TIME",
            Schedule::Cron(_) => "RECURRING",
        }
    }

    /// Where it stands at `now`.
    pub fn status(&self, now: DateTime<Utc>) -> MuteStatus {
        let over = match &self.schedule {
            Schedule::Once(at) => *at + self.length <= now,
            Schedule::Cron(_) => false,
        };
        if over || self.expire.is_some_and(|expire| expire <= now) {
            MuteStatus::Expired
        } else if self.start.is_none_or(|start| start <= now) && self.in_window(now) {
            MuteStatus::Active
        } else {
            MuteStatus::Scheduled
        }
    }

    fn in_window(&self, now: DateTime<Utc>) -> bool {
        match &self.schedule {
            Schedule::Once(at) => *at <= now && now < *at + self.length,
            Schedule::Cron(cron) => {
                let whole = now - TimeDelta::seconds(now.timestamp().rem_euclid(60));
                // A window is at most 15 days, so at most 21,600 minutes could have opened the one we are in.
                (0..self.length.num_minutes())
                    .map(|minutes| whole - TimeDelta::minutes(minutes))
                    .any(|minute| cron.matches(minute))
            }
        }
    }
}

fn schedule(expression: &str) -> Option<Schedule> {
    let inner = expression.strip_suffix(')')?;
    if let Some(at) = inner.strip_prefix("at(") {
        let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M")
            .or_else(|_| NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M:%S"))
            .ok()?;
        return Some(Schedule::Once(at.and_utc()));
    }
    let fields: Vec<&str> = inner.strip_prefix("cron(")?.split_whitespace().collect();
    let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
        return None;
    };
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    Some(Schedule::Cron(Box::new(Cron {
        minutes: field(minutes, 0, 59, &[])?,
        hours: field(hours, 0, 23, &[])?,
        days: field(days, 1, 31, &[])?,
        months: field(months, 1, 12, &MONTHS)?,
        weekdays: field(weekdays, 0, 6, &WEEKDAYS)?,
        any_day: *days == "*",
        any_weekday: *weekdays == "*",
    })))
}

/// The numbers that each field allows.
#[derive(Debug, Clone, PartialEq)]
struct Cron {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<u32>,
    months: Vec<u32>,
    weekdays: Vec<u32>,
    any_day: bool,
    any_weekday: bool,
}

impl Cron {
    /// Where day of month and day of week are both given, either suffices, as in Unix. ASSUMED.
    fn matches(&self, at: DateTime<Utc>) -> bool {
        let day = self.days.contains(&at.day());
        let weekday = self.weekdays.contains(&at.weekday().num_days_from_sunday());
        let right_day = match (self.any_day, self.any_weekday) {
            (true, _) => weekday,
            (false, true) => day,
            (false, false) => day || weekday,
        };
        right_day
            && self.months.contains(&at.month())
            && self.hours.contains(&at.hour())
            && self.minutes.contains(&at.minute())
    }
}

/// "The characters *, -, and , are supported in all fields."
fn field(text: &str, least: u32, most: u32, names: &[&str]) -> Option<Vec<u32>> {
    if text == "*" {
        return Some((least..=most).collect());
    }
    let number = |text: &str| -> Option<u32> {
        let named = names
            .iter()
            .position(|name| text.eq_ignore_ascii_case(name));
        let number = match named {
            Some(place) => least + u32::try_from(place).ok()?,
            None => text.parse().ok()?,
        };
        (least..=most).contains(&number).then_some(number)
    };
    let mut allowed = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((from, to)) => allowed.extend(number(from)?..=number(to)?),
            None => allowed.push(number(part)?),
        }
    }
    Some(allowed)
}

/// An ISO 8601 duration of days, hours and minutes (`P2DT12H`).
fn duration(text: &str) -> Option<TimeDelta> {
    let (mut rest, mut in_time, mut total) = (text.strip_prefix('P')?, false, TimeDelta::zero());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            if in_time || time.is_empty() {
                return None;
            }
            (rest, in_time) = (time, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, after) = rest.split_at(end);
        let number: i64 = digits.parse().ok()?;
        let (unit, after) = after.split_at_checked(1)?;
        let part = match (unit, in_time) {
            ("W", false) => TimeDelta::try_weeks(number)?,
            ("D", false) => TimeDelta::try_days(number)?,
            ("H", true) => TimeDelta::try_hours(number)?,
            ("M", true) => TimeDelta::try_minutes(number)?,
            ("S", true) => TimeDelta::try_seconds(number)?,
            _ => return None,
        };
        total = total.checked_add(&part)?;
        rest = after;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn rule(expression: &str, duration: &str) -> Result<MuteRule, Refusal> {
        MuteRule::new(
            MuteRuleSpec {
                name: "quiet".to_owned(),
                expression: expression.to_owned(),
                duration: duration.to_owned(),
                ..MuteRuleSpec::default()
            },
            at("2026-11-01T00:00:00Z"),
        )
    }

    #[test]
    fn a_weekend_is_muted_across_midnight() {
        let rule = rule("cron(0 18 * * FRI)", "P2DT12H").expect("valid");
        for (time, status) in [
            ("2026-11-20T17:59:59Z", MuteStatus::Scheduled),
            ("2026-11-20T18:00:00Z", MuteStatus::Active),
            ("2026-11-23T05:59:59Z", MuteStatus::Active),
            ("2026-11-23T06:00:00Z", MuteStatus::Scheduled),
        ] {
            assert_eq!(rule.status(at(time)), status, "{time}");
        }
    }

    #[test]
    fn a_single_window_expires() {
        let rule = rule("at(2026-11-20T14:00)", "PT4H").expect("valid");
        assert_eq!(
            rule.status(at("2026-11-20T13:00:00Z")),
            MuteStatus::Scheduled
        );
        assert_eq!(rule.status(at("2026-11-20T17:59:00Z")), MuteStatus::Active);
        assert_eq!(rule.status(at("2026-11-20T18:00:00Z")), MuteStatus::Expired);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for (expression, duration) in [
            ("cron(0 25 * * *)", "PT1H"),
            ("cron(0 2 * *)", "PT1H"),
            ("rate(5 minutes)", "PT1H"),
            ("at(tomorrow)", "PT1H"),
            ("cron(0 2 * * *)", "PT30S"),
            ("cron(0 2 * * *)", "P16D"),
            ("cron(0 2 * * *)", "PT"),
            ("cron(0 2 * * *)", "4h"),
        ] {
            assert!(
                rule(expression, duration).is_err(),
                "{expression} {duration}"
            );
        }
    }
}
