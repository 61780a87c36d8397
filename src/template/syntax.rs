//! Templates as trees.

use super::lexer::{Bracket, Token, tokens};

/// Brackets in brackets that are followed.
const DEEPEST: usize = 100;

/// A template that has been read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Template {
    pub(super) nodes: Vec<Node>,
    /// What it was read from.
    text: String,
}

impl Template {
    /// Reads a template. Every text is one: a bracket that does not end, ends at the end.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let mut parser = Parser { rest: &tokens };
        let mut nodes = Vec::new();
        while !parser.rest.is_empty() {
            nodes.extend(parser.sequence(0));
            // A closing token without an opening one stands for itself.
            if let Some((token, rest)) = parser.rest.split_first() {
                nodes.push(Node::Text(literal(token)));
                parser.rest = rest;
            }
        }
        Self {
            nodes,
            text: text.to_owned(),
        }
    }

    /// What it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if nothing is to come out of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// A piece of a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Node {
    Text(String),
    NewLine,
    /// Nothing, up to the end of a line.
    Comment,
    Hash,
    Macro(char),
    Count(char),
    Named(String, Option<String>),
    /// Its content is for a later evaluation.
    Quote(Vec<Self>),
    Call(Bracket, Vec<Vec<Self>>),
}

struct Parser<'t> {
    rest: &'t [Token],
}

impl Parser<'_> {
    /// Everything up to a token that closes or parts what is around.
    fn sequence(&mut self, depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some((token, rest)) = self.rest.split_first() {
            if matches!(token, Token::Close | Token::CloseQuote | Token::Bar) {
                break;
            }
            self.rest = rest;
            nodes.push(match token {
                Token::Open(_) | Token::OpenQuote if depth >= DEEPEST => Node::Text(literal(token)),
                Token::Open(bracket) => self.call(*bracket, depth + 1),
                Token::OpenQuote => self.quote(depth + 1),
                Token::NewLine => Node::NewLine,
                Token::Hash => Node::Hash,
                Token::Comment => Node::Comment,
                Token::Macro(name) => Node::Macro(*name),
                Token::Count(name) => Node::Count(*name),
                Token::Named(name, argument) => Node::Named(name.clone(), argument.clone()),
                other => Node::Text(literal(other)),
            });
        }
        nodes
    }

    fn call(&mut self, bracket: Bracket, depth: usize) -> Node {
        let mut arguments = vec![self.sequence(depth)];
        while let Some((token, rest)) = self.rest.split_first() {
            self.rest = rest;
            match token {
                Token::Bar => arguments.push(self.sequence(depth)),
                Token::Close => break,
                // The end of a quote that did not begin here.
                other => {
                    let literal = Node::Text(literal(other));
                    let more = self.sequence(depth);
                    if let Some(last) = arguments.last_mut() {
                        last.push(literal);
                        last.extend(more);
                    }
                }
            }
        }
        Node::Call(bracket, arguments)
    }

    fn quote(&mut self, depth: usize) -> Node {
        let mut nodes = self.sequence(depth);
        while let Some((token, rest)) = self.rest.split_first() {
            self.rest = rest;
            if *token == Token::CloseQuote {
                break;
            }
            nodes.push(Node::Text(literal(token)));
            nodes.extend(self.sequence(depth));
        }
        Node::Quote(nodes)
    }
}

/// A token as it is written.
fn literal(token: &Token) -> String {
    match token {
        Token::Text(text) => text.clone(),
        Token::NewLine => "\n".to_owned(),
        Token::Hash => "#".to_owned(),
        Token::Comment => String::new(),
        Token::Open(bracket) => opening(*bracket).to_owned(),
        Token::Close => "]".to_owned(),
        Token::OpenQuote => "[\"".to_owned(),
        Token::CloseQuote => "\"]".to_owned(),
        Token::Bar => "|".to_owned(),
        Token::Macro(name) => format!("%{name}"),
        Token::Count(name) => format!("%#{name}"),
        Token::Named(name, None) => format!("_{name}_"),
        Token::Named(name, Some(argument)) => format!("_{name}({argument})_"),
    }
}

const fn opening(bracket: Bracket) -> &'static str {
    match bracket {
        Bracket::Iterate => "[",
        Bracket::Select => "[?",
        Bracket::Match => "[~",
        Bracket::Active => "[@",
        Bracket::Neutral => "[:",
        Bracket::Define => "[=",
    }
}

/// Nodes as they are written: for what is left when all is evaluated.
pub(super) fn source(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::NewLine => out.push('\n'),
            Node::Hash => out.push('#'),
            Node::Comment => {}
            Node::Macro(name) => out.push_str(&literal(&Token::Macro(*name))),
            Node::Count(name) => out.push_str(&literal(&Token::Count(*name))),
            Node::Named(name, argument) => {
                out.push_str(&literal(&Token::Named(name.clone(), argument.clone())));
            }
            Node::Quote(inner) => {
                out.push_str("[\"");
                source(inner, out);
                out.push_str("\"]");
            }
            Node::Call(bracket, arguments) => {
                out.push_str(opening(*bracket));
                for (at, argument) in arguments.iter().enumerate() {
                    if at > 0 {
                        out.push('|');
                    }
                    source(argument, out);
                }
                out.push(']');
            }
        }
    }
}
