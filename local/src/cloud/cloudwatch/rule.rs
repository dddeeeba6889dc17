//! Composite alarms' rules: `ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c))`.

use super::alarm::StateValue;

/// A parsed rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// `TRUE` or `FALSE`.
    Constant(bool),
    /// Whether an alarm (by name or ARN) is in a state.
    Is(StateValue, String),
    /// Negation.
    Not(Box<Rule>),
    /// Both.
    And(Box<Rule>, Box<Rule>),
    /// Either.
    Or(Box<Rule>, Box<Rule>),
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words for the client.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            rest: text.trim_start(),
            elements: 0,
            depth: 0,
        };
        let rule = reader.either()?;
        if reader.rest.is_empty() {
            Ok(rule)
        } else {
            Err(format!("unexpected text at '{}'", reader.rest))
        }
    }

    /// Whether the rule holds, given each alarm's state. An alarm that does not exist is in no state.
    pub fn holds(&self, state: &impl Fn(&str) -> Option<StateValue>) -> bool {
        match self {
            Self::Constant(truth) => *truth,
            Self::Is(wanted, alarm) => state(alarm) == Some(*wanted),
            Self::Not(inner) => !inner.holds(state),
            Self::And(left, right) => left.holds(state) && right.holds(state),
            Self::Or(left, right) => left.holds(state) || right.holds(state),
        }
    }

    /// The alarms it names, each once, in order of appearance.
    pub fn children(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Constant(_) => {}
            Self::Is(_, alarm) => {
                if !found.contains(&alarm.as_str()) {
                    found.push(alarm);
                }
            }
            Self::Not(inner) => inner.collect(found),
            Self::And(left, right) | Self::Or(left, right) => {
                left.collect(found);
                right.collect(found);
            }
        }
    }
}

/// (BC PutCompositeAlarm) "as many as 500 elements".
const MOST_ELEMENTS: u32 = 500;

/// Deeper nesting is refused rather than risked on the stack.
const DEEPEST: u32 = 100;

struct Reader<'a> {
    rest: &'a str,
    elements: u32,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn either(&mut self) -> Result<Rule, String> {
        let mut left = self.both()?;
        while self.word("OR") {
            left = Rule::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Rule, String> {
        let mut left = self.one()?;
        while self.word("AND") {
            left = Rule::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Rule, String> {
        self.depth += 1;
        self.elements += 1;
        if self.elements > MOST_ELEMENTS || self.depth > DEEPEST {
            return Err("too many elements".to_owned());
        }
        let rule = if self.word("NOT") {
            Rule::Not(Box::new(self.one()?))
        } else if self.symbol('(') {
            let inner = self.either()?;
            self.close()?;
            inner
        } else if self.word("TRUE") {
            Rule::Constant(true)
        } else if self.word("FALSE") {
            Rule::Constant(false)
        } else {
            self.is()?
        };
        self.depth -= 1;
        Ok(rule)
    }

    fn is(&mut self) -> Result<Rule, String> {
        for state in [
            StateValue::InsufficientData,
            StateValue::Alarm,
            StateValue::Ok,
        ] {
            if self.word(state.name()) {
                if !self.symbol('(') {
                    return Err(format!("'(' expected after {}", state.name()));
                }
                let alarm = self.alarm()?;
                self.close()?;
                return Ok(Rule::Is(state, alarm));
            }
        }
        Err(format!("unexpected text at '{}'", self.rest))
    }

    fn alarm(&mut self) -> Result<String, String> {
        let quoted = self.rest.strip_prefix('"');
        let (body, stop) = match quoted {
            Some(body) => (body, '"'),
            None => (self.rest, ')'),
        };
        let end = body.find(stop).ok_or("an alarm's name does not end")?;
        let (name, after) = body.split_at(end);
        self.rest = if quoted.is_some() {
            after.strip_prefix('"').unwrap_or(after).trim_start()
        } else {
            after
        };
        let name = if quoted.is_some() { name } else { name.trim() };
        if name.is_empty() {
            return Err("an alarm's name is empty".to_owned());
        }
        Ok(name.to_owned())
    }

    fn word(&mut self, word: &str) -> bool {
        let Some(after) = self.rest.strip_prefix(word) else {
            return false;
        };
        if after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_') {
            return false;
        }
        self.rest = after.trim_start();
        true
    }

    fn symbol(&mut self, symbol: char) -> bool {
        match self.rest.strip_prefix(symbol) {
            Some(after) => {
                self.rest = after.trim_start();
                true
            }
            None => false,
        }
    }

    fn close(&mut self) -> Result<(), String> {
        if self.symbol(')') {
            Ok(())
        } else {
            Err("')' expected".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(rule: &str) -> bool {
        Rule::parse(rule)
            .expect("well formed")
            .holds(&|alarm| match alarm {
                "hot" => Some(StateValue::Alarm),
                "cold one" => Some(StateValue::Ok),
                "new" => Some(StateValue::InsufficientData),
                _ => None,
            })
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_beat_both() {
        assert!(holds("ALARM(hot) OR TRUE AND FALSE"));
        assert!(!holds("(ALARM(hot) OR TRUE) AND FALSE"));
        assert!(holds(
            "OK(\"cold one\") AND NOT ALARM(\"cold one\") AND INSUFFICIENT_DATA( new )"
        ));
    }

    #[test]
    fn an_alarm_that_does_not_exist_is_in_no_state() {
        assert!(!holds("ALARM(gone) OR OK(gone) OR INSUFFICIENT_DATA(gone)"));
    }

    #[test]
    fn children_are_named_once() {
        let rule = Rule::parse("ALARM(a) AND (OK(b) OR OK(a))").expect("well formed");
        assert_eq!(rule.children(), ["a", "b"]);
    }

    #[test]
    fn broken_rules_are_refused() {
        for rule in [
            "",
            "ALARM",
            "ALARM(",
            "ALARM(a",
            "ALARM() ",
            "ALARM(a) AND",
            "MAYBE(a)",
            "(TRUE",
            "TRUE TRUE",
        ] {
            assert!(Rule::parse(rule).is_err(), "{rule}");
        }
        assert!(Rule::parse(&"(".repeat(100_000)).is_err());
    }
}
