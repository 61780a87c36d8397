//! The syntax tree.

/// An expression, with the octet offset at which it begins.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Expression {
    pub(super) offset: usize,
    pub(super) kind: Kind,
}

/// Kinds of expressions.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    Undef,
    /// A literal without interpolation, or a number.
    Literal(String),
    /// A literal to be interpolated.
    Interpolated(String),
    /// `$name`, `@name`, `%name`, with its sigil.
    Variable(String),
    /// `$name{key}`: the hash's name with `%`, and the key.
    Element(String, Box<Expression>),
    /// `\` of something.
    Reference(Box<Expression>),
    /// `\&name`
    Code(String),
    Pattern(String, String),
    /// `( ... )`, `qw( ... )`
    List(Vec<Expression>),
    /// `[ ... ]`
    Array(Vec<Expression>),
    /// `{ ... }`: keys and values alternate.
    Hash(Vec<Expression>),
    /// `name( ... )`
    Call(String, Vec<Expression>),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Assign(Box<Expression>, Box<Expression>),
}

/// Operators with two sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Concatenate,
    Repeat,
    Range,
}
