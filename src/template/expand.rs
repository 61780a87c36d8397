//! Templates as text: the evaluation.
//!
//! # Guards
//! Steps, depth and octets are bounded: a template that would go on for ever ends with what there is by then.

use std::collections::BTreeMap;

use super::{
    Macros, Template, Value, functions,
    lexer::Bracket,
    syntax::{Node, source},
};
use crate::pattern::Pattern;

/// Most nodes that are evaluated.
const STEPS: usize = 200_000;
/// Evaluations in evaluations that are followed.
const DEEPEST: usize = 60;
/// Most octets of the result, and of any text on the way.
const LARGEST: usize = 1 << 20;
/// Most definitions that are kept.
const MOST_MACROS: usize = 1000;

/// The text that a template stands for.
#[must_use]
pub fn expand(template: &Template, macros: &dyn Macros) -> String {
    let mut evaluation = Evaluation {
        macros,
        defined: BTreeMap::new(),
        bound: Vec::new(),
        steps: STEPS,
        octets: LARGEST,
        depth: 0,
        is_leaving_out: false,
    };
    let nodes = evaluation.all(&template.nodes);
    let mut text = String::new();
    source(&nodes, &mut text);
    cut(text)
}

fn cut(mut text: String) -> String {
    if text.len() > LARGEST {
        let mut end = LARGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

struct Evaluation<'e> {
    macros: &'e dyn Macros,
    /// `[= name|body]`
    defined: BTreeMap<String, Vec<Node>>,
    /// Variables of iterations and of patterns, the innermost last.
    bound: Vec<(char, String)>,
    steps: usize,
    octets: usize,
    depth: usize,
    /// Everything up to the end of the line is left out: a `#` was met.
    is_leaving_out: bool,
}

impl Evaluation<'_> {
    /// What nodes stand for: texts, and what was quoted.
    fn all(&mut self, nodes: &[Node]) -> Vec<Node> {
        let mut out: Vec<Node> = Vec::new();
        if self.depth >= DEEPEST {
            return out;
        }
        self.depth += 1;
        for node in nodes {
            if self.steps == 0 || self.octets == 0 {
                break;
            }
            self.steps -= 1;
            if self.is_leaving_out {
                self.is_leaving_out = !matches!(node, Node::NewLine | Node::Comment);
                continue;
            }
            match self.one(node) {
                Made::Text(text) => {
                    self.octets = self.octets.saturating_sub(text.len());
                    match out.last_mut() {
                        Some(Node::Text(known)) => known.push_str(&text),
                        _ if text.is_empty() => {}
                        _ => out.push(Node::Text(text)),
                    }
                }
                Made::Nodes(nodes) => out.extend(nodes),
            }
        }
        self.depth -= 1;
        out
    }

    fn text(&mut self, nodes: &[Node]) -> String {
        let before = std::mem::take(&mut self.is_leaving_out);
        let nodes = self.all(nodes);
        self.is_leaving_out = before;
        let mut text = String::new();
        source(&nodes, &mut text);
        text
    }

    fn one(&mut self, node: &Node) -> Made {
        match node {
            Node::Text(text) => Made::Text(text.clone()),
            Node::NewLine => Made::Text("\n".to_owned()),
            Node::Comment => Made::Text(String::new()),
            Node::Hash => {
                self.is_leaving_out = true;
                Made::Text(String::new())
            }
            Node::Macro(name) => Made::Text(self.simple(*name).into_text()),
            Node::Count(name) => Made::Text(self.simple(*name).count().to_string()),
            Node::Named(name, argument) => {
                let arguments: Vec<String> = argument.iter().cloned().collect();
                self.call(name, &arguments)
            }
            Node::Quote(inner) => Made::Nodes(inner.clone()),
            Node::Call(bracket, arguments) => match bracket {
                Bracket::Select => Made::Nodes(self.select(arguments)),
                Bracket::Match => Made::Nodes(self.by_pattern(arguments)),
                Bracket::Iterate => Made::Nodes(self.iterate(arguments)),
                Bracket::Define => {
                    self.define(arguments);
                    Made::Text(String::new())
                }
                Bracket::Neutral => self.called(arguments),
                Bracket::Active => match self.called(arguments) {
                    Made::Nodes(nodes) => Made::Nodes(self.all(&nodes)),
                    text @ Made::Text(_) => text,
                },
            },
        }
    }

    /// `%x`
    fn simple(&self, name: char) -> Value {
        let bound = self.bound.iter().rev().find(|(known, _)| *known == name);
        if let Some((_, text)) = bound {
            return Value::Text(text.clone());
        }
        let value = self.macros.value(name.encode_utf8(&mut [0; 4]), &[]);
        value.unwrap_or_else(|| Value::Text(String::new()))
    }

    /// `[:name|argument|...]`
    fn called(&mut self, arguments: &[Vec<Node>]) -> Made {
        let mut texts = arguments.iter().map(|argument| self.text(argument));
        let name = texts.next().unwrap_or_default();
        let arguments: Vec<String> = texts.collect();
        self.call(name.trim(), &arguments)
    }

    fn call(&mut self, name: &str, arguments: &[String]) -> Made {
        if let Some(body) = self.defined.get(name).cloned() {
            let mut values = vec![name.to_owned()];
            values.extend_from_slice(arguments);
            return Made::Nodes(self.filled_in(&body, &values));
        }
        let value = match functions::call(name, arguments) {
            Some(text) => Some(Value::Text(text)),
            None => self.macros.value(name, arguments),
        };
        Made::Text(value.map(Value::into_text).unwrap_or_default())
    }

    /// With `%0` to `%9` filled in.
    fn filled_in(&mut self, nodes: &[Node], values: &[String]) -> Vec<Node> {
        let mut filled = Vec::with_capacity(nodes.len());
        for node in nodes {
            let value = match node {
                Node::Macro(name) | Node::Count(name) => value_of(*name, values),
                _ => None,
            };
            filled.push(match (node, value) {
                (Node::Macro(_), Some(text)) => {
                    self.octets = self.octets.saturating_sub(text.len());
                    if self.octets == 0 {
                        break;
                    }
                    Node::Text(text)
                }
                (Node::Count(_), Some(text)) => Node::Text(Value::Text(text).count().to_string()),
                (Node::Quote(inner), _) => Node::Quote(self.filled_in(inner, values)),
                (Node::Call(bracket, arguments), _) => {
                    let arguments = arguments.iter();
                    let filled = arguments.map(|argument| self.filled_in(argument, values));
                    Node::Call(*bracket, filled.collect())
                }
                _ => node.clone(),
            });
        }
        filled
    }

    /// `[= name|body]`
    fn define(&mut self, arguments: &[Vec<Node>]) {
        let Some((name, rest)) = arguments.split_first() else {
            return;
        };
        let name = self.text(name).trim().to_owned();
        let body = match rest.first() {
            Some(body) => self.all(body),
            None => Vec::new(),
        };
        if self.defined.len() < MOST_MACROS {
            self.defined.insert(name, body);
        }
    }

    /// `[? number|for 0|for 1|...]`
    fn select(&mut self, arguments: &[Vec<Node>]) -> Vec<Node> {
        let Some((selector, alternatives)) = arguments.split_first() else {
            return Vec::new();
        };
        let selector = self.text(selector);
        let selector = selector.trim();
        let number = if selector.is_empty() {
            0
        } else {
            selector.parse::<usize>().unwrap_or_else(|_| {
                // More digits than fit are a number all the same.
                if selector.bytes().all(|b| b.is_ascii_digit()) {
                    usize::MAX
                } else {
                    1
                }
            })
        };
        let chosen = match alternatives {
            [] => None,
            [only] => (number == 0).then_some(only),
            [.., last] => Some(alternatives.get(number).unwrap_or(last)),
        };
        chosen.map_or_else(Vec::new, |chosen| self.all(chosen))
    }

    /// `[~ text|pattern|then|pattern|then|else]`
    fn by_pattern(&mut self, arguments: &[Vec<Node>]) -> Vec<Node> {
        let Some((text, rest)) = arguments.split_first() else {
            return Vec::new();
        };
        let text = self.text(text);
        let mut rest = rest;
        while let [pattern, then, tail @ ..] = rest {
            let pattern = self.text(pattern);
            if let Some(found) = captures(&pattern, &text) {
                let then = self.all(then);
                let mut values = vec![text.clone()];
                values.extend(found.into_iter().skip(1).map(Option::unwrap_or_default));
                let then = self.filled_in(&then, &values);
                return self.all(&then);
            }
            rest = tail;
        }
        match rest {
            [otherwise] => {
                let otherwise = self.all(otherwise);
                self.all(&otherwise)
            }
            _ => Vec::new(),
        }
    }

    /// `[%x|body|separator]`, `[name|body|separator]`, `[body|separator]`, `[body]`
    fn iterate(&mut self, arguments: &[Vec<Node>]) -> Vec<Node> {
        let none = Vec::new();
        let (variable, list, body, separator) = match arguments {
            [first, body, separator] => match alone(first) {
                Some(Alone::Macro(name)) => (name, name.to_string(), body, separator),
                Some(Alone::Name(name)) => ('x', name, body, separator),
                None => return Vec::new(),
            },
            [body, rest @ ..] if rest.len() <= 1 => {
                let separator = rest.first().unwrap_or(&none);
                match first_macro(body) {
                    Some(name) => (name, name.to_string(), body, separator),
                    None => return Vec::new(),
                }
            }
            _ => return Vec::new(),
        };
        let is_bound = self
            .bound
            .iter()
            .any(|(known, _)| known.to_string() == list);
        let value = if is_bound {
            self.simple(variable)
        } else {
            self.macros
                .value(&list, &[])
                .unwrap_or_else(|| Value::Text(String::new()))
        };
        let items = match value {
            Value::List(items) => items,
            Value::Text(text) if text.is_empty() => Vec::new(),
            Value::Text(text) => vec![text],
        };
        let mut out = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            if self.steps == 0 || self.octets == 0 {
                break;
            }
            if at > 0 {
                out.extend(self.all(separator));
            }
            self.bound.push((variable, item));
            out.extend(self.all(body));
            self.bound.pop();
        }
        out
    }
}

