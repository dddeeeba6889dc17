//! Conditions: `attribute_not_exists(#v) OR #v = :seen`.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{path::Path, reader::Reader};
use crate::cloud::dynamodb::{Item, Refusal, value};

/// A parsed condition, its placeholders resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
    /// Negation.
    Not(Box<Condition>),
    /// Two operands compared.
    Compare(Operand, Comparator, Operand),
    /// `a BETWEEN b AND c`.
    Between(Operand, Operand, Operand),
    /// `a IN (b, c)`.
    In(Operand, Vec<Operand>),
    /// Something is there.
    Exists(Path),
    /// `attribute_type(path, :type)`.
    Type(Path, Operand),
    /// `begins_with(path, :prefix)`.
    BeginsWith(Operand, Operand),
    /// `contains(path, :part)`.
    Contains(Operand, Operand),
}

/// `=`, `<>`, `<`, `<=`, `>`, `>=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// What an item has somewhere.
    Path(Path),
    /// What the request said.
    Value(Value),
    /// `size(path)`.
    Size(Path),
}

impl Operand {
    fn read(&self, item: &Item) -> Option<Value> {
        match self {
            Self::Path(path) => path.get(item).cloned(),
            Self::Value(value) => Some(value.clone()),
            Self::Size(path) => {
                value::size(path.get(item)?).map(|size| json!({ "N": size.to_string() }))
            }
        }
    }
}

impl Condition {
    /// Reads a whole condition.
    ///
    /// # Errors
    ///
    /// What DynamoDB says of a condition that it cannot read.
    pub fn parse(mut reader: Reader<'_>) -> Result<Self, Refusal> {
        let condition = either(&mut reader)?;
        if reader.is_done() {
            Ok(condition)
        } else {
            Err(reader.unexpected())
        }
    }

    /// Whether it holds for an item; an item that does not exist is an empty one. What is absent compares as false with
    /// everything, except that it differs (`<>`) from everything.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(left, right) => left.holds(item) && right.holds(item),
            Self::Or(left, right) => left.holds(item) || right.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Compare(left, comparator, right) => {
                compare(left.read(item), *comparator, right.read(item))
            }
            Self::Between(operand, low, high) => {
                let (value, low, high) = (operand.read(item), low.read(item), high.read(item));
                compare(value.clone(), Comparator::GreaterOrEqual, low)
                    && compare(value, Comparator::LessOrEqual, high)
            }
            Self::In(operand, choices) => {
                let value = operand.read(item);
                choices
                    .iter()
                    .any(|choice| compare(value.clone(), Comparator::Equal, choice.read(item)))
            }
            Self::Exists(path) => path.get(item).is_some(),
            Self::Type(path, kind) => {
                let kind = kind.read(item);
                let kind = kind.as_ref().and_then(|kind| kind.get("S")?.as_str());
                let found = path.get(item).and_then(value::parts);
                found.is_some_and(|(found, _)| Some(found) == kind)
            }
            Self::BeginsWith(operand, prefix) => match (operand.read(item), prefix.read(item)) {
                (Some(value), Some(prefix)) => value::begins_with(&value, &prefix),
                (None, _) | (_, None) => false,
            },
            Self::Contains(operand, part) => match (operand.read(item), part.read(item)) {
                (Some(value), Some(part)) => value::contains(&value, &part),
                (None, _) | (_, None) => false,
            },
        }
    }

    /// The hash key's value if the condition is exactly `hash_key = :value`, as a `Query` without sort key demands.
    pub fn hash_key_value(&self, hash_key: &str) -> Option<&Value> {
        match self {
            Self::Compare(Operand::Path(path), Comparator::Equal, Operand::Value(value))
                if path.attribute == hash_key && path.steps.is_empty() =>
            {
                Some(value)
            }
            Self::Compare(..)
            | Self::And(..)
            | Self::Or(..)
            | Self::Not(_)
            | Self::Between(..)
            | Self::In(..)
            | Self::Exists(_)
            | Self::Type(..)
            | Self::BeginsWith(..)
            | Self::Contains(..) => None,
        }
    }
}

