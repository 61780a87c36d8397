//! Numbers: what operators make of them, and how the original language prints them.

use super::syntax::Operator;

/// Arithmetic; `None` for a division by zero.
pub(super) fn calculate(operator: Operator, left: f64, right: f64) -> Option<f64> {
    Some(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide if right == 0.0 => return None,
        Operator::Divide => left / right,
        Operator::Remainder => return remainder(left.trunc(), right.trunc()),
        Operator::Power => left.powf(right),
        // These are no arithmetic.
        _ => return None,
    })
}

/// The remainder of whole numbers, with the sign of the right one.
fn remainder(left: f64, right: f64) -> Option<f64> {
    let rest = left % right;
    match right {
        0.0 => None,
        _ if rest != 0.0 && (rest < 0.0) != (right < 0.0) => Some(rest + right),
        _ => Some(rest),
    }
}

/// A number as Perl prints it: with up to 15 digits that count, without a fraction if there is none, and without the sign of a
/// zero.
pub(super) fn show(number: f64) -> String {
    let number = number + 0.0;
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let scientific = format!("{number:.14e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-5..15).contains(&exponent) {
        let decimals = usize::try_from(14 - exponent).unwrap_or_default();
        return without_zeros(&format!("{number:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!(
        "{}e{sign}{:02}",
        without_zeros(digits),
        exponent.unsigned_abs()
    )
}

/// Without the zeros at the end of a fraction.
fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// A number that can be a count.
pub(super) fn whole(number: f64) -> Option<usize> {
    if number.fract() == 0.0 && (0.0..1e15).contains(&number) {
        format!("{number:.0}").parse().ok()
    } else {
        None
    }
}
