//! From Perl's way of writing patterns to that of the engines.
//!
//! # Source
//! ecosystem.md A.8; perlre(1).

/// Translates a pattern; its flags are put in front of it.
///
/// # Errors
/// The construct that has no counterpart.
pub(super) fn translate(source: &str, flags: &str) -> Result<String, String> {
    let mut translation = Translation {
        rest: source.chars().peekable(),
        out: String::with_capacity(source.len() + 16),
        multi_line: flags.contains('m'),
        extended: flags.contains('x'),
        scopes: Vec::new(),
    };
    let kept: String = flags
        .chars()
        .filter(|flag| "imsx".contains(*flag))
        .collect();
    if !kept.is_empty() {
        translation.out.push_str(&format!("(?{kept})"));
    }
    while let Some(character) = translation.rest.next() {
        translation.take(character)?;
    }
    Ok(translation.out)
}

/// True for what the linear engine takes, but with another meaning: possessive repetition.
pub(super) fn needs_backtracking(translated: &str) -> bool {
    let mut escaped = false;
    let mut in_class = false;
    let mut before = ' ';
    for character in translated.chars() {
        let is_escaped = std::mem::take(&mut escaped);
        match character {
            _ if is_escaped => {}
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '+' if !in_class && matches!(before, '+' | '*' | '?' | '}') => return true,
            _ => {}
        }
        // An escaped sign repeats nothing.
        before = if is_escaped { 'x' } else { character };
    }
    false
}

struct Translation<'s> {
    rest: std::iter::Peekable<std::str::Chars<'s>>,
    out: String,
    multi_line: bool,
    extended: bool,
    /// `multi_line` and `extended` outside each open group.
    scopes: Vec<(bool, bool)>,
}

