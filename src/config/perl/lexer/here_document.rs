//! Texts that begin on the line after the one that announces them.

use super::{ConfigError, Lexer, TokenKind, name_length};

impl Lexer<'_> {
    /// `<<'EOD'`, `<<"EOD"`, `<<EOD`, each with `~` to take the indentation away.
    pub(super) fn here_document(&mut self, offset: usize) -> Result<TokenKind, ConfigError> {
        let rest = self.rest().get(2..).unwrap_or_default();
        let (is_indented, rest) = match rest.strip_prefix('~') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let quote = rest.chars().next().filter(|c| *c == '\'' || *c == '"');
        let (mark, used) = match quote {
            Some(quote) => {
                let inner = rest.get(1..).unwrap_or_default();
                let length = inner.find(quote).unwrap_or(inner.len());
                (inner.get(..length).unwrap_or_default(), length + 2)
            }
            None => (
                rest.get(..name_length(rest)).unwrap_or_default(),
                name_length(rest),
            ),
        };
        if used == 0 || mark.contains('\n') {
            return Err(self.error(offset, "<< needs a word that ends the text"));
        }
        self.at += 2 + usize::from(is_indented) + used;
        let line_end = self
            .rest()
            .find('\n')
            .map_or(self.text.len(), |at| self.at + at);
        // A second one on the same line comes after the first.
        let begin = match self.here_document {
            Some((line, end)) if line == line_end => end,
            _ => line_end + 1,
        };
        let text = self.text.get(begin..).unwrap_or_default();
        let mut end = begin;
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            let found = if is_indented { bare.trim_start() } else { bare } == mark;
            if found {
                self.here_document = Some((line_end, end + line.len()));
                let body = self.text.get(begin..end).unwrap_or_default();
                let body = if is_indented {
                    unindented(body)
                } else {
                    body.to_owned()
                };
                return Ok(if quote == Some('\'') {
                    TokenKind::Literal(body)
                } else {
                    TokenKind::Interpolated(body, begin)
                });
            }
            end += line.len();
        }
        Err(self.error(offset, format!("the text is not ended by a line {mark}")))
    }
}

/// Lines without the blanks that all of them begin with.
fn unindented(text: &str) -> String {
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let least = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(blanks)
        .min()
        .unwrap_or_default();
    let lines = text.split_inclusive('\n');
    lines
        .map(|line| line.get(least.min(blanks(line))..).unwrap_or_default())
        .collect()
}
