//! What a plain scalar is to YAML 1.2, and what it would be to its neighbours.

/// A plain scalar as YAML 1.2's core schema sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that reads back as it was written: `8080`, `-3`, `2.5`.
    Number,
    /// A number that does not: `1.10`, `0640`, `1e3`, `0x1F`, `.5`.
    BentNumber,
    /// A word that older YAML takes for a truth: `yes`, `off`, `True`.
    OldBool(bool),
    /// A text.
    Text,
}

/// What a plain scalar is.
pub fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" => return Plain::Bool(true),
        "false" => return Plain::Bool(false),
        _ => {}
    }
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => return Plain::OldBool(true),
        "no" | "off" | "false" => return Plain::OldBool(false),
        _ => {}
    }
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !body.contains(|c: char| c.is_ascii_digit()) {
        return Plain::Text;
    }
    if let Some(hex) = body.strip_prefix("0x") {
        return if !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit()) {
            Plain::BentNumber
        } else {
            Plain::Text
        };
    }
    if let Some(octal) = body.strip_prefix("0o") {
        return if !octal.is_empty() && octal.chars().all(|c| ('0'..='7').contains(&c)) {
            Plain::BentNumber
        } else {
            Plain::Text
        };
    }
    if !body.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
        || body.parse::<f64>().is_err()
    {
        return Plain::Text;
    }
    let (whole, fraction) = body.split_once('.').unwrap_or((body, "0.1"));
    let digits = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
    let straight = digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && (fraction == "0.1" || (digits(fraction) && !fraction.ends_with('0')))
        && !text.starts_with('+')
        && whole.len() <= 15;
    if straight { Plain::Number } else { Plain::BentNumber }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_and_false_are_truths() {
        assert_eq!(plain("true"), Plain::Bool(true));
        assert_eq!(plain("yes"), Plain::OldBool(true));
        assert_eq!(plain("Off"), Plain::OldBool(false));
        assert_eq!(plain("True"), Plain::OldBool(true));
    }

    #[test]
    fn numbers_that_change_when_read_are_bent() {
        for straight in ["0", "8080", "-3", "2.5", "0.05"] {
            assert_eq!(plain(straight), Plain::Number, "{straight}");
        }
        for bent in ["1.10", "0640", "1e3", "0x1F", ".5", "+5", "1.0", "0o17", "12345678901234567890"] {
            assert_eq!(plain(bent), Plain::BentNumber, "{bent}");
        }
        for text in ["1.2.3", "5m", "5%", "-", "v1", "2025-11-24", "e3", "1_000"] {
            assert_eq!(plain(text), Plain::Text, "{text}");
        }
    }
}
