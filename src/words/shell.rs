//! Commands as people read and type them.

/// A command's words as a shell reads them back.
pub fn shell_words(words: &[String]) -> String {
    words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell reads it back, quoted only where it must be.
pub fn shell_word(word: &str) -> String {
    // An option with a value is no assignment: `--timeout=120s` is read better without quotes.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+:,./-=".contains(c);
    if word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // A word with a zero byte cannot be typed; it cannot be run either.
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), |quoted| quoted.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        let words = ["kubectl", "--timeout=2m", "-n", "a b", "A=1", "$HOME", "it's", ""].map(str::to_owned);
        let line = shell_words(&words);
        assert!(line.starts_with("kubectl --timeout=2m -n "), "{line}");
        assert_eq!(shlex::split(&line).unwrap(), words);
        assert_ne!(shell_word("A=1"), "A=1", "an assignment before a command would be taken as one");
    }
}