/// What came of a node.
enum Made {
    Text(String),
    Nodes(Vec<Node>),
}

/// The first argument of an iteration.
enum Alone {
    Macro(char),
    Name(String),
}

fn alone(nodes: &[Node]) -> Option<Alone> {
    let mut meant = nodes
        .iter()
        .filter(|node| !matches!(node, Node::Text(text) if text.trim().is_empty()))
        .filter(|node| **node != Node::NewLine);
    match (meant.next()?, meant.next()) {
        (Node::Macro(name), None) => Some(Alone::Macro(*name)),
        (Node::Text(text), None) => {
            let name = text.trim();
            let is_name = name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            is_name.then(|| Alone::Name(name.to_owned()))
        }
        _ => None,
    }
}

fn first_macro(nodes: &[Node]) -> Option<char> {
    nodes.iter().find_map(|node| match node {
        Node::Macro(name) => Some(*name),
        Node::Call(_, arguments) => arguments.iter().find_map(|nodes| first_macro(nodes)),
        _ => None,
    })
}

/// What `%0` to `%9` stand for; `None` for other names.
fn value_of(name: char, values: &[String]) -> Option<String> {
    let at = usize::try_from(name.to_digit(10)?).ok()?;
    Some(values.get(at).cloned().unwrap_or_default())
}

/// What the parts of a pattern match; `None` if it does not, or is none.
fn captures(pattern: &str, text: &str) -> Option<Vec<Option<String>>> {
    if pattern.is_empty() {
        return Some(vec![Some(text.to_owned())]);
    }
    let pattern = Pattern::compile(pattern, "").ok()?;
    let found = pattern.captures(text).ok()??;
    Some(
        found
            .into_iter()
            .map(|part| part.map(str::to_owned))
            .collect(),
    )
}
