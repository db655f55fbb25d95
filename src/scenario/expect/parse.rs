//! The grammar of an expectation, with names and units checked on the way.
//!
//! ```text
//! comparison = sum ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum
//! sum        = product { ( "+" | "-" ) product }
//! product    = value { ( "*" | "/" ) value }
//! value      = [ "-" ] ( quantity | name { "." name } | "(" sum ")" )
//! ```

use std::ops::Range;

use super::dimension::{noun, of_metric, product, quotient, same};
use super::token::{Token, What, tokens};
use super::{Names, Reference, Slip, reference};
use crate::units::Dimension;

/// A comparison whose names and units are known to be right.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub(super) text: String,
    pub(super) left: Node,
    pub(super) compare: &'static str,
    pub(super) right: Node,
}

/// A side of a comparison, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub value: Value,
    /// What it measures; nothing if it goes with everything, as zero does.
    pub dimension: Option<Dimension>,
    /// Where it stands in the text.
    pub at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Figure(Reference),
    Negative(Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
}

/// The code of sides, or parts of one, that do not measure the same.
const CLASH: &str = "S023";

/// Parentheses deeper than this are not written by people.
const DEPTH_MAX: usize = 40;

/// Reads the text of an expectation. `pipeline` is where names without one belong.
pub(super) fn parse(text: &str, names: &Names, pipeline: Option<&str>) -> Result<Comparison, Vec<Slip>> {
    let tokens = tokens(text).map_err(|slip| vec![slip])?;
    let mut parser = Parser { text, tokens, next: 0, names, pipeline, unknown: Vec::new(), unsure: false };
    let parsed = parser.comparison();
    // Unknown names are all told; a mistake in the grammar ends the reading.
    let mut slips = parser.unknown;
    match parsed {
        Ok(comparison) if slips.is_empty() => return Ok(comparison),
        // Whatever the grammar says about a side with an unknown name in it is told the next time.
        Ok(_) => {}
        // What two things measure cannot be compared before both are known.
        Err(slip) if parser.unsure && slip.code == CLASH => {}
        Err(slip) => slips.push(slip),
    }
    Err(slips)
}

