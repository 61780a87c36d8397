//! Values as configuration files have them, before they mean anything.

use std::collections::BTreeMap;

/// A value of either syntax.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Value {
    /// `undef`
    #[default]
    Undef,
    /// Text or number; numbers are kept as they are written out.
    Scalar(String),
    /// A list, or a reference to one.
    List(Vec<Self>),
    /// A hash, or a reference to one.
    Map(BTreeMap<String, Self>),
    /// `\%name`, `\@name`, `\$name`: the named setting, whatever it holds in the end.
    Reference(String),
    /// `qr/.../flags`: pattern and flags.
    Pattern(String, String),
    /// `new_RE(...)`
    PatternTable(Vec<Self>),
    /// `\&name`
    Code(String),
}

impl Value {
    /// A scalar.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Scalar(text.into())
    }

    /// What an error message calls it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Undef => "undefined",
            Self::Scalar(_) => "a scalar",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Reference(_) => "a reference",
            Self::Pattern(..) => "a pattern",
            Self::PatternTable(_) => "a pattern table",
            Self::Code(_) => "code",
        }
    }

    /// Octets of memory that it takes, more or less.
    #[must_use]
    pub fn size(&self) -> usize {
        let held: usize = match self {
            Self::Undef => 0,
            Self::Scalar(text) | Self::Reference(text) | Self::Code(text) => text.len(),
            Self::Pattern(pattern, flags) => pattern.len() + flags.len(),
            Self::List(items) | Self::PatternTable(items) => items.iter().map(Self::size).sum(),
            Self::Map(entries) => {
                let sizes = entries
                    .iter()
                    .map(|(key, value)| size_of::<String>() + key.len() + value.size());
                sizes.sum()
            }
        };
        size_of::<Self>() + held
    }

    /// Levels of lists and maps; 0 for what is neither.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Undef
            | Self::Scalar(_)
            | Self::Reference(_)
            | Self::Pattern(..)
            | Self::Code(_) => 0,
            Self::List(items) | Self::PatternTable(items) => {
                1 + items.iter().map(Self::depth).max().unwrap_or_default()
            }
            Self::Map(entries) => 1 + entries.values().map(Self::depth).max().unwrap_or_default(),
        }
    }

    /// The scalar's text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            Self::Undef
            | Self::List(_)
            | Self::Map(_)
            | Self::Reference(_)
            | Self::Pattern(..)
            | Self::PatternTable(_)
            | Self::Code(_) => None,
        }
    }

    /// Perl's idea of truth: undefined, empty and `0` are false.
    #[must_use]
    pub fn is_true(&self) -> bool {
        match self {
            Self::Undef => false,
            Self::Scalar(text) => !text.is_empty() && text != "0",
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Reference(_) | Self::Pattern(..) | Self::PatternTable(_) | Self::Code(_) => true,
        }
    }
}
