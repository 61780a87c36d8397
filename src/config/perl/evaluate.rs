//! From statements to settings.

use std::path::PathBuf;

use super::{
    World,
    arithmetic::{calculate, show, whole},
    commands,
    interpolate::{Piece, pieces},
    parser::DEEPEST,
    syntax::{Expression, Kind, Operator},
    templates,
};
use crate::config::{
    error::{ConfigError, ConfigErrors, Place},
    raw::RawConfig,
    settings::{self, Default},
    value::Value,
};

/// Constants and what they stand for (daemon.md 8.2).
const CONSTANTS: &[(&str, &str)] = &[
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

/// Longest result of `x` and of a range: a slip of the pen must not fill the memory.
const MOST: usize = 100_000;
/// Most octets that values may grow by in one file, by what is put together from other settings and by `x` and ranges.
const MOST_GROWTH: usize = 16 << 20;

/// Carries statements out, in order.
pub(super) fn run(
    file: &str,
    text: &str,
    statements: &[Expression],
    config: &mut RawConfig,
    world: &dyn World,
) -> Result<(), ConfigErrors> {
    let mut evaluator = Evaluator {
        file,
        text,
        config,
        world,
        growth: 0,
    };
    for statement in statements {
        evaluator.value(statement)?;
    }
    Ok(())
}

struct Evaluator<'e> {
    file: &'e str,
    text: &'e str,
    config: &'e mut RawConfig,
    world: &'e dyn World,
    /// See [`MOST_GROWTH`].
    growth: usize,
}

type Evaluated = Result<Value, ConfigErrors>;

