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
    /// A literal to be interpolated, and the offset at which its text begins.
    Interpolated(String, usize),
    /// `$name`, `@name`, `%name`, with its sigil.
    Variable(String),
    /// `$name{key}`: the hash's name with `%`, and the key.
    Element(String, Box<Expression>),
    /// `\` of something.
    Reference(Box<Expression>),
    /// `\&name`, or `sub { ... }` of a kind that is known.
    Code(String),
    /// `` `command` ``
    Command(String),
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
    /// Operators of one rank, from left to right: flat, so that a long sum is no deep tree.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
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
