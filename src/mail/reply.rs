//! SMTP replies as values.
//!
//! # Guards
//! I9/I10: the text of a reply never holds a control octet other than the `\n` between its lines.
//!
//! # Source
//! RFC 5321 section 4.2, RFC 3463.

use std::{borrow::Cow, fmt};

/// Enhanced status code, such as `2.1.5`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// 0-999.
    pub subject: u16,
    /// 0-999.
    pub detail: u16,
}

impl Enhanced {
    /// Builds a code; a class other than 2, 4, 5 is the caller's mistake and shows as such on the wire.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self {
            class,
            subject,
            detail,
        }
    }

    /// Splits `2.1.5 rest` into the code and `rest`; `None` if the text does not begin with a code.
    #[must_use]
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut numbers = word.split('.');
        let class = match numbers.next()? {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let (subject, detail) = (
            short_number(numbers.next()?)?,
            short_number(numbers.next()?)?,
        );
        numbers.next().is_none().then_some((
            Self {
                class,
                subject,
                detail,
            },
            rest,
        ))
    }
}

/// One to three digits.
fn short_number(text: &str) -> Option<u16> {
    let fits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One reply: code, enhanced code, text. Lines of the text are separated by `\n`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    code: u16,
    enhanced: Option<Enhanced>,
    text: Cow<'static, str>,
}

impl Reply {
    /// Builds a reply. Control characters in `text` become `?`; a `\n` stays and starts a new line.
    #[must_use]
    pub fn new(code: u16, enhanced: Option<Enhanced>, text: impl Into<Cow<'static, str>>) -> Self {
        let mut text = text.into();
        if text.bytes().any(|b| (b < 0x20 && b != b'\n') || b == 0x7F) {
            text = text
                .chars()
                .map(|c| {
                    if c.is_ascii_control() && c != '\n' {
                        '?'
                    } else {
                        c
                    }
                })
                .collect();
        }
        Self {
            code,
            enhanced,
            text,
        }
    }

    /// Builds a reply with an enhanced code whose class is the first digit of `code`.
    #[must_use]
    pub fn status(
        code: u16,
        subject: u16,
        detail: u16,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        let class = match code / 100 {
            2 => 2,
            4 => 4,
            _ => 5,
        };
        Self::new(code, Some(Enhanced::new(class, subject, detail)), text)
    }

    /// Three-digit code.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// Enhanced code, if the reply has one.
    #[must_use]
    pub const fn enhanced(&self) -> Option<Enhanced> {
        self.enhanced
    }

    /// Text without codes.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 2xx
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

/// `250 2.0.0 text`; lines of a longer text are joined by a blank.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        for line in self.text.split('\n').filter(|line| !line.is_empty()) {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_told_from_text() {
        assert_eq!(
            Enhanced::split("2.1.5 Ok"),
            Some((Enhanced::new(2, 1, 5), "Ok"))
        );
        assert_eq!(
            Enhanced::split("5.999.0"),
            Some((Enhanced::new(5, 999, 0), ""))
        );
        for text in [
            "Ok",
            "3.1.5 x",
            "2.1 x",
            "2.1.5.6 x",
            "2.1.1234 x",
            "2..1 x",
            "2.1.x y",
            "",
            "2.+1.3 x",
        ] {
            assert_eq!(Enhanced::split(text), None, "{text}");
        }
    }

    #[test]
    fn no_control_character_survives_in_a_reply() {
        let reply = Reply::status(550, 7, 1, "a\rb\0c\nd\x7f");
        assert_eq!(reply.text(), "a?b?c\nd?");
        assert_eq!(reply.to_string(), "550 5.7.1 a?b?c d?");
    }
}
