//! What must hold for every input, whoever makes it: the property tests and the fuzz targets (tests/fuzz) ask the same questions.

pub mod address;
pub mod ampdp;
pub mod config;
pub mod contents;
pub mod data;
pub mod header;
pub mod next_hop;
pub mod parts;
pub mod pattern;
pub mod server;
pub mod template;

/// Cuts `input` into pieces whose lengths follow `cuts` in turn; without cuts it stays whole.
pub fn pieces<'i>(input: &'i [u8], cuts: &[u8]) -> Vec<&'i [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), input);
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            return pieces;
        }
        let (piece, tail) = rest.split_at((usize::from(*cut) + 1).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}
