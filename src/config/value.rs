//! Values as configuration files have them, before they mean anything.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use crate::lookup::{
    cdb::Cdb,
    table::{HashTable, Scalar},
};

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
    /// What a file holds, and where it is.
    File(Arc<FileTable>),
    /// A lookup object: `Opaque(...)`, `q_sql_s(...)` and its like.
    Object(String, Vec<Self>),
}

/// A table that a file holds.
#[derive(Clone, Debug)]
pub struct FileTable {
    /// The function that read it: `read_hash`, `read_array`, `read_cidr` or `read_cidr_hash`.
    pub function: &'static str,
    /// The file as it was named.
    pub path: String,
    /// A map or a list.
    pub content: Value,
    /// The line of each key of a map.
    pub lines: BTreeMap<String, usize>,
    /// A constant database, instead of content.
    pub database: Option<Arc<Cdb>>,
    /// The same as a lookup table; made when it is first asked for.
    hash: OnceLock<Arc<HashTable>>,
}

/// Two are the same if they hold the same; whether one has been asked already does not count.
impl PartialEq for FileTable {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
            && self.path == other.path
            && self.content == other.content
            && self.database == other.database
    }
}

impl FileTable {
    /// A table from what a file holds.
    #[must_use]
    pub const fn new(
        function: &'static str,
        path: String,
        content: Value,
        lines: BTreeMap<String, usize>,
    ) -> Self {
        Self {
            function,
            path,
            content,
            lines,
            database: None,
            hash: OnceLock::new(),
        }
    }

    /// A table that is a constant database.
    #[must_use]
    pub fn with_database(path: String, database: Cdb) -> Self {
        Self {
            database: Some(Arc::new(database)),
            ..Self::new("read_cdb", path, Value::Undef, BTreeMap::new())
        }
    }

    /// As a lookup table, which all who name this file share.
    pub fn hash(&self) -> &Arc<HashTable> {
        self.hash.get_or_init(|| {
            let Value::Map(entries) = &self.content else {
                return Arc::default();
            };
            let pairs = entries
                .iter()
                .map(|(key, value)| (key.clone(), value.as_text().map(Scalar::new)));
            Arc::new(pairs.collect())
        })
    }

    /// What it holds, as any value.
    #[must_use]
    pub fn value(&self) -> Value {
        self.content.clone()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.content {
            Value::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The line of a key, from 1.
    #[must_use]
    pub fn line(&self, key: &str) -> Option<usize> {
        self.lines.get(key).copied()
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.content {
            Value::Map(entries) => entries.len(),
            Value::List(items) => items.len(),
            _ => 0,
        }
    }

    /// True if it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
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
            Self::File(_) => "a file's content",
            Self::Object(..) => "a lookup object",
        }
    }

    /// Octets of memory that it takes, more or less.
    #[must_use]
    pub fn size(&self) -> usize {
        let held: usize = match self {
            // Shared by all who name it.
            Self::Undef | Self::File(_) => 0,
            Self::Scalar(text) | Self::Reference(text) | Self::Code(text) => text.len(),
            Self::Pattern(pattern, flags) => pattern.len() + flags.len(),
            Self::List(items) | Self::PatternTable(items) | Self::Object(_, items) => {
                items.iter().map(Self::size).sum()
            }
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
            | Self::File(_)
            | Self::Code(_) => 0,
            Self::List(items) | Self::PatternTable(items) | Self::Object(_, items) => {
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
            | Self::File(_)
            | Self::Object(..)
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
            Self::Reference(_)
            | Self::Pattern(..)
            | Self::PatternTable(_)
            | Self::File(_)
            | Self::Object(..)
            | Self::Code(_) => true,
        }
    }
}
