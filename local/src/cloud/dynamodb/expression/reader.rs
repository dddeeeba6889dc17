//! Tokens of expressions, with their placeholders resolved.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::path::{Path, Step};
use crate::cloud::dynamodb::Refusal;

/// (DDB-DG Reserved words) names that an expression must not contain bare.
const RESERVED: &str = include_str!("../reserved_words.txt");

/// What `ExpressionAttributeNames` and `ExpressionAttributeValues` define, and which of them were used.
#[derive(Debug, Default)]
pub struct Bindings {
    /// `#name` to the attribute's name.
    pub names: BTreeMap<String, String>,
    /// `:value` to the value.
    pub values: BTreeMap<String, Value>,
    used: BTreeSet<String>,
}

impl Bindings {
    /// Bindings of which none is used yet.
    pub fn new(names: BTreeMap<String, String>, values: BTreeMap<String, Value>) -> Self {
        Self {
            names,
            values,
            used: BTreeSet::new(),
        }
    }

    /// DynamoDB refuses definitions that no expression uses.
    ///
    /// # Errors
    ///
    /// The unused ones.
    pub fn require_all_used(&self) -> Result<(), Refusal> {
        for (kind, keys) in [
            (
                "ExpressionAttributeNames",
                self.names.keys().collect::<Vec<_>>(),
            ),
            ("ExpressionAttributeValues", self.values.keys().collect()),
        ] {
            let unused: Vec<&str> = keys
                .into_iter()
                .filter(|key| !self.used.contains(*key))
                .map(String::as_str)
                .collect();
            if !unused.is_empty() {
                return Err(Refusal::validation(format!(
                    "Value provided in {kind} unused in expressions: keys: {{{}}}",
                    unused.join(", ")
                )));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Name(String),
    Value(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 14] = [
    "<>", "<=", ">=", "(", ")", "[", "]", ",", ".", "=", "<", ">", "+", "-",
];

/// Reads one expression. `kind` is what messages call it, such as `ConditionExpression`.
#[derive(Debug)]
pub struct Reader<'a> {
    kind: &'static str,
    bindings: &'a mut Bindings,
    tokens: Vec<Token>,
    next: usize,
    depth: u32,
}

/// (DDB-DG) "The maximum number of operators … in an expression is 300"; nesting beyond a third of that is refused.
const DEEPEST: u32 = 100;

impl<'a> Reader<'a> {
    /// Splits `text` into tokens.
    ///
    /// # Errors
    ///
    /// An empty expression or an unknown character.
    pub fn new(
        kind: &'static str,
        text: &str,
        bindings: &'a mut Bindings,
    ) -> Result<Self, Refusal> {
        let mut reader = Self {
            kind,
            bindings,
            tokens: Vec::new(),
            next: 0,
            depth: 0,
        };
        let mut rest = text.trim_start();
        if rest.is_empty() {
            return Err(reader.wrong("The expression can not be empty;"));
        }
        while let Some(first) = rest.chars().next() {
            let length = if first.is_ascii_alphanumeric() || matches!(first, '_' | '#' | ':') {
                let mark = usize::from(matches!(first, '#' | ':'));
                let (_, body) = rest.split_at(mark);
                let length = mark
                    + body
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .unwrap_or(body.len());
                let (word, _) = rest.split_at(length);
                reader.tokens.push(match first {
                    '#' => Token::Name(word.to_owned()),
                    ':' => Token::Value(word.to_owned()),
                    _ => Token::Word(word.to_owned()),
                });
                length
            } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))
            {
                reader.tokens.push(Token::Symbol(symbol));
                symbol.len()
            } else {
                return Err(reader.wrong(&format!("Syntax error; token: \"{first}\"")));
            };
            rest = rest.split_at(length).1.trim_start();
        }
        Ok(reader)
    }

    pub(super) fn wrong(&self, what: &str) -> Refusal {
        Refusal::validation(format!("Invalid {}: {what}", self.kind))
    }

    pub(super) fn unexpected(&self) -> Refusal {
        let token = match self.tokens.get(self.next) {
            None => "<EOF>",
            Some(Token::Word(text) | Token::Name(text) | Token::Value(text)) => text,
            Some(Token::Symbol(symbol)) => symbol,
        };
        self.wrong(&format!("Syntax error; token: \"{token}\""))
    }

    pub(super) fn is_done(&self) -> bool {
        self.next >= self.tokens.len()
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    pub(super) fn peek_symbol_after(&self, symbol: &str) -> bool {
        matches!(self.tokens.get(self.next + 1), Some(Token::Symbol(found)) if *found == symbol)
    }

    pub(super) fn deeper(&mut self) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("The expression is nested too deeply"));
        }
        Ok(())
    }

    pub(super) fn higher(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        if found {
            self.next += 1;
        }
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), Refusal> {
        if self.symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Keywords are read in any case.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.next += 1;
        }
        found
    }

    /// The name of a function if one is called here.
    pub(super) fn function(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) if self.peek_symbol_after("(") => {
                let word = word.clone();
                self.next += 2;
                Some(word)
            }
            Some(Token::Word(_) | Token::Name(_) | Token::Value(_) | Token::Symbol(_)) | None => {
                None
            }
        }
    }

    /// A `:value`, if one stands here.
    pub(super) fn value(&mut self) -> Result<Option<Value>, Refusal> {
        let Some(Token::Value(key)) = self.peek().cloned() else {
            return Ok(None);
        };
        self.next += 1;
        let value = self.bindings.values.get(&key).cloned();
        self.bindings.used.insert(key.clone());
        value.map(Some).ok_or_else(|| {
            self.wrong(&format!(
                "An expression attribute value used in expression is not defined; attribute value: {key}"
            ))
        })
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                if RESERVED
                    .split_whitespace()
                    .any(|reserved| word.eq_ignore_ascii_case(reserved))
                {
                    return Err(self.wrong(&format!(
                        "Attribute name is a reserved keyword; reserved keyword: {word}"
                    )));
                }
                if word.starts_with(|first: char| first.is_ascii_digit()) {
                    return Err(self.unexpected());
                }
                self.next += 1;
                Ok(word)
            }
            Some(Token::Name(key)) => {
                self.next += 1;
                self.bindings.used.insert(key.clone());
                self.bindings.names.get(&key).cloned().ok_or_else(|| {
                    self.wrong(&format!(
                        "An expression attribute name used in the document path is not defined; attribute name: {key}"
                    ))
                })
            }
            Some(Token::Value(_) | Token::Symbol(_)) | None => Err(self.unexpected()),
        }
    }

    /// A document path.
    pub(super) fn path(&mut self) -> Result<Path, Refusal> {
        let attribute = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.symbol(".") {
                steps.push(Step::Key(self.name()?));
            } else if self.symbol("[") {
                let index = match self.peek() {
                    Some(Token::Word(word)) => word.parse().ok(),
                    Some(Token::Name(_) | Token::Value(_) | Token::Symbol(_)) | None => None,
                };
                steps.push(Step::Index(index.ok_or_else(|| self.unexpected())?));
                self.next += 1;
                self.expect("]")?;
            } else {
                return Ok(Path { attribute, steps });
            }
        }
    }

    /// A whole expression of paths separated by commas.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn paths(mut self) -> Result<Vec<Path>, Refusal> {
        let mut paths = vec![self.path()?];
        while self.symbol(",") {
            paths.push(self.path()?);
        }
        if self.is_done() {
            Ok(paths)
        } else {
            Err(self.unexpected())
        }
    }
}
