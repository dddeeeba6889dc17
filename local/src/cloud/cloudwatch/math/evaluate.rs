//! Computes metric-math expressions over aligned time series.

use std::collections::BTreeMap;

use super::{Expression, Function, Operator};

/// Values by the start of their period; a period without a value is absent.
pub type Line = BTreeMap<i64, f64>;

/// What an expression amounts to.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// One number for all times.
    Number(f64),
    /// One time series.
    Series(Line),
    /// Several, with the label of each.
    Array(Vec<(String, Line)>),
}

/// What an expression may refer to.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Results of other queries by id.
    pub by_id: &'a BTreeMap<String, Quantity>,
    /// All metrics of the request (not expressions): id, label, values. For `METRICS()`.
    pub metrics: &'a [(String, String, Line)],
    /// The start of every period of the window. For `FILL`.
    pub grid: &'a [i64],
}

impl Inputs<'_> {
    /// Computes `expression`.
    ///
    /// # Errors
    ///
    /// What does not fit together, in words for the client.
    pub fn compute(&self, expression: &Expression) -> Result<Quantity, String> {
        match expression {
            Expression::Number(number) => Ok(Quantity::Number(*number)),
            Expression::Text(text) => Err(format!("\"{text}\" is not a value")),
            Expression::Id(id) => self
                .by_id
                .get(id)
                .cloned()
                .ok_or_else(|| format!("unknown id '{id}'")),
            Expression::Array(members) => {
                let mut lines = Vec::new();
                for member in members {
                    match self.compute(member)? {
                        Quantity::Number(_) => {
                            return Err("an array holds time series only".to_owned());
                        }
                        Quantity::Series(line) => lines.push((String::new(), line)),
                        Quantity::Array(inner) => lines.extend(inner),
                    }
                }
                Ok(Quantity::Array(lines))
            }
            Expression::Negate(inner) => Ok(map(self.compute(inner)?, |value| -value)),
            Expression::Binary(operator, left, right) => {
                combine(*operator, self.compute(left)?, self.compute(right)?)
            }
            Expression::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn call(&self, function: Function, arguments: &[Expression]) -> Result<Quantity, String> {
        if function == Function::Metrics {
            return self.all_metrics(arguments.first());
        }
        let [first, rest @ ..] = arguments else {
            return Err("an argument is missing".to_owned());
        };
        let value = self.compute(first)?;
        match function {
            Function::Max => reduce(value, |values| values.iter().copied().reduce(f64::max)),
            Function::Min => reduce(value, |values| values.iter().copied().reduce(f64::min)),
            Function::Sum => reduce(value, |values| values.iter().copied().reduce(|a, b| a + b)),
            Function::Avg => reduce(value, mean),
            Function::Ceil => Ok(map(value, f64::ceil)),
            Function::Floor => Ok(map(value, f64::floor)),
            Function::Abs => Ok(map(value, f64::abs)),
            Function::If => self.choose(value, rest),
            Function::Fill => self.fill(value, rest.first()),
            Function::Metrics => Err("METRICS takes no value".to_owned()),
        }
    }

    fn all_metrics(&self, filter: Option<&Expression>) -> Result<Quantity, String> {
        let wanted = match filter {
            None => "",
            Some(Expression::Text(text)) => text,
            Some(_) => return Err("METRICS takes a quoted text".to_owned()),
        };
        Ok(Quantity::Array(
            self.metrics
                .iter()
                .filter(|(id, label, _)| id.contains(wanted) || label.contains(wanted))
                .map(|(_, label, line)| (label.clone(), line.clone()))
                .collect(),
        ))
    }

    fn choose(&self, condition: Quantity, rest: &[Expression]) -> Result<Quantity, String> {
        let then = rest
            .first()
            .ok_or("IF needs a second argument")
            .map(|then| self.compute(then))??;
        let otherwise = rest.get(1).map(|other| self.compute(other)).transpose()?;
        let pick = |truth: f64, at: i64| {
            if truth == 0.0 {
                otherwise.as_ref().and_then(|other| value_at(other, at))
            } else {
                value_at(&then, at)
            }
        };
        match condition {
            Quantity::Number(0.0) => Ok(otherwise.unwrap_or(Quantity::Series(Line::new()))),
            Quantity::Number(_) => Ok(then),
            Quantity::Series(line) => Ok(Quantity::Series(
                line.iter()
                    .filter_map(|(at, truth)| Some((*at, pick(*truth, *at)?)))
                    .collect(),
            )),
            Quantity::Array(_) => Err("IF needs a time series, not an array".to_owned()),
        }
    }

    fn fill(&self, value: Quantity, filler: Option<&Expression>) -> Result<Quantity, String> {
        let filled = |line: &Line| -> Result<Line, String> {
            match filler {
                Some(Expression::Id(word)) if word == "REPEAT" => Ok(self.fill_repeating(line)),
                Some(Expression::Id(word)) if word == "LINEAR" => Ok(self.fill_linear(line)),
                Some(other) => {
                    let filler = self.compute(other)?;
                    Ok(self
                        .grid
                        .iter()
                        .filter_map(|at| {
                            let value = line.get(at).copied().or_else(|| value_at(&filler, *at))?;
                            Some((*at, value))
                        })
                        .collect())
                }
                None => Err("FILL needs a filler".to_owned()),
            }
        };
        match value {
            Quantity::Number(_) => Err("FILL needs a time series".to_owned()),
            Quantity::Series(line) => Ok(Quantity::Series(filled(&line)?)),
            Quantity::Array(lines) => lines
                .into_iter()
                .map(|(label, line)| Ok((label, filled(&line)?)))
                .collect::<Result<_, String>>()
                .map(Quantity::Array),
        }
    }

    fn fill_repeating(&self, line: &Line) -> Line {
        let mut last = None;
        self.grid
            .iter()
            .filter_map(|at| {
                last = line.get(at).copied().or(last);
                Some((*at, last?))
            })
            .collect()
    }

    fn fill_linear(&self, line: &Line) -> Line {
        self.grid
            .iter()
            .filter_map(|at| {
                if let Some(value) = line.get(at) {
                    return Some((*at, *value));
                }
                let (before, low) = line.range(..at).next_back()?;
                let (after, high) = line.range(at..).next()?;
                let share = seconds(at - before) / seconds(after - before);
                Some((*at, low + (high - low) * share))
            })
            .collect()
    }
}

fn seconds(span: i64) -> f64 {
    i32::try_from(span).map_or(f64::from(i32::MAX), f64::from)
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = u32::try_from(values.len()).ok()?;
    (count > 0).then(|| values.iter().sum::<f64>() / f64::from(count))
}

fn value_at(quantity: &Quantity, at: i64) -> Option<f64> {
    match quantity {
        Quantity::Number(number) => Some(*number),
        Quantity::Series(line) => line.get(&at).copied(),
        Quantity::Array(_) => None,
    }
}

fn map(quantity: Quantity, change: impl Fn(f64) -> f64) -> Quantity {
    let each = |line: Line| {
        line.into_iter()
            .map(|(at, value)| (at, change(value)))
            .collect()
    };
    match quantity {
        Quantity::Number(number) => Quantity::Number(change(number)),
        Quantity::Series(line) => Quantity::Series(each(line)),
        Quantity::Array(lines) => Quantity::Array(
            lines
                .into_iter()
                .map(|(label, line)| (label, each(line)))
                .collect(),
        ),
    }
}

/// (CW-DG metric math) of an array these functions give a time series over whatever has a value at a time; of one time
/// series they give a number.
fn reduce(quantity: Quantity, of: impl Fn(&[f64]) -> Option<f64>) -> Result<Quantity, String> {
    match quantity {
        Quantity::Number(number) => Ok(Quantity::Number(number)),
        Quantity::Series(line) => {
            let values: Vec<f64> = line.into_values().collect();
            Ok(of(&values).map_or(Quantity::Series(Line::new()), Quantity::Number))
        }
        Quantity::Array(lines) => {
            let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for (at, value) in lines.into_iter().flat_map(|(_, line)| line) {
                columns.entry(at).or_default().push(value);
            }
            Ok(Quantity::Series(
                columns
                    .into_iter()
                    .filter_map(|(at, values)| Some((at, of(&values)?)))
                    .collect(),
            ))
        }
    }
}

fn apply(operator: Operator, left: f64, right: f64) -> Option<f64> {
    let truth = |claim: bool| Some(if claim { 1.0 } else { 0.0 });
    match operator {
        Operator::Add => Some(left + right),
        Operator::Subtract => Some(left - right),
        Operator::Multiply => Some(left * right),
        Operator::Divide => (right != 0.0).then(|| left / right),
        Operator::Power => Some(left.powf(right)).filter(|value| value.is_finite()),
        Operator::Less => truth(left < right),
        Operator::LessOrEqual => truth(left <= right),
        Operator::Greater => truth(left > right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Or => truth(left != 0.0 || right != 0.0),
    }
}

/// A time at which either side has no value has none.
fn combine(operator: Operator, left: Quantity, right: Quantity) -> Result<Quantity, String> {
    let with_number = |line: Line, number: f64, number_is_left: bool| -> Line {
        line.into_iter()
            .filter_map(|(at, value)| {
                let (left, right) = if number_is_left {
                    (number, value)
                } else {
                    (value, number)
                };
                Some((at, apply(operator, left, right)?))
            })
            .collect()
    };
    let both = |left: &Line, right: &Line| -> Line {
        left.iter()
            .filter_map(|(at, value)| Some((*at, apply(operator, *value, *right.get(at)?)?)))
            .collect()
    };
    let each = |lines: Vec<(String, Line)>, with: &dyn Fn(Line) -> Line| {
        Quantity::Array(
            lines
                .into_iter()
                .map(|(label, line)| (label, with(line)))
                .collect(),
        )
    };
    Ok(match (left, right) {
        (Quantity::Number(left), Quantity::Number(right)) => {
            apply(operator, left, right).map_or(Quantity::Series(Line::new()), Quantity::Number)
        }
        (Quantity::Series(line), Quantity::Number(number)) => {
            Quantity::Series(with_number(line, number, false))
        }
        (Quantity::Number(number), Quantity::Series(line)) => {
            Quantity::Series(with_number(line, number, true))
        }
        (Quantity::Series(left), Quantity::Series(right)) => Quantity::Series(both(&left, &right)),
        (Quantity::Array(lines), Quantity::Number(number)) => {
            each(lines, &|line| with_number(line, number, false))
        }
        (Quantity::Number(number), Quantity::Array(lines)) => {
            each(lines, &|line| with_number(line, number, true))
        }
        (Quantity::Array(lines), Quantity::Series(right)) => {
            each(lines, &|line| both(&line, &right))
        }
        (Quantity::Series(left), Quantity::Array(lines)) => each(lines, &|line| both(&left, &line)),
        (Quantity::Array(left), Quantity::Array(right)) if left.len() == right.len() => {
            Quantity::Array(
                left.into_iter()
                    .zip(right)
                    .map(|((label, left), (_, right))| (label, both(&left, &right)))
                    .collect(),
            )
        }
        (Quantity::Array(_), Quantity::Array(_)) => {
            return Err("the arrays differ in length".to_owned());
        }
    })
}
