//! Templates as tokens.

/// One token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// Text that stands for itself.
    Text(String),
    /// The end of a line of the template; one that is written as `\\n` is text.
    NewLine,
    /// `#` outside of brackets, with the rest of its line.
    Comment,
    /// `#` inside brackets: where it comes to stand, everything up to the end of the line is left out.
    Hash,
    /// `[` and its kin.
    Open(Bracket),
    /// `]`
    Close,
    /// `["`
    OpenQuote,
    /// `"]`
    CloseQuote,
    /// `|`
    Bar,
    /// `%x`
    Macro(char),
    /// `%#x`
    Count(char),
    /// `_NAME_`, `_NAME(argument)_`
    Named(String, Option<String>),
}

/// What a bracket begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bracket {
    /// `[`: an iteration.
    Iterate,
    /// `[?`: a choice by number.
    Select,
    /// `[~`: a choice by pattern.
    Match,
    /// `[@`: a call whose result is evaluated.
    Active,
    /// `[:`: a call.
    Neutral,
    /// `[=`: a definition.
    Define,
}

/// Reads a template.
pub(super) fn tokens(template: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: template,
        tokens: Vec::new(),
        depth: 0,
    };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'t> {
    rest: &'t str,
    tokens: Vec<Token>,
    /// Brackets that are open.
    depth: usize,
}

impl Lexer<'_> {
    /// Takes one token; false at the end.
    fn step(&mut self) -> bool {
        let mut characters = self.rest.chars();
        let Some(first) = characters.next() else {
            return false;
        };
        let after = characters.as_str();
        match first {
            '[' => self.bracket(after),
            ']' => {
                self.depth = self.depth.saturating_sub(1);
                self.take(Token::Close, after);
            }
            '|' => self.take(Token::Bar, after),
            '\n' => self.take(Token::NewLine, after),
            '"' if after.starts_with(']') => {
                let after = after.get(1..).unwrap_or_default();
                self.depth = self.depth.saturating_sub(1);
                self.take(Token::CloseQuote, after);
            }
            '#' if self.depth > 0 => self.take(Token::Hash, after),
            // Up to the end of the line, and that too.
            '#' => {
                let rest = after.split_once('\n').map_or("", |(_, rest)| rest);
                self.take(Token::Comment, rest);
            }
            '%' => self.percent(after),
            '\\' => self.escape(after),
            '_' => self.underscore(after),
            _ => {
                let special = self
                    .rest
                    .find(['[', ']', '|', '"', '#', '%', '\\', '_', '\n']);
                let end = match special {
                    // It is the first character itself, and means nothing here.
                    Some(0) => 1,
                    Some(end) => end,
                    None => self.rest.len(),
                };
                let (text, rest) = self.rest.split_at(end);
                self.text(text);
                self.rest = rest;
            }
        }
        true
    }

    fn take(&mut self, token: Token, after: &str) {
        let at = self.rest.len() - after.len();
        self.rest = self.rest.get(at..).unwrap_or_default();
        self.tokens.push(token);
    }

    fn text(&mut self, text: &str) {
        match self.tokens.last_mut() {
            Some(Token::Text(known)) => known.push_str(text),
            _ if text.is_empty() => {}
            _ => self.tokens.push(Token::Text(text.to_owned())),
        }
    }

    fn skip_to(&mut self, after: &str) {
        let at = self.rest.len() - after.len();
        self.rest = self.rest.get(at..).unwrap_or_default();
    }

    fn bracket(&mut self, after: &str) {
        self.depth += 1;
        let mut characters = after.chars();
        let kind = match characters.next() {
            Some('"') => None,
            Some('?') => Some(Bracket::Select),
            Some('~') => Some(Bracket::Match),
            Some('@') => Some(Bracket::Active),
            Some(':') => Some(Bracket::Neutral),
            Some('=') => Some(Bracket::Define),
            _ => return self.take(Token::Open(Bracket::Iterate), after),
        };
        let after = characters.as_str();
        self.take(kind.map_or(Token::OpenQuote, Token::Open), after);
    }

    fn percent(&mut self, after: &str) {
        let mut characters = after.chars();
        match characters.next() {
            Some('%') => {
                let after = characters.as_str();
                self.text("%");
                self.skip_to(after);
            }
            Some('#') => match characters.next() {
                Some(name) => {
                    let after = characters.as_str();
                    self.take(Token::Count(name), after);
                }
                None => {
                    self.text("%");
                    self.skip_to(after);
                }
            },
            Some(name) => {
                let after = characters.as_str();
                self.take(Token::Macro(name), after);
            }
            None => {
                self.text("%");
                self.skip_to(after);
            }
        }
    }

    fn escape(&mut self, after: &str) {
        let digits = after
            .bytes()
            .take(3)
            .take_while(|b| (b'0'..=b'7').contains(b))
            .count();
        if digits == 3 {
            let (octal, rest) = after.split_at(digits);
            let code = u32::from_str_radix(octal, 8).unwrap_or(0);
            let character = char::from_u32(code).unwrap_or('?');
            self.text(character.encode_utf8(&mut [0; 4]));
            return self.skip_to(rest);
        }
        let mut characters = after.chars();
        let meant = match characters.next() {
            None => "\\".to_owned(),
            Some('n') => "\n".to_owned(),
            Some('r') => "\r".to_owned(),
            Some('f') => "\u{c}".to_owned(),
            Some('b') => "\u{8}".to_owned(),
            Some('e') => "\u{1b}".to_owned(),
            Some('a') => "\u{7}".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('\n' | '_') => String::new(),
            Some(other) => other.to_string(),
        };
        let after = characters.as_str();
        self.text(&meant);
        self.skip_to(after);
    }

    /// `_NAME_`, `_NAME(argument)_`, or an underscore.
    fn underscore(&mut self, after: &str) {
        let end = after
            .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit()))
            .unwrap_or(after.len());
        let (name, rest) = after.split_at(end);
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase());
        if is_name && let Some(rest) = rest.strip_prefix('_') {
            return self.take(Token::Named(name.to_owned(), None), rest);
        }
        if is_name
            && let Some(inner) = rest.strip_prefix('(')
            && let Some((argument, rest)) = inner.split_once(")_")
            && !argument.contains('\n')
        {
            let token = Token::Named(name.to_owned(), Some(argument.to_owned()));
            return self.take(token, rest);
        }
        self.text("_");
        self.skip_to(after);
    }
}