impl Evaluator<'_> {
    fn place(&self, offset: usize) -> Place {
        Place::at(self.file, self.text, offset)
    }

    fn error(&self, offset: usize, what: impl Into<String>) -> ConfigError {
        ConfigError::at(self.place(offset), what)
    }

    fn value(&mut self, expression: &Expression) -> Evaluated {
        let offset = expression.offset;
        Ok(match &expression.kind {
            Kind::Undef => Value::Undef,
            Kind::Literal(text) => Value::text(text.as_str()),
            Kind::Interpolated(string, begin) => self.interpolate(*begin, string)?,
            Kind::Variable(name) => self.variable(offset, name)?,
            Kind::Element(name, key) => self.element(offset, name, key)?,
            Kind::Reference(target) => self.reference(target)?,
            Kind::Code(name) => Value::Code(name.clone()),
            Kind::Command(command) => self.command(offset, command)?,
            Kind::Pattern(pattern, flags) => Value::Pattern(pattern.clone(), flags.clone()),
            Kind::List(items) | Kind::Array(items) => Value::List(self.items(items)?),
            Kind::Hash(items) => self.hash(offset, items)?,
            Kind::Call(name, arguments) => self.call(offset, name, arguments)?,
            Kind::Negative(inner) => {
                let number = self.number_of(inner)?;
                Value::text(show(-number))
            }
            Kind::Not(inner) => Value::text(if self.value(inner)?.is_true() {
                ""
            } else {
                "1"
            }),
            Kind::Chain(first, rest) => self.chain(first, rest)?,
            Kind::Assign(target, source) => self.assign(target, source)?,
        })
    }

    /// Items of a list; lists in round brackets and list variables are spread out.
    fn items(&mut self, items: &[Expression]) -> Result<Vec<Value>, ConfigErrors> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let spreads = match &item.kind {
                Kind::List(_) => true,
                Kind::Chain(_, rest) => matches!(rest.as_slice(), [(Operator::Range, _), ..]),
                Kind::Variable(name) => name.starts_with(['@', '%']),
                _ => false,
            };
            match self.value(item)? {
                Value::List(inner) if spreads => values.extend(inner),
                Value::Map(inner) if spreads => {
                    values.extend(
                        inner
                            .into_iter()
                            .flat_map(|(key, value)| [Value::Scalar(key), value]),
                    );
                }
                value => values.push(value),
            }
            if values.len() > MOST {
                return Err(self
                    .error(item.offset, format!("more than {MOST} items"))
                    .into());
            }
        }
        Ok(values)
    }

    fn hash(&mut self, offset: usize, items: &[Expression]) -> Evaluated {
        let values = self.items(items)?;
        self.pairs(offset, values)
    }

    fn pairs(&self, offset: usize, values: Vec<Value>) -> Evaluated {
        if values.len() % 2 == 1 {
            return Err(self
                .error(offset, "a hash needs a value for each key")
                .into());
        }
        let mut entries = std::collections::BTreeMap::new();
        let mut values = values.into_iter();
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            let key = key
                .as_text()
                .ok_or_else(|| self.error(offset, format!("{} cannot be a key", key.kind())))?
                .to_owned();
            entries.insert(key, value);
        }
        Ok(Value::Map(entries))
    }

    /// `begin` is where the text of the string begins.
    fn interpolate(&mut self, begin: usize, string: &str) -> Evaluated {
        let pieces = pieces(string).map_err(|(at, what)| {
            let error = self.error(begin + at, what);
            if string.contains('@') {
                error.advise("write \\@ for the character itself")
            } else {
                error
            }
        })?;
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(&text),
                Piece::Variable(name) => match self.variable(begin, &name)? {
                    Value::Scalar(text) => out.push_str(&text),
                    Value::Undef => {}
                    other => {
                        return Err(self
                            .error(begin, format!("{name} in a string is {}", other.kind()))
                            .into());
                    }
                },
            }
        }
        Ok(Value::Scalar(out))
    }

    /// Notes that a value takes `octets` which are not in the file.
    fn grow(&mut self, offset: usize, octets: usize) -> Result<(), ConfigErrors> {
        self.growth = self.growth.saturating_add(octets);
        if self.growth > MOST_GROWTH {
            let what = format!("values grow by more than {MOST_GROWTH} octets");
            return Err(self.error(offset, what).into());
        }
        Ok(())
    }

    /// What a setting holds at this point of the file.
    fn variable(&mut self, offset: usize, name: &str) -> Evaluated {
        let value = self.held(offset, name)?;
        self.grow(offset, value.size())?;
        Ok(value)
    }

    fn held(&self, offset: usize, name: &str) -> Evaluated {
        let Some(known) = settings::find(name) else {
            let error = self.error(offset, format!("unknown setting {name}"));
            let nearest = settings::nearest(name);
            return Err(match nearest {
                Some(nearest) => error.advise(format!("did you mean {nearest}?")),
                None => error,
            }
            .into());
        };
        if let Some(assigned) = self.config.get(known.perl()) {
            return Ok(assigned.value.clone());
        }
        let default =
            settings::setting(known.perl()).map_or(Default::None, |setting| setting.default);
        Ok(match default {
            Default::None if name.starts_with('@') => Value::List(Vec::new()),
            Default::None if name.starts_with('%') => Value::Map(std::collections::BTreeMap::new()),
            Default::None => Value::Undef,
            Default::Text(text) => Value::text(text),
            Default::List(texts) => {
                Value::List(texts.iter().map(|text| Value::text(*text)).collect())
            }
        })
    }

    fn element(&mut self, offset: usize, name: &str, key: &Expression) -> Evaluated {
        let key = self.text_of(key)?;
        if name == "%ENV" {
            return Err(self
                .error(offset, "the environment is not read")
                .advise("write the value instead")
                .into());
        }
        match self.variable(offset, name)? {
            Value::Map(entries) => Ok(entries.get(&key).cloned().unwrap_or_default()),
            _ => Ok(Value::Undef),
        }
    }

    fn reference(&mut self, target: &Expression) -> Evaluated {
        match &target.kind {
            Kind::Variable(name) => {
                self.variable(target.offset, name)?;
                Ok(Value::Reference(name.clone()))
            }
            // `\"text"` and `\undef`: a constant table.
            Kind::Literal(_) | Kind::Interpolated(..) | Kind::Undef => self.value(target),
            _ => Err(self
                .error(
                    target.offset,
                    "only settings and constants can be referred to",
                )
                .into()),
        }
    }

    fn call(&mut self, offset: usize, name: &str, arguments: &[Expression]) -> Evaluated {
        if let Some((_, value)) = CONSTANTS.iter().find(|(constant, _)| *constant == name)
            && arguments.is_empty()
        {
            return Ok(Value::text(*value));
        }
        match name {
            "new_RE" => Ok(Value::PatternTable(self.items(arguments)?)),
            // What is asked of the machine comes without a line end.
            "chomp" => match arguments {
                [what] => self.operand(what),
                _ => Err(self.error(offset, "chomp takes one value").into()),
            },
            "read_l10n_templates" => self.read_templates(offset, arguments),
            _ => {
                let names = CONSTANTS.iter().map(|(constant, _)| *constant).chain([
                    "new_RE",
                    "undef",
                    "chomp",
                    "read_l10n_templates",
                ]);
                let error = self.error(offset, format!("{name} is beyond what is understood"));
                Err(match settings::nearest_of(name, names) {
                    Some(nearest) => error.advise(format!("did you mean {nearest}?")).into(),
                    None => error.into(),
                })
            }
        }
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

    /// `read_l10n_templates(folder)` or `read_l10n_templates(language, folder)`.
    fn read_templates(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let mut folder = PathBuf::new();
        // The language is the last part of the path.
        for argument in arguments.iter().rev() {
            folder.push(self.text_of(argument)?);
        }
        let texts = templates::read(&folder, self.world)
            .map_err(|error| self.error(offset, format!("read_l10n_templates: {error}")))?;
        for (setting, text) in texts {
            self.grow(offset, text.len())?;
            self.config
                .set(setting, Value::Scalar(text), self.place(offset))?;
        }
        Ok(Value::text("1"))
    }

    fn text_of(&mut self, expression: &Expression) -> Result<String, ConfigErrors> {
        let value = self.operand(expression)?;
        self.text(value, expression.offset)
    }

    fn number_of(&mut self, expression: &Expression) -> Result<f64, ConfigErrors> {
        let value = self.operand(expression)?;
        self.number(value, expression.offset)
    }

    /// The value beside an operator: round brackets around one item only group.
    fn operand(&mut self, expression: &Expression) -> Evaluated {
        match &expression.kind {
            Kind::List(items) => match items.as_slice() {
                [item] => self.operand(item),
                _ => self.value(expression),
            },
            _ => self.value(expression),
        }
    }

    fn text(&self, value: Value, offset: usize) -> Result<String, ConfigErrors> {
        match value {
            Value::Scalar(text) => Ok(text),
            Value::Undef => Ok(String::new()),
            other => Err(self
                .error(offset, format!("expected a scalar, found {}", other.kind()))
                .into()),
        }
    }

    fn number(&self, value: Value, offset: usize) -> Result<f64, ConfigErrors> {
        let text = self.text(value, offset)?;
        let number = if text.is_empty() {
            Some(0.0)
        } else {
            text.trim().parse().ok()
        };
        number.ok_or_else(|| self.error(offset, format!("{text:?} is no number")).into())
    }

    fn chain(&mut self, first: &Expression, rest: &[(Operator, Expression)]) -> Evaluated {
        let mut value = self.operand(first)?;
        for (operator, right) in rest {
            value = self.binary(first.offset, *operator, value, right)?;
        }
        Ok(value)
    }

    fn binary(
        &mut self,
        offset: usize,
        operator: Operator,
        left: Value,
        right: &Expression,
    ) -> Evaluated {
        match operator {
            Operator::Concatenate => {
                let text = self.text(left, offset)?;
                Ok(Value::Scalar(text + &self.text_of(right)?))
            }
            Operator::Repeat => {
                let (text, count) = (self.text(left, offset)?, self.number_of(right)?);
                let count = whole(count).filter(|&count| count.saturating_mul(text.len()) <= MOST);
                let count =
                    count.ok_or_else(|| self.error(offset, "the result would be too long"))?;
                self.grow(offset, count * text.len())?;
                Ok(Value::Scalar(text.repeat(count)))
            }
            Operator::Range => {
                let (from, to) = (self.number(left, offset)?, self.number_of(right)?);
                let bounds = whole(from)
                    .zip(whole(to))
                    .filter(|(from, to)| to.saturating_sub(*from) < MOST);
                let (from, to) =
                    bounds.ok_or_else(|| self.error(offset, "the range is too long"))?;
                let range = (from..=to).map(|n| Value::text(n.to_string()));
                let range = Value::List(range.collect());
                self.grow(offset, range.size())?;
                Ok(range)
            }
            _ => {
                let (left, other) = (self.number(left, offset)?, self.number_of(right)?);
                calculate(operator, left, other)
                    .map(|number| Value::text(show(number)))
                    .ok_or_else(|| self.error(right.offset, "division by zero").into())
            }
        }
    }

    fn assign(&mut self, target: &Expression, source: &Expression) -> Evaluated {
        let value = self.assign_any(target, source)?;
        if value.depth() > DEEPEST {
            let what = format!("the value is nested deeper than {DEEPEST}");
            return Err(self.error(source.offset, what).into());
        }
        Ok(value)
    }

    fn assign_any(&mut self, target: &Expression, source: &Expression) -> Evaluated {
        let place = self.place(target.offset);
        match &target.kind {
            Kind::Variable(name) if name.starts_with('@') => {
                let items = self.items(std::slice::from_ref(source))?;
                self.config.set(name, Value::List(items.clone()), place)?;
                Ok(Value::List(items))
            }
            Kind::Variable(name) if name.starts_with('%') => {
                let items = self.items(std::slice::from_ref(source))?;
                let map = self.pairs(source.offset, items)?;
                self.config.set(name, map.clone(), place)?;
                Ok(map)
            }
            Kind::Variable(name) => {
                let value = self.value(source)?;
                self.config.set(name, value.clone(), place)?;
                Ok(value)
            }
            Kind::Element(name, key) => {
                let (key, value) = (self.text_of(key)?, self.value(source)?);
                if name == "%ENV" {
                    self.config.note_stranger(format!("$ENV{{{key}}}"), place);
                } else {
                    self.config.set_element(name, key, value.clone(), place)?;
                }
                Ok(value)
            }
            _ => Err(self
                .error(target.offset, "only a setting can be assigned to")
                .into()),
        }
    }
}
