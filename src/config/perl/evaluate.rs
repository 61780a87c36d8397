//! From statements to settings: statements, and what expressions are worth.

mod assignments;
mod computing;
mod functions;
mod including;
mod lists;
mod paths;
mod places;

use std::collections::BTreeMap;

use super::{
    World, commands,
    syntax::{Expression, Kind, Logic, Piece, Statement},
};
use crate::config::{
    error::{ConfigError, ConfigErrors, Place},
    raw::RawConfig,
    settings::{self, Default},
    value::Value,
};

/// Constants and what they stand for (daemon.md 8.2).
pub(super) const CONSTANTS: &[(&str, &str)] = &[
    ("D_PASS", "1"),
    ("D_DISCARD", "0"),
    ("D_BOUNCE", "-2"),
    ("D_REJECT", "-3"),
    ("D_TEMPFAIL", "-4"),
    ("CC_CATCHALL", "0"),
    ("CC_CLEAN", "1"),
    ("CC_MTA", "2"),
    ("CC_OVERSIZED", "3"),
    ("CC_BADH", "4"),
    ("CC_SPAMMY", "5"),
    ("CC_SPAM", "6"),
    ("CC_UNCHECKED", "7"),
    ("CC_BANNED", "8"),
    ("CC_VIRUS", "9"),
];

/// Longest list: a slip of the pen must not fill the memory.
const MOST: usize = 100_000;
/// Most octets that values may grow by in one configuration, by what is put together from other settings and by `x` and ranges.
const MOST_GROWTH: usize = 16 << 20;
/// Most expressions that are looked at in one configuration: loops in loops end, too.
const MOST_STEPS: usize = 2_000_000;
/// Deepest nesting of what is evaluated at the same time, files that include others with it.
const DEEPEST: usize = 300;

/// What all files of a configuration have spent.
#[derive(Default)]
pub(super) struct Spent {
    growth: usize,
    steps: usize,
    depth: usize,
    /// Files that are being included.
    pub(super) files: usize,
}

/// Carries statements out, in order.
pub(super) fn run(
    file: &str,
    text: &str,
    statements: &[Statement],
    config: &mut RawConfig,
    world: &dyn World,
    spent: &mut Spent,
) -> Result<(), ConfigErrors> {
    let mut evaluator = Evaluator {
        file,
        text,
        config,
        world,
        spent,
        scopes: vec![BTreeMap::new()],
    };
    evaluator.statements(statements)
}

struct Evaluator<'e> {
    file: &'e str,
    text: &'e str,
    config: &'e mut RawConfig,
    world: &'e dyn World,
    spent: &'e mut Spent,
    /// Variables of the file's own, by block.
    scopes: Vec<BTreeMap<String, Local>>,
}

/// A variable of the file's own.
struct Local {
    value: Value,
    /// The variable of a loop: in the original language it is the item itself.
    is_item: bool,
}

type Evaluated = Result<Value, ConfigErrors>;

