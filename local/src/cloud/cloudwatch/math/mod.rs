//! Metric math: the expressions of `GetMetricData` and of metric-math alarms.

mod evaluate;
mod parse;

pub use evaluate::{Inputs, Line, Quantity};
pub use parse::parse;

/// Two-sided operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; a division by zero gives no data point.
    Divide,
    /// `^`
    Power,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `&&` or `AND`
    And,
    /// `||` or `OR`
    Or,
}

/// Functions this service knows; the others of CloudWatch are refused by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Greatest.
    Max,
    /// Least.
    Min,
    /// Total.
    Sum,
    /// Mean.
    Avg,
    /// All metrics of the request.
    Metrics,
    /// `IF(condition, then, otherwise)`.
    If,
    /// Fills missing data points.
    Fill,
    /// Rounds up.
    Ceil,
    /// Rounds down.
    Floor,
    /// Absolute value.
    Abs,
}

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// Another query's id.
    Id(String),
    /// A quoted text, as `METRICS("errors")` takes.
    Text(String),
    /// `[m1, m2]`.
    Array(Vec<Expression>),
    /// A leading minus.
    Negate(Box<Expression>),
    /// Two sides.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// A function's call.
    Call(Function, Vec<Expression>),
}

impl Expression {
    /// The ids it names, in order of appearance.
    pub fn ids(&self) -> Vec<&str> {
        match self {
            Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Id(id) => vec![id],
            Self::Array(inner) | Self::Call(_, inner) => inner.iter().flat_map(Self::ids).collect(),
            Self::Negate(inner) => inner.ids(),
            Self::Binary(_, left, right) => {
                let mut ids = left.ids();
                ids.extend(right.ids());
                ids
            }
        }
    }

    /// What the expression amounts to, whatever the data, given what each id amounts to.
    pub fn shape(&self, of: &impl Fn(&str) -> Shape) -> Shape {
        match self {
            Self::Number(_) | Self::Text(_) => Shape::Number,
            Self::Id(id) => of(id),
            Self::Array(_) => Shape::Array,
            Self::Negate(inner) => inner.shape(of),
            Self::Binary(_, left, right) => left.shape(of).max(right.shape(of)),
            Self::Call(function, arguments) => {
                let mut shapes = arguments.iter().map(|argument| argument.shape(of));
                match function {
                    Function::Metrics => Shape::Array,
                    Function::Max | Function::Min | Function::Sum | Function::Avg => {
                        match shapes.next() {
                            Some(Shape::Array) => Shape::Series,
                            Some(Shape::Number | Shape::Series) | None => Shape::Number,
                        }
                    }
                    // Its condition decides when, its branches what.
                    Function::If => shapes.max().unwrap_or(Shape::Number),
                    Function::Fill | Function::Ceil | Function::Floor | Function::Abs => {
                        shapes.next().unwrap_or(Shape::Number)
                    }
                }
            }
        }
    }
}

/// What an expression amounts to, whatever the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// One number for all times.
    Number,
    /// One time series.
    Series,
    /// Several time series.
    Array,
}