fn compare(left: Option<Value>, comparator: Comparator, right: Option<Value>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return comparator == Comparator::NotEqual;
    };
    let is = |wanted: fn(Ordering) -> bool| value::order(&left, &right).is_some_and(wanted);
    match comparator {
        Comparator::Equal => value::equal(&left, &right),
        Comparator::NotEqual => !value::equal(&left, &right),
        Comparator::Less => is(Ordering::is_lt),
        Comparator::LessOrEqual => is(Ordering::is_le),
        Comparator::Greater => is(Ordering::is_gt),
        Comparator::GreaterOrEqual => is(Ordering::is_ge),
    }
}

fn either(reader: &mut Reader<'_>) -> Result<Condition, Refusal> {
    let mut left = both(reader)?;
    while reader.keyword("OR") {
        left = Condition::Or(Box::new(left), Box::new(both(reader)?));
    }
    Ok(left)
}

fn both(reader: &mut Reader<'_>) -> Result<Condition, Refusal> {
    let mut left = one(reader)?;
    while reader.keyword("AND") {
        left = Condition::And(Box::new(left), Box::new(one(reader)?));
    }
    Ok(left)
}

fn one(reader: &mut Reader<'_>) -> Result<Condition, Refusal> {
    reader.deeper()?;
    let condition = if reader.keyword("NOT") {
        Condition::Not(Box::new(one(reader)?))
    } else if reader.symbol("(") {
        let inner = either(reader)?;
        reader.expect(")")?;
        inner
    } else {
        simple(reader)?
    };
    reader.higher();
    Ok(condition)
}

fn simple(reader: &mut Reader<'_>) -> Result<Condition, Refusal> {
    let left = match reader.function().as_deref() {
        None => operand(reader)?,
        Some("size") => {
            let path = reader.path()?;
            reader.expect(")")?;
            Operand::Size(path)
        }
        Some(name) => return call(reader, name),
    };
    for (symbol, comparator) in [
        ("=", Comparator::Equal),
        ("<>", Comparator::NotEqual),
        ("<=", Comparator::LessOrEqual),
        ("<", Comparator::Less),
        (">=", Comparator::GreaterOrEqual),
        (">", Comparator::Greater),
    ] {
        if reader.symbol(symbol) {
            return Ok(Condition::Compare(left, comparator, operand(reader)?));
        }
    }
    if reader.keyword("BETWEEN") {
        let low = operand(reader)?;
        if !reader.keyword("AND") {
            return Err(reader.unexpected());
        }
        return Ok(Condition::Between(left, low, operand(reader)?));
    }
    if reader.keyword("IN") {
        reader.expect("(")?;
        let mut choices = vec![operand(reader)?];
        while reader.symbol(",") {
            choices.push(operand(reader)?);
        }
        reader.expect(")")?;
        return Ok(Condition::In(left, choices));
    }
    Err(reader.unexpected())
}

fn call(reader: &mut Reader<'_>, name: &str) -> Result<Condition, Refusal> {
    let condition = match name {
        "attribute_exists" => Condition::Exists(reader.path()?),
        "attribute_not_exists" => Condition::Not(Box::new(Condition::Exists(reader.path()?))),
        "attribute_type" => {
            let path = reader.path()?;
            reader.expect(",")?;
            Condition::Type(path, operand(reader)?)
        }
        "begins_with" | "contains" => {
            let first = operand(reader)?;
            reader.expect(",")?;
            let second = operand(reader)?;
            if name == "contains" {
                Condition::Contains(first, second)
            } else {
                Condition::BeginsWith(first, second)
            }
        }
        other => {
            return Err(reader.wrong(&format!("Invalid function name; function: {other}")));
        }
    };
    reader.expect(")")?;
    Ok(condition)
}

fn operand(reader: &mut Reader<'_>) -> Result<Operand, Refusal> {
    if reader.function().as_deref() == Some("size") {
        let path = reader.path()?;
        reader.expect(")")?;
        return Ok(Operand::Size(path));
    }
    match reader.value()? {
        Some(value) => Ok(Operand::Value(value)),
        None => Ok(Operand::Path(reader.path()?)),
    }
}