struct Parser<'p> {
    text: &'p str,
    tokens: Vec<Token>,
    next: usize,
    names: &'p Names,
    pipeline: Option<&'p str>,
    unknown: Vec<Slip>,
    /// Whether there is a figure in it whose unit is not known.
    unsure: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&What> {
        self.tokens.get(self.next).map(|token| &token.what)
    }

    fn take_sign(&mut self, signs: &[char]) -> Option<char> {
        match self.peek() {
            Some(What::Sign(sign)) if signs.contains(sign) => {
                let sign = *sign;
                self.next += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    /// The mistake that the next word is, where `expected` should stand.
    fn unexpected(&self, expected: &str) -> Slip {
        let Some(token) = self.tokens.get(self.next) else {
            let end = self.text.trim_end().len();
            return Slip::new(end..end, format!("{expected} is missing at the end"))
                .hint("an expectation compares two sides, such as `queued.lost == 0`");
        };
        let word = &self.text[token.at.clone()];
        let slip = Slip::new(token.at.clone(), format!("expected {expected}, found `{word}`"));
        let after_number = self.next.checked_sub(1).map(|last| &self.tokens[last]);
        match (&token.what, after_number) {
            (What::Name(name), _) if matches!(name.to_lowercase().as_str(), "and" | "or") => {
                slip.hint("one comparison in each `[[expect]]`: write two")
            }
            (What::Name(_), Some(Token { what: What::Quantity(_), at })) => {
                slip.hint(format!("a unit follows its number without a space: `{}{word}`", &self.text[at.clone()]))
            }
            (What::Compare(_), _) if expected != "`)`" => slip.hint("one comparison in each `[[expect]]`: write two"),
            _ => slip,
        }
    }

    fn comparison(&mut self) -> Result<Comparison, Slip> {
        let left = self.sum(0)?;
        let Some(What::Compare(compare)) = self.peek() else {
            return Err(self.unexpected("`==`, `!=`, `<`, `<=`, `>` or `>=`"));
        };
        let compare = *compare;
        self.next += 1;
        let right = self.sum(0)?;
        if self.next < self.tokens.len() {
            return Err(self.unexpected("the end"));
        }
        self.check_sides(&left, &right)?;
        if !(has_figure(&left) || has_figure(&right)) && self.unknown.is_empty() {
            return Err(Slip::new(0..self.text.len(), "this compares no figure of the run")
                .hint("name one as `pipeline.metric`, such as `queued.lost`"));
        }
        Ok(Comparison { text: self.text.to_owned(), left, compare, right })
    }

    fn check_sides(&self, left: &Node, right: &Node) -> Result<(), Slip> {
        for (one, other) in [(left, right), (right, left)] {
            let (Some(one_is), Some(other_is)) = (one.dimension, other.dimension) else { continue };
            let number = match other.value {
                Value::Number(number) if other_is == Dimension::Number => Some(number),
                _ => None,
            };
            let word = &self.text[other.at.clone()];
            match (one_is, number) {
                // Fifty is surely fifty percent; a half may well be meant as a fraction of one.
                (Dimension::Fraction, Some(number)) if number > 1.0 => {
                    return Err(self.clash(one, other).hint(format!("write `{word}%`")));
                }
                (Dimension::Time, Some(number)) => {
                    // Hundreds are hardly minutes.
                    let units = if number >= 100.0 { ["ms", "s"] } else { ["s", "min"] };
                    let [one_of, or] = units.map(|unit| format!("`{word}{unit}`"));
                    return Err(self.clash(one, other).hint(format!("write {one_of} or {or}")));
                }
                _ if same(one_is, other_is).is_none() => {
                    return Err(self.clash(one, other).hint("compare what is measured in the same unit"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn clash(&self, one: &Node, other: &Node) -> Slip {
        let says = |node: &Node| {
            let is = node.dimension.map_or("a number", noun);
            format!("`{}` is {is}", &self.text[node.at.clone()])
        };
        Slip::new(other.at.clone(), format!("{}, but {}", says(one), says(other))).code(CLASH)
    }

    fn sum(&mut self, depth: usize) -> Result<Node, Slip> {
        let mut left = self.product(depth)?;
        while let Some(sign) = self.take_sign(&['+', '-']) {
            let right = self.product(depth)?;
            left = Self::join(sign, left, right)?;
        }
        Ok(left)
    }

    fn product(&mut self, depth: usize) -> Result<Node, Slip> {
        let mut left = self.value(depth)?;
        while let Some(sign) = self.take_sign(&['*', '/']) {
            let right = self.value(depth)?;
            left = Self::join(sign, left, right)?;
        }
        Ok(left)
    }

    fn join(sign: char, left: Node, right: Node) -> Result<Node, Slip> {
        let rule = match sign {
            '*' => product,
            '/' => quotient,
            _ => same,
        };
        let at = left.at.start..right.at.end;
        let dimension = match (left.dimension, right.dimension) {
            (Some(one), Some(other)) => Some(rule(one, other).ok_or_else(|| {
                let message = format!("{} {sign} {} means nothing", noun(one), noun(other));
                Slip::new(at.clone(), message).code(CLASH)
            })?),
            (one, other) => one.or(other),
        };
        Ok(Node { value: Value::Binary(sign, Box::new(left), Box::new(right)), dimension, at })
    }

    fn value(&mut self, depth: usize) -> Result<Node, Slip> {
        let start = self.tokens.get(self.next).map_or(self.text.len(), |token| token.at.start);
        if depth > DEPTH_MAX {
            return Err(Slip::new(start..start, "this is nested too deeply"));
        }
        if self.take_sign(&['-']).is_some() {
            let inner = self.value(depth + 1)?;
            let (dimension, at) = (inner.dimension, start..inner.at.end);
            return Ok(Node { value: Value::Negative(Box::new(inner)), dimension, at });
        }
        if self.take_sign(&['(']).is_some() {
            let mut inner = self.sum(depth + 1)?;
            if self.take_sign(&[')']).is_none() {
                return Err(self.unexpected("`)`"));
            }
            inner.at = start..self.tokens[self.next - 1].at.end;
            return Ok(inner);
        }
        let Some(Token { what, at }) = self.tokens.get(self.next).cloned() else {
            return Err(self.unexpected("a number or a figure"));
        };
        let (value, dimension) = match what {
            What::Quantity(quantity) => {
                let dimension = Some(quantity.dimension).filter(|_| quantity.value != 0.0);
                (Value::Number(quantity.value), dimension)
            }
            What::Name(name) => match reference::find(&name, at.start, self.names, self.pipeline) {
                Ok(reference) => {
                    let unsure = reference::is_unsure(&reference, self.names);
                    self.unsure |= unsure;
                    let dimension = (!unsure).then(|| of_metric(&reference.metric));
                    (Value::Figure(reference), dimension)
                }
                Err(slip) => {
                    self.unknown.push(slip);
                    (Value::Number(0.0), None)
                }
            },
            What::Sign(_) | What::Compare(_) => return Err(self.unexpected("a number or a figure")),
        };
        self.next += 1;
        Ok(Node { value, dimension, at })
    }
}

fn has_figure(node: &Node) -> bool {
    match &node.value {
        Value::Number(_) => false,
        Value::Figure(_) => true,
        Value::Negative(inner) => has_figure(inner),
        Value::Binary(_, left, right) => has_figure(left) || has_figure(right),
    }
}
