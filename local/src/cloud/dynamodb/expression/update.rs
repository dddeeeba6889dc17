//! Updates: `SET a = :x, n = if_not_exists(n, :zero) + :one REMOVE b ADD c :d`.

use serde_json::{Value, json};

use super::{path::Path, reader::Reader};
use crate::cloud::dynamodb::{Item, Refusal, number::Decimal, value};

/// A parsed update, its placeholders resolved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Update {
    actions: Vec<(Path, Action)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Action {
    Set(Expression),
    Remove,
    Add(Value),
    Delete(Value),
}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Value(Value),
    Path(Path),
    IfNotExists(Path, Box<Expression>),
    ListAppend(Box<Expression>, Box<Expression>),
    Plus(Box<Expression>, Box<Expression>),
    Minus(Box<Expression>, Box<Expression>),
}

impl Update {
    /// Reads a whole update.
    ///
    /// # Errors
    ///
    /// What DynamoDB says of an update that it cannot read, or that touches a place twice.
    pub fn parse(mut reader: Reader<'_>) -> Result<Self, Refusal> {
        let mut update = Self::default();
        let mut seen: Vec<&'static str> = Vec::new();
        while !reader.is_done() {
            let sections = ["SET", "REMOVE", "ADD", "DELETE"];
            let Some(section) = sections.into_iter().find(|word| reader.keyword(word)) else {
                return Err(reader.unexpected());
            };
            if seen.contains(&section) {
                return Err(reader.wrong(&format!(
                    "The \"{section}\" section can only be used once in an update expression;"
                )));
            }
            seen.push(section);
            loop {
                let (path, action) = action(&mut reader, section)?;
                if update
                    .actions
                    .iter()
                    .any(|(other, _)| other.overlaps(&path))
                {
                    return Err(reader.wrong(&format!(
                        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [{0}], path two: [{0}]",
                        path.attribute
                    )));
                }
                update.actions.push((path, action));
                if !reader.symbol(",") {
                    break;
                }
            }
        }
        Ok(update)
    }

    /// The top-level attributes that it touches.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().map(|(path, _)| path.attribute.as_str())
    }

    /// The item after the update; every expression reads the item as it was before.
    ///
    /// # Errors
    ///
    /// Operands of the wrong type or places that do not exist.
    pub fn apply(&self, before: &Item) -> Result<Item, Refusal> {
        let mut after = before.clone();
        // Removing by index shifts what follows, so removals come last and from the back.
        for (path, action) in &self.actions {
            match action {
                Action::Set(expression) => {
                    let value = compute(expression, before)?;
                    path.set(&mut after, value).ok_or_else(|| {
                        Refusal::validation(
                            "The document path provided in the update expression is invalid for update",
                        )
                    })?;
                }
                Action::Add(value) => add(path, value, before, &mut after)?,
                Action::Delete(value) => delete(path, value, before, &mut after)?,
                Action::Remove => {}
            }
        }
        for (path, action) in self.actions.iter().rev() {
            if *action == Action::Remove {
                path.remove(&mut after);
            }
        }
        Ok(after)
    }
}

fn action(reader: &mut Reader<'_>, section: &str) -> Result<(Path, Action), Refusal> {
    let path = reader.path()?;
    let value = |reader: &mut Reader<'_>| reader.value()?.ok_or_else(|| reader.unexpected());
    let action = match section {
        "SET" => {
            reader.expect("=")?;
            Action::Set(sum(reader)?)
        }
        "REMOVE" => Action::Remove,
        "ADD" => Action::Add(value(reader)?),
        _ => Action::Delete(value(reader)?),
    };
    Ok((path, action))
}

fn sum(reader: &mut Reader<'_>) -> Result<Expression, Refusal> {
    let left = operand(reader)?;
    if reader.symbol("+") {
        Ok(Expression::Plus(Box::new(left), Box::new(operand(reader)?)))
    } else if reader.symbol("-") {
        Ok(Expression::Minus(
            Box::new(left),
            Box::new(operand(reader)?),
        ))
    } else {
        Ok(left)
    }
}

