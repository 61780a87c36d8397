//! The macro language of notices and log lines.
//!
//! A template is read once, into a tree; what macros stand for is text and is never read as template again. Evaluation is bounded in
//! steps, depth and octets, whatever the template and the mail are.
//!
//! # Source
//! content.md 7.5, daemon.md 7.4.

mod expand;
mod functions;
mod lexer;
mod syntax;

pub use expand::expand;
pub use syntax::Template;

/// What a macro stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// One text.
    Text(String),
    /// A list; joined with `, ` where a text is wanted.
    List(Vec<String>),
}

impl Value {
    /// As one text.
    #[must_use]
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::List(texts) => texts.join(", "),
        }
    }

    /// How many there are: of a text, 1 if it is not blank.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Text(text) => usize::from(!text.trim().is_empty()),
            Self::List(texts) => texts.len(),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::List(texts)
    }
}

/// Where the values of macros come from.
pub trait Macros {
    /// The value of a macro, called with arguments; `None` if there is none, which counts as empty.
    fn value(&self, name: &str, arguments: &[String]) -> Option<Value>;
}

#[cfg(test)]
mod tests;
