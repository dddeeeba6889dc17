//! Reads a metric-math expression.

use super::{Expression, Function, Operator};

/// Reads one expression.
///
/// # Errors
///
/// What is wrong with it, in words for the client.
pub fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokenize(text)?,
        next: 0,
        depth: 0,
    };
    let expression = parser.binary(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("unexpected {}", token.describe())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Word(String),
    Text(String),
    Symbol(&'static str),
}

impl Token {
    fn describe(&self) -> String {
        match self {
            Self::Number(number) => format!("number {number}"),
            Self::Word(word) => format!("'{word}'"),
            Self::Text(text) => format!("\"{text}\""),
            Self::Symbol(symbol) => format!("'{symbol}'"),
        }
    }
}

/// Longer symbols come first so that `<=` is not read as `<`.
const SYMBOLS: [&str; 19] = [
    "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "<", ">",
    "=",
];

/// Nesting beyond this is refused rather than risked on the stack; CloudWatch's limit is 2048 characters.
const DEEPEST: u32 = 100;

fn tokenize(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() || first == '.' {
            let length = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let (number, _) = rest.split_at(length);
            tokens.push(Token::Number(
                number
                    .parse()
                    .map_err(|_| format!("'{number}' is not a number"))?,
            ));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let (word, _) = rest.split_at(length);
            tokens.push(Token::Word(word.to_owned()));
            length
        } else if first == '"' || first == '\'' {
            let (_, inner) = rest.split_at(1);
            let end = inner.find(first).ok_or("a quotation does not end")?;
            let (quoted, _) = inner.split_at(end);
            tokens.push(Token::Text(quoted.to_owned()));
            end + 2
        } else {
            let symbol = SYMBOLS
                .into_iter()
                .find(|symbol| rest.starts_with(symbol))
                .ok_or_else(|| format!("unexpected character '{first}'"))?;
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        };
        rest = rest.split_at(length).1.trim_start();
    }
    Ok(tokens)
}

/// Weakest first.
const LEVELS: u8 = 6;

fn operator(token: &Token) -> Option<(u8, Operator)> {
    let symbol = match token {
        Token::Symbol(symbol) => *symbol,
        Token::Word(word) => word.as_str(),
        Token::Number(_) | Token::Text(_) => return None,
    };
    Some(match symbol {
        "||" | "OR" => (0, Operator::Or),
        "&&" | "AND" => (1, Operator::And),
        "<" => (2, Operator::Less),
        "<=" => (2, Operator::LessOrEqual),
        ">" => (2, Operator::Greater),
        ">=" => (2, Operator::GreaterOrEqual),
        "==" => (2, Operator::Equal),
        "!=" => (2, Operator::NotEqual),
        "+" => (3, Operator::Add),
        "-" => (3, Operator::Subtract),
        "*" => (4, Operator::Multiply),
        "/" => (4, Operator::Divide),
        "^" => (5, Operator::Power),
        _ => return None,
    })
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        if found {
            self.next += 1;
        }
        found
    }

    fn binary(&mut self, level: u8) -> Result<Expression, String> {
        if level == LEVELS {
            return self.unary();
        }
        let mut left = self.binary(level + 1)?;
        while let Some((_, operator)) = self
            .peek()
            .and_then(operator)
            .filter(|(found, _)| *found == level)
        {
            self.next += 1;
            let right = self.binary(level + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let expression = if self.accept("-") {
            Expression::Negate(Box::new(self.unary()?))
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn primary(&mut self) -> Result<Expression, String> {
        match self.take() {
            None => Err("it ends too early".to_owned()),
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Text(text)) => Ok(Expression::Text(text)),
            Some(Token::Symbol("(")) => {
                let inner = self.binary(0)?;
                if self.accept(")") {
                    Ok(inner)
                } else {
                    Err("a parenthesis does not close".to_owned())
                }
            }
            Some(Token::Symbol("[")) => Ok(Expression::Array(self.list("]")?)),
            Some(Token::Word(word)) if self.accept("(") => {
                let function = function(&word)?;
                let arguments = self.list(")")?;
                check_arguments(&word, function, arguments.len())?;
                Ok(Expression::Call(function, arguments))
            }
            Some(Token::Word(word)) => Ok(Expression::Id(word)),
            Some(token @ Token::Symbol(_)) => Err(format!("unexpected {}", token.describe())),
        }
    }

    fn list(&mut self, close: &str) -> Result<Vec<Expression>, String> {
        let mut members = Vec::new();
        if self.accept(close) {
            return Ok(members);
        }
        loop {
            members.push(self.binary(0)?);
            if self.accept(close) {
                return Ok(members);
            }
            if !self.accept(",") {
                return Err(format!("'{close}' or ',' expected"));
            }
        }
    }
}

fn function(name: &str) -> Result<Function, String> {
    Ok(match name {
        "MAX" => Function::Max,
        "MIN" => Function::Min,
        "SUM" => Function::Sum,
        "AVG" => Function::Avg,
        "METRICS" => Function::Metrics,
        "IF" => Function::If,
        "FILL" => Function::Fill,
        "CEIL" => Function::Ceil,
        "FLOOR" => Function::Floor,
        "ABS" => Function::Abs,
        other => return Err(format!("unsupported function '{other}'")),
    })
}

fn check_arguments(name: &str, function: Function, given: usize) -> Result<(), String> {
    let right = match function {
        Function::Max
        | Function::Min
        | Function::Sum
        | Function::Avg
        | Function::Ceil
        | Function::Floor
        | Function::Abs => given == 1,
        Function::Metrics => given <= 1,
        Function::If => given == 2 || given == 3,
        Function::Fill => given == 2,
    };
    if right {
        Ok(())
    } else {
        Err(format!("{name} does not take {given} arguments"))
    }
}
