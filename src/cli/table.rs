//! Tables for people.

use crate::sys::terminal;

/// A column's side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Left,
    Right,
}

/// Colours, if standard output is a terminal and nobody forbade them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Colours {
    on: bool,
}

impl Colours {
    pub(super) fn detect() -> Self {
        Self {
            on: terminal::output_is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }
}

/// A table that is printed as a whole.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(columns: &[(&'static str, Side)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, heading first; `paint` may colour a cell that is padded already.
    pub(super) fn lines(
        &self,
        colours: Colours,
        paint: impl Fn(usize, &str, String) -> String,
    ) -> Vec<String> {
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let heading: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let mut lines = vec![colours.bold(&self.line(&heading, &widths, |_, _, cell| cell))];
        lines.extend(self.rows.iter().map(|row| self.line(row, &widths, &paint)));
        lines
    }

    fn line(
        &self,
        cells: &[String],
        widths: &[usize],
        paint: impl Fn(usize, &str, String) -> String,
    ) -> String {
        let last = cells.len().saturating_sub(1);
        let padded = cells.iter().zip(widths).zip(&self.columns).enumerate().map(
            |(at, ((cell, width), (_, side)))| {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                let text = match side {
                    Side::Left if at == last => cell.clone(),
                    Side::Left => format!("{cell}{pad}"),
                    Side::Right => format!("{pad}{cell}"),
                };
                paint(at, cell, text)
            },
        );
        padded.collect::<Vec<_>>().join("  ")
    }

    fn width(&self, at: usize) -> usize {
        let heading = self
            .columns
            .get(at)
            .map_or(0, |(name, _)| name.chars().count());
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(heading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&[
            ("name", Side::Left),
            ("n", Side::Right),
            ("note", Side::Left),
        ]);
        table.add(vec!["a".into(), "10".into(), "x".into()]);
        table.add(vec!["longer".into(), "7".into(), "y z".into()]);
        let lines = table.lines(Colours { on: false }, |_, _, cell| cell);
        assert_eq!(
            lines,
            ["name     n  note", "a       10  x", "longer   7  y z"]
        );
    }
}