impl Evaluator<'_> {
    fn place(&self, offset: usize) -> Place {
        Place::at(self.file, self.text, offset)
    }

    fn error(&self, offset: usize, what: impl Into<String>) -> ConfigError {
        ConfigError::at(self.place(offset), what)
    }

    fn statements(&mut self, statements: &[Statement]) -> Result<(), ConfigErrors> {
        statements
            .iter()
            .try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), ConfigErrors> {
        match statement {
            Statement::Expression(expression) => self.carry_out(expression),
            Statement::Block(statements) => self.in_scope(None, statements),
            Statement::If(branches, otherwise) => {
                for (condition, block) in branches {
                    if self.scalar(condition)?.is_true() {
                        return self.in_scope(None, block);
                    }
                }
                self.in_scope(None, otherwise)
            }
            Statement::For(variable, list, block) => {
                let mut items = Vec::new();
                self.list(list, &mut items)?;
                for item in items {
                    self.step(list.offset)?;
                    self.in_scope(Some((variable, item)), block)?;
                }
                Ok(())
            }
        }
    }

    /// An expression whose value nobody wants.
    fn carry_out(&mut self, expression: &Expression) -> Result<(), ConfigErrors> {
        if matches!(&expression.kind, Kind::Variable(name) if !name.contains("_templ")) {
            let warning = self.error(expression.offset, "this statement does nothing");
            self.config.warnings.push(warning);
            return Ok(());
        }
        self.list(expression, &mut Vec::new())
    }

    fn in_scope(
        &mut self,
        item: Option<(&str, Value)>,
        statements: &[Statement],
    ) -> Result<(), ConfigErrors> {
        let mut scope = BTreeMap::new();
        if let Some((name, value)) = item {
            let is_item = true;
            scope.insert(name.to_owned(), Local { value, is_item });
        }
        self.scopes.push(scope);
        let result = self.statements(statements);
        self.scopes.pop();
        result
    }

    /// Notes that an expression is looked at.
    fn step(&mut self, offset: usize) -> Result<(), ConfigErrors> {
        self.spent.steps += 1;
        if self.spent.steps > MOST_STEPS {
            let what = format!("more than {MOST_STEPS} steps: write the settings out");
            return Err(self.error(offset, what).into());
        }
        Ok(())
    }

    /// Runs `inner` one level deeper.
    fn deeper<T>(
        &mut self,
        offset: usize,
        inner: impl FnOnce(&mut Self) -> Result<T, ConfigErrors>,
    ) -> Result<T, ConfigErrors> {
        self.step(offset)?;
        self.spent.depth += 1;
        let result = if self.spent.depth > DEEPEST {
            Err(self
                .error(offset, format!("nested deeper than {DEEPEST}"))
                .into())
        } else {
            inner(self)
        };
        self.spent.depth -= 1;
        result
    }

    /// Notes that a value takes `octets` which are not in the file.
    fn grow(&mut self, offset: usize, octets: usize) -> Result<(), ConfigErrors> {
        self.spent.growth = self.spent.growth.saturating_add(octets);
        if self.spent.growth > MOST_GROWTH {
            let what = format!("values grow by more than {MOST_GROWTH} octets");
            return Err(self.error(offset, what).into());
        }
        Ok(())
    }

    /// What an expression is worth where one value is wanted.
    fn scalar(&mut self, expression: &Expression) -> Evaluated {
        self.deeper(expression.offset, |this| this.scalar_of(expression))
    }

    fn scalar_of(&mut self, expression: &Expression) -> Evaluated {
        let offset = expression.offset;
        Ok(match &expression.kind {
            Kind::Undef => Value::Undef,
            Kind::Literal(text) => Value::text(text.as_str()),
            Kind::Joined(pieces) => Value::Scalar(self.joined(pieces, false)?),
            Kind::Variable(name) if name.starts_with('$') => self.variable(offset, name)?,
            Kind::Declare(_) => {
                self.declare(expression)?;
                Value::Undef
            }
            Kind::Element(..) | Kind::Dereference('$', _) => self.element(expression)?,
            Kind::Variable(_) | Kind::Dereference(..) => self.count(expression)?,
            Kind::Reference(target) => self.reference(target)?,
            Kind::Code(name) => Value::Code(name.clone()),
            Kind::Command(command) => self.command(offset, command)?,
            Kind::Pattern(pieces, flags) => {
                Value::Pattern(self.joined(pieces, true)?, flags.clone())
            }
            Kind::Match(subject, pattern, is_negated) => {
                let found = self.matches(subject, pattern)?;
                truth(found != *is_negated)
            }
            Kind::List(items) => self.last_of(offset, items)?,
            Kind::Array(items) => Value::List(self.items(items)?),
            Kind::Hash(items) => {
                let values = self.items(items)?;
                self.pairs(offset, values)?
            }
            Kind::Slice(..) => self.listed(expression)?.pop().unwrap_or_default(),
            Kind::Each(..) => Value::text(self.listed(expression)?.len().to_string()),
            Kind::Call(name, arguments) => self.call(offset, name, arguments, false)?,
            Kind::FileTest(test, file) => {
                let path = self.text_of(file)?;
                truth(self.world.has(*test, std::path::Path::new(&path)))
            }
            Kind::Negative(inner) => self.negative(inner)?,
            Kind::Not(inner) => truth(!self.scalar(inner)?.is_true()),
            Kind::Chain(first, rest) => self.chain(first, rest)?,
            Kind::Logic(kind, left, right) => {
                let left = self.scalar(left)?;
                if decides(*kind, &left) {
                    left
                } else {
                    self.scalar(right)?
                }
            }
            Kind::Choice(parts) => {
                let [condition, yes, no] = parts.as_ref();
                let chosen = self.scalar(condition)?.is_true();
                self.scalar(if chosen { yes } else { no })?
            }
            Kind::Assign(kind, target, source) => self.assign(*kind, target, source)?,
        })
    }

    /// One item in round brackets is itself; of several only the last one would be taken.
    fn last_of(&mut self, offset: usize, items: &[Expression]) -> Evaluated {
        match items {
            [] => Ok(Value::Undef),
            [item] => self.scalar(item),
            _ => {
                let what = format!("a list of {} where one value is taken", items.len());
                Err(self
                    .error(offset, what)
                    .advise("write [ ... ] instead of ( ... )")
                    .into())
            }
        }
    }

    /// `is_pattern` shows patterns in the text as a pattern needs them.
    fn joined(&mut self, pieces: &[Piece], is_pattern: bool) -> Result<String, ConfigErrors> {
        let mut out = String::new();
        for piece in pieces {
            let inner = match piece {
                Piece::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Value(inner) => inner,
            };
            let is_list = match &inner.kind {
                Kind::Variable(name) => name.starts_with('@'),
                Kind::Dereference(sigil, _) => *sigil == '@',
                _ => false,
            };
            if let (true, Kind::Variable(name)) = (is_list, &inner.kind)
                && !self.is_known(name)
            {
                return Err(self
                    .error(
                        inner.offset,
                        format!("{name} in double quotes means a list"),
                    )
                    .advise("write \\@ for the character itself")
                    .into());
            }
            let texts = self.listed(inner)?;
            for (at, value) in texts.into_iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                match value {
                    Value::Pattern(source, flags) if is_pattern => {
                        out.push_str(&format!("(?^{flags}:{source})"));
                    }
                    Value::Undef => {}
                    Value::Scalar(text) => out.push_str(&text),
                    other => {
                        let what = format!("{} in a string", other.kind());
                        return Err(self.error(inner.offset, what).into());
                    }
                }
            }
            self.grow(inner.offset, out.len())?;
        }
        Ok(out)
    }

    /// A command that fails prints nothing, and the original goes on with that.
    fn command(&mut self, offset: usize, command: &str) -> Evaluated {
        match commands::output(command, self.world) {
            Some(Ok(text)) => Ok(Value::Scalar(text)),
            Some(Err(why)) => {
                let warning = self
                    .error(offset, format!("`{command}` has no result: {why}"))
                    .advise("write the value instead");
                self.config.warnings.push(warning);
                Ok(Value::text(""))
            }
            None => Err(self
                .error(offset, format!("the command `{command}` is not run"))
                .advise("write its result instead")
                .into()),
        }
    }

    /// What a setting holds that no file has set.
    fn default_of(name: &str) -> Value {
        let default = settings::setting(name).map_or(Default::None, |setting| setting.default);
        match default {
            Default::None if name.starts_with('@') => Value::List(Vec::new()),
            Default::None if name.starts_with('%') => Value::Map(BTreeMap::new()),
            Default::None => Value::Undef,
            Default::Text(text) => Value::text(text),
            Default::List(texts) => {
                Value::List(texts.iter().map(|text| Value::text(*text)).collect())
            }
        }
    }
}

/// What comparisons give.
fn truth(is_true: bool) -> Value {
    Value::text(if is_true { "1" } else { "" })
}

/// True if the left side of an operator is the result.
fn decides(kind: Logic, left: &Value) -> bool {
    match kind {
        Logic::And => !left.is_true(),
        Logic::Or => left.is_true(),
        Logic::Defined => !matches!(left, Value::Undef),
    }
}
