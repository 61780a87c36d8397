//! Functions from texts to texts.

use super::super::{
    super::{
        arithmetic::show,
        syntax::{Expression, Kind},
    },
    ConfigErrors, Evaluated, Evaluator, Value,
    computing::whole,
};
use crate::mail::domain;

impl Evaluator<'_> {
    /// Functions from text to text; without an argument, of `$_`.
    pub(super) fn simple(
        &mut self,
        offset: usize,
        name: &str,
        arguments: &[Expression],
    ) -> Evaluated {
        let text = if arguments.is_empty() {
            let value = self.variable(offset, "$_")?;
            self.text(value, offset)?
        } else {
            self.text_of(self.only(offset, name, arguments)?)?
        };
        let first = |text: &str, upper: bool| {
            let mut characters = text.chars();
            let first = characters.next().map(|c| {
                if upper {
                    c.to_uppercase().to_string()
                } else {
                    c.to_lowercase().to_string()
                }
            });
            first.unwrap_or_default() + characters.as_str()
        };
        Ok(Value::text(match name {
            "lc" => text.to_lowercase(),
            "uc" => text.to_uppercase(),
            "lcfirst" => first(&text, false),
            "ucfirst" => first(&text, true),
            "length" => text.chars().count().to_string(),
            "int" | "abs" => {
                let number = self.number(Value::Scalar(text), offset)?;
                let number = if name == "int" {
                    number.trunc()
                } else {
                    number.abs()
                };
                show(number)
            }
            "idn_to_utf8" => domain::to_unicode(&text),
            "mail_idn_to_ascii" => domain::address_to_ascii(&text),
            _ => domain::to_ascii(&text),
        }))
    }

    /// Takes the line end away; what is asked of the machine comes without one.
    pub(super) fn chomp(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let target = self.only(offset, "chomp", arguments)?;
        let value = self.scalar(target)?;
        let Value::Scalar(text) = &value else {
            return Ok(value);
        };
        let place = match &target.kind {
            Kind::Assign(_, inner, _) => inner,
            _ => target,
        };
        if let Some(rest) = text.strip_suffix('\n') {
            let rest = Value::text(rest);
            let path = self.path(place)?;
            *self.slot(path)? = rest.clone();
            return Ok(rest);
        }
        Ok(value)
    }

    pub(super) fn join(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let mut texts = Vec::new();
        for value in self.items(arguments)? {
            texts.push(self.text(value, offset)?);
        }
        if texts.is_empty() {
            return Err(self.error(offset, "join takes a text and a list").into());
        }
        let separator = texts.remove(0);
        let text = texts.join(&separator);
        self.grow(offset, text.len())?;
        Ok(Value::Scalar(text))
    }

    pub(super) fn split(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let [separator, rest @ ..] = arguments else {
            return Err(self
                .error(offset, "split takes a pattern and a text")
                .into());
        };
        let text = match rest {
            [text] => self.text_of(text)?,
            [] => {
                let value = self.variable(offset, "$_")?;
                self.text(value, offset)?
            }
            _ => {
                return Err(self
                    .error(offset, "split with a limit is not understood")
                    .into());
            }
        };
        self.grow(offset, text.len() + text.len() * size_of::<Value>())?;
        if matches!(&separator.kind, Kind::Literal(blank) if blank == " ") {
            return Ok(Value::List(
                text.split_whitespace().map(Value::text).collect(),
            ));
        }
        let pattern = self.compiled(separator)?;
        let (mut parts, mut from, mut search) = (Vec::new(), 0, 0);
        while let Some((begin, end)) = pattern
            .find_from(&text, search)
            .map_err(|_| self.error(offset, "the pattern takes too many steps for this text"))?
        {
            let next = |at: usize| {
                let rest = text.get(at..).unwrap_or_default();
                at + rest.chars().next().map_or(1, char::len_utf8)
            };
            if begin == end {
                // Between two characters; not before the first.
                search = next(begin);
                if begin >= text.len() {
                    break;
                }
                if begin > from {
                    parts.push(Value::text(text.get(from..begin).unwrap_or_default()));
                    from = begin;
                }
                continue;
            }
            parts.push(Value::text(text.get(from..begin).unwrap_or_default()));
            (from, search) = (end, end);
        }
        parts.push(Value::text(text.get(from..).unwrap_or_default()));
        while parts.last().is_some_and(|part| part.as_text() == Some("")) {
            parts.pop();
        }
        Ok(Value::List(parts))
    }

    /// `%s`, `%d`, `%x`, `%o`, `%f` with width and precision.
    pub(super) fn sprintf(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let mut values = self.items(arguments)?.into_iter();
        let format = self.text(values.next().unwrap_or_default(), offset)?;
        let mut out = String::new();
        let mut rest = format.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '%');
            let Some((spec, kind)) =
                end.and_then(|end| Some((after.get(..end)?, after.get(end..)?.chars().next()?)))
            else {
                return Err(self.error(offset, "sprintf: % without a letter").into());
            };
            rest = after.get(spec.len() + 1..).unwrap_or_default();
            if kind == '%' {
                out.push('%');
                continue;
            }
            let value = values.next().unwrap_or_default();
            let text = self.formatted(offset, spec, kind, value)?;
            out.push_str(&text);
        }
        out.push_str(rest);
        self.grow(offset, out.len())?;
        Ok(Value::Scalar(out))
    }

    pub(super) fn formatted(
        &self,
        offset: usize,
        spec: &str,
        kind: char,
        value: Value,
    ) -> Result<String, ConfigErrors> {
        let bad = || {
            let what = format!("sprintf: %{spec}{kind} is not understood");
            ConfigErrors::from(self.error(offset, what))
        };
        let flags: String = spec.chars().take_while(|c| "-0+ ".contains(*c)).collect();
        let sizes = spec.get(flags.len()..).unwrap_or_default();
        let (width, precision) = sizes.split_once('.').unwrap_or((sizes, ""));
        let size = |text: &str| match text {
            "" => Ok(None),
            text => text
                .parse::<usize>()
                .ok()
                .filter(|n| *n <= 1000)
                .map(Some)
                .ok_or_else(bad),
        };
        let (width, precision) = (size(width)?.unwrap_or_default(), size(precision)?);
        let text = match kind {
            's' => {
                let text = self.text(value, offset)?;
                text.chars().take(precision.unwrap_or(usize::MAX)).collect()
            }
            'f' => format!("{:.*}", precision.unwrap_or(6), self.number(value, offset)?),
            'd' | 'i' | 'u' => format!("{:.0}", self.number(value, offset)?.trunc()),
            'x' | 'X' | 'o' => {
                let number = whole(self.number(value, offset)?.trunc()).ok_or_else(bad)?;
                match kind {
                    'x' => format!("{number:x}"),
                    'X' => format!("{number:X}"),
                    _ => format!("{number:o}"),
                }
            }
            _ => return Err(bad()),
        };
        Ok(if flags.contains('-') {
            format!("{text:<width$}")
        } else if flags.contains('0') && kind != 's' {
            match text.strip_prefix('-') {
                Some(digits) => format!("-{digits:0>width$}", width = width.saturating_sub(1)),
                None => format!("{text:0>width$}"),
            }
        } else {
            format!("{text:>width$}")
        })
    }
}
