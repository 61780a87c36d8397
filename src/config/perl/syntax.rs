//! The syntax tree.

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Statement {
    Expression(Expression),
    /// Conditions with their blocks, in order, and the block of `else`.
    If(Vec<(Expression, Vec<Self>)>, Vec<Self>),
    /// The variable with its sigil, the list, the block.
    For(String, Expression, Vec<Self>),
    Block(Vec<Self>),
}

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
    /// `"..."` with something to put in.
    Joined(Vec<Piece>),
    /// `$name`, `@name`, `%name`, with its sigil.
    Variable(String),
    /// `my`, `our`: the names.
    Declare(Vec<String>),
    /// `$name{key}`, `$name[0]`: of the variable with `%` or `@`; `...->{key}`: of what the expression refers to.
    Element(Box<Expression>, Box<Subscript>),
    /// `@name{...}`, `@name[...]`: several elements.
    Slice(Box<Expression>, Box<Subscript>),
    /// `@$x`, `%{...}`, `$$x`: what the expression refers to.
    Dereference(char, Box<Expression>),
    /// `\` of something.
    Reference(Box<Expression>),
    /// `\&name`, or `sub { ... }` of a kind that is known.
    Code(String),
    /// `` `command` ``
    Command(String),
    /// `qr/.../flags`
    Pattern(Vec<Piece>, String),
    /// `=~`, `!~`: true for `!~`.
    Match(Box<Expression>, Box<Expression>, bool),
    /// `( ... )`, `qw( ... )`
    List(Vec<Expression>),
    /// `[ ... ]`
    Array(Vec<Expression>),
    /// `{ ... }`: keys and values alternate.
    Hash(Vec<Expression>),
    /// `name( ... )`
    Call(String, Vec<Expression>),
    /// `map`, `grep`, `sort`: the name, what is done to each item, the items.
    Each(&'static str, Box<Expression>, Vec<Expression>),
    /// `-e FILE`
    FileTest(char, Box<Expression>),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    /// Operators of one rank, from left to right: flat, so that a long sum is no deep tree.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
    Logic(Logic, Box<Expression>, Box<Expression>),
    /// `... ? ... : ...`
    Choice(Box<[Expression; 3]>),
    /// `=`, or `+=` and the like.
    Assign(Assignment, Box<Expression>, Box<Expression>),
}

/// What is asked of a list or a hash.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Subscript {
    /// `{key}`
    Key(Expression),
    /// `[index]`
    Index(Expression),
}

/// A piece of a string.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Piece {
    Text(String),
    Value(Expression),
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
    Equal,
    NotEqual,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Same,
    NotSame,
    Before,
    After,
    NotAfter,
    NotBefore,
}

/// Operators that may leave their right side alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Logic {
    And,
    Or,
    /// `//`
    Defined,
}

/// Kinds of assignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Assignment {
    Plain,
    With(Operator),
    If(Logic),
}