fn operand(reader: &mut Reader<'_>) -> Result<Expression, Refusal> {
    reader.deeper()?;
    let expression = if let Some(value) = reader.value()? {
        Expression::Value(value)
    } else {
        match reader.function().as_deref() {
            None => Expression::Path(reader.path()?),
            Some("if_not_exists") => {
                let path = reader.path()?;
                reader.expect(",")?;
                let other = sum(reader)?;
                reader.expect(")")?;
                Expression::IfNotExists(path, Box::new(other))
            }
            Some("list_append") => {
                let first = operand(reader)?;
                reader.expect(",")?;
                let second = operand(reader)?;
                reader.expect(")")?;
                Expression::ListAppend(Box::new(first), Box::new(second))
            }
            Some(other) => {
                return Err(reader.wrong(&format!("Invalid function name; function: {other}")));
            }
        }
    };
    reader.higher();
    Ok(expression)
}

fn compute(expression: &Expression, item: &Item) -> Result<Value, Refusal> {
    match expression {
        Expression::Value(value) => Ok(value.clone()),
        Expression::Path(path) => path.get(item).cloned().ok_or_else(|| {
            Refusal::validation(
                "The provided expression refers to an attribute that does not exist in the item",
            )
        }),
        Expression::IfNotExists(path, other) => match path.get(item) {
            Some(value) => Ok(value.clone()),
            None => compute(other, item),
        },
        Expression::ListAppend(first, second) => {
            let (first, second) = (compute(first, item)?, compute(second, item)?);
            let lists = (
                first.get("L").and_then(Value::as_array),
                second.get("L").and_then(Value::as_array),
            );
            let (Some(first), Some(second)) = lists else {
                return Err(wrong_operand("list_append"));
            };
            let all: Vec<&Value> = first.iter().chain(second).collect();
            Ok(json!({ "L": all }))
        }
        Expression::Plus(left, right) => {
            let right = number(&compute(right, item)?, "+")?;
            plus(number(&compute(left, item)?, "+")?, right)
        }
        Expression::Minus(left, right) => {
            let right = number(&compute(right, item)?, "-")?.negated();
            plus(number(&compute(left, item)?, "-")?, right)
        }
    }
}

fn number(value: &Value, operator: &str) -> Result<Decimal, Refusal> {
    value
        .get("N")
        .and_then(Value::as_str)
        .and_then(Decimal::parse)
        .ok_or_else(|| wrong_operand(operator))
}

fn wrong_operand(operator: &str) -> Refusal {
    Refusal::validation(format!(
        "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: {operator}"
    ))
}

fn plus(left: Decimal, right: Decimal) -> Result<Value, Refusal> {
    let sum = left.plus(right).ok_or_else(|| {
        Refusal::validation(
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        )
    })?;
    Ok(json!({ "N": sum.to_string() }))
}

/// `ADD`: a number to a number (absent counts as 0, this once, because DynamoDB says so), members to a set.
fn add(path: &Path, by: &Value, before: &Item, after: &mut Item) -> Result<(), Refusal> {
    let wrong = || wrong_operand("ADD");
    let value = match (path.get(before), value::parts(by).ok_or_else(wrong)?) {
        (None, ("N" | "SS" | "NS" | "BS", _)) => by.clone(),
        (Some(found), ("N", _)) => plus(number(found, "ADD")?, number(by, "ADD")?)?,
        (Some(found), (kind @ ("SS" | "NS" | "BS"), members)) => {
            let found = found
                .get(kind)
                .and_then(Value::as_array)
                .ok_or_else(wrong)?;
            let mut all = found.clone();
            for member in members.as_array().into_iter().flatten() {
                if !all.contains(member) {
                    all.push(member.clone());
                }
            }
            json!({ kind: all })
        }
        (_, _) => return Err(wrong()),
    };
    path.set(after, value).ok_or_else(wrong)
}

/// `DELETE`: members from a set; a set that becomes empty goes away.
fn delete(path: &Path, by: &Value, before: &Item, after: &mut Item) -> Result<(), Refusal> {
    let wrong = || wrong_operand("DELETE");
    let (kind, members) = value::parts(by)
        .filter(|(kind, _)| matches!(*kind, "SS" | "NS" | "BS"))
        .ok_or_else(wrong)?;
    let Some(found) = path.get(before) else {
        return Ok(());
    };
    let found = found
        .get(kind)
        .and_then(Value::as_array)
        .ok_or_else(wrong)?;
    let gone = members.as_array().cloned().unwrap_or_default();
    let kept: Vec<&Value> = found
        .iter()
        .filter(|member| !gone.contains(member))
        .collect();
    if kept.is_empty() {
        path.remove(after);
        return Ok(());
    }
    path.set(after, json!({ kind: kept })).ok_or_else(wrong)
}
