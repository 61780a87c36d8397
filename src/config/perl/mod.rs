//! The original's own configuration language: the part of Perl that such files use to say what is so.
//!
//! Nothing is run: the evaluator knows assignments, literals, operators, conditions and loops over lists, and a few functions. It
//! reads the files that these name, and nothing else of the machine. Everything else is an error that shows the construct and its
//! place.
//!
//! # Source
//! daemon.md 8.2 (grammar), 8.5 (what is beyond it).

mod arithmetic;
mod commands;
mod evaluate;
mod lexer;
mod parser;
mod syntax;
mod templates;
mod world;

pub use world::{Machine, Nowhere, World};

use super::{error::ConfigErrors, raw::RawConfig};

/// Reads `text`, the content of `file`, into `config`: as if the files before were part of it. `world` is what it may learn of the
/// machine.
///
/// # Errors
/// The first thing that is not understood; `config` may hold what came before.
pub fn read(
    file: &str,
    text: &str,
    config: &mut RawConfig,
    world: &dyn World,
) -> Result<(), ConfigErrors> {
    let tokens = lexer::tokens(file, text)?;
    let statements = parser::statements(file, text, &tokens)?;
    let mut spent = evaluate::Spent::default();
    evaluate::run(file, text, &statements, config, world, &mut spent)
}

#[cfg(test)]
mod tests;