impl Translation<'_> {
    fn take(&mut self, character: char) -> Result<(), String> {
        match character {
            '\\' => self.escape()?,
            '[' => self.class()?,
            '(' => self.group()?,
            ')' => {
                if let Some((multi_line, extended)) = self.scopes.pop() {
                    self.multi_line = multi_line;
                    self.extended = extended;
                }
                self.out.push(')');
            }
            // Before a line end at the end of the text, too.
            '$' if !self.multi_line => self.out.push_str("(?:\\n?\\z)"),
            '{' => self.brace(),
            '#' if self.extended => while self.rest.next_if(|&c| c != '\n').is_some() {},
            other => self.out.push(other),
        }
        Ok(())
    }

    /// A repetition, or a brace that stands for itself.
    fn brace(&mut self) {
        let inner: String = self.rest.clone().take_while(|&c| c != '}').collect();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_repetition = match inner.split_once(',') {
            Some((from, to)) => is_number(from) && (to.is_empty() || is_number(to)),
            None => is_number(&inner),
        };
        self.out.push_str(if is_repetition { "{" } else { "\\{" });
        if is_repetition {
            // With its closing brace, which alone would stand for itself.
            for _ in 0..=inner.chars().count() {
                self.out.extend(self.rest.next());
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(character) = self.rest.next() else {
            return Err("the pattern ends in a backslash".to_owned());
        };
        match character {
            'h' => self.out.push_str("[\\t\\x20\\u{a0}]"),
            'H' => self.out.push_str("[^\\t\\x20\\u{a0}]"),
            'v' => self.out.push_str("[\\n\\x0b\\x0c\\r\\u{85}]"),
            'N' => self.out.push_str("[^\\n]"),
            'R' => self.out.push_str("(?:\\r\\n|[\\n\\x0b\\x0c\\r\\u{85}])"),
            'Z' => self.out.push_str("(?:\\n?\\z)"),
            'e' => self.out.push_str("\\x1b"),
            'Q' => self.quoted(),
            'E' => {}
            '0' => self.octal(),
            '1'..='9' => {
                self.out.push('\\');
                self.out.push(character);
                while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
                    self.out.push(digit);
                }
            }
            'C' | 'X' | 'G' | 'g' => {
                return Err(format!("\\{character} in a pattern is not understood"));
            }
            other if other.is_ascii_alphabetic() => self.named(other),
            other => literal(other, &mut self.out),
        }
        Ok(())
    }

    /// `\x{41}`, `\p{L}`: what is in the braces belongs to the letter.
    fn named(&mut self, letter: char) {
        self.out.push('\\');
        self.out.push(letter);
        if "xpPkN".contains(letter) && self.rest.peek() == Some(&'{') {
            for character in self.rest.by_ref() {
                self.out.push(character);
                if character == '}' {
                    break;
                }
            }
        }
    }

    /// `\Q...\E`
    fn quoted(&mut self) {
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.peek() == Some(&'E') {
                self.rest.next();
                return;
            }
            literal(character, &mut self.out);
        }
    }

    /// `\0`, `\012`
    fn octal(&mut self) {
        let mut code = 0;
        for _ in 0..2 {
            let Some(digit) = self.rest.next_if(|c| ('0'..='7').contains(c)) else {
                break;
            };
            code = code * 8 + digit.to_digit(8).unwrap_or_default();
        }
        self.out.push_str(&format!("\\x{{{code:x}}}"));
    }

    /// `[...]`: no classes in classes, and no operations on them.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str("\\]");
        }
        while let Some(character) = self.rest.next() {
            match character {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.peek() == Some(&':') => {
                    self.out.push('[');
                    for inner in self.rest.by_ref() {
                        self.out.push(inner);
                        if inner == ']' {
                            break;
                        }
                    }
                }
                '[' => self.out.push_str("\\["),
                '&' | '~' => literal(character, &mut self.out),
                '-' if self.rest.peek() == Some(&'-') => self.out.push_str("\\-"),
                ' ' | '#' | '\n' | '\t' if self.extended => {
                    // Blanks in classes count for Perl, not for the engine.
                    self.out
                        .push_str(&format!("\\x{{{:x}}}", u32::from(character)));
                }
                '\\' => self.class_escape()?,
                other => self.out.push(other),
            }
        }
        Err("a class of the pattern is not ended".to_owned())
    }

    fn class_escape(&mut self) -> Result<(), String> {
        match self.rest.next() {
            None => return Err("the pattern ends in a backslash".to_owned()),
            Some('h') => self.out.push_str("\\t\\x20\\u{a0}"),
            Some('v') => self.out.push_str("\\n\\x0b\\x0c\\r\\u{85}"),
            Some('b') => self.out.push_str("\\x08"),
            Some('e') => self.out.push_str("\\x1b"),
            Some('0') => self.octal(),
            Some(digit @ '1'..='7') => {
                let mut code = digit.to_digit(8).unwrap_or_default();
                while let Some(digit) = self.rest.next_if(|c| ('0'..='7').contains(c)) {
                    code = (code * 8 + digit.to_digit(8).unwrap_or_default()) & 0x1ff;
                }
                self.out.push_str(&format!("\\x{{{code:x}}}"));
            }
            Some(other) if other.is_ascii_alphabetic() => self.named(other),
            Some(other) => literal(other, &mut self.out),
        }
        Ok(())
    }

    /// What follows an opening bracket.
    fn group(&mut self) -> Result<(), String> {
        self.scopes.push((self.multi_line, self.extended));
        self.out.push('(');
        if self.rest.peek() == Some(&'*') {
            return Err("(*VERB) in a pattern is not understood".to_owned());
        }
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        match self.rest.peek() {
            Some('R' | '0'..='9' | '&' | '+') => {
                Err("recursion in a pattern is not understood".to_owned())
            }
            Some('|') => Err("(?|...) in a pattern is not understood".to_owned()),
            Some('{' | '?') => Err("code in a pattern is not run".to_owned()),
            Some('#') => {
                // A comment.
                self.out.pop();
                self.scopes.pop();
                while self.rest.next().is_some_and(|c| c != ')') {}
                Ok(())
            }
            Some('^' | 'a'..='z' | '-') => self.flags(),
            _ => {
                self.out.push('?');
                Ok(())
            }
        }
    }

    /// `(?i)`, `(?i:`, `(?^i:`, `(?i-s:`
    fn flags(&mut self) -> Result<(), String> {
        let mut on = true;
        let (mut set, mut cleared) = (String::new(), String::new());
        loop {
            match self.rest.next() {
                Some('^') => {
                    cleared.push_str("imsx");
                    self.multi_line = false;
                    self.extended = false;
                }
                Some('-') => on = false,
                Some(flag @ ('i' | 'm' | 's' | 'x')) => {
                    match flag {
                        'm' => self.multi_line = on,
                        'x' => self.extended = on,
                        _ => {}
                    }
                    cleared.retain(|known| known != flag);
                    if on { &mut set } else { &mut cleared }.push(flag);
                }
                Some('a' | 'u' | 'l' | 'd' | 'n' | 'p') => {}
                Some(end @ (':' | ')')) => {
                    let minus = if cleared.is_empty() { "" } else { "-" };
                    self.out.push_str(&if set.is_empty() && cleared.is_empty() {
                        if end == ':' { "?:" } else { "?:)" }.to_owned()
                    } else {
                        format!("?{set}{minus}{cleared}{end}")
                    });
                    if end == ')' {
                        // They hold until the group around them ends.
                        self.scopes.pop();
                    }
                    return Ok(());
                }
                Some(other) => {
                    return Err(format!("(?{other} in a pattern is not understood"));
                }
                None => return Err("a group of the pattern is not ended".to_owned()),
            }
        }
    }
}

/// A character that stands for itself, whatever the flags.
fn literal(character: char, out: &mut String) {
    match character {
        // `\<` and `\>` are edges of words to the engine.
        '<' | '>' => out.push(character),
        ' ' | '#' | '\n' | '\t' => out.push_str(&format!("\\x{{{:x}}}", u32::from(character))),
        other if other.is_ascii_punctuation() => {
            out.push('\\');
            out.push(other);
        }
        other => out.push(other),
    }
}
