//! A command's text into words, as a shell would split it, before anything is filled in.

use crate::expr::{Fault, Template};

const NEEDS_A_SHELL: &str =
    "a command of several parts, pipes or `$` is a script: write `script:`; or quote the character";

/// The words of a command.
///
/// Quotes are taken off, `${{ }}` stays whole wherever it stands. What only a shell could do is a fault.
pub fn split(text: &str) -> Result<Vec<Template>, Fault> {
    Splitter { text, at: 0, words: vec![], word: None, starts: vec![] }.run()
}

struct Splitter<'t> {
    text: &'t str,
    at: usize,
    words: Vec<String>,
    word: Option<String>,
    starts: Vec<usize>,
}

impl Splitter<'_> {
    fn run(mut self) -> Result<Vec<Template>, Fault> {
        let end = self.text.trim_end().len();
        let mut quote: Option<(char, usize)> = None;
        while let Some(c) = self.text.get(self.at..end).and_then(|rest| rest.chars().next()) {
            let start = self.at;
            if self.text[start..].starts_with("${{") {
                self.hole(end)?;
                continue;
            }
            self.at += c.len_utf8();
            match (quote, c) {
                (Some((open, _)), c) if c == open => quote = None,
                (Some(('"', _)), '\\') => {
                    let next =
                        self.text.get(self.at..end).and_then(|t| t.chars().next()).filter(|c| "\"\\$`".contains(*c));
                    self.at += next.map_or(0, char::len_utf8);
                    self.push(start, next.unwrap_or('\\'));
                }
                (Some(('"', _)), '$')
                    if self.text[self.at..end].starts_with(|n: char| n.is_ascii_alphabetic() || "_{(".contains(n)) =>
                {
                    return Err(Fault::new(start..self.at, "a shell would fill in `$` here, and there is none")
                        .hint("write `${{ name }}`, or `script:`; a plain `$` stands in single quotes"));
                }
                (Some(_), c) => self.push(start, c),
                (None, '\'' | '"') => {
                    self.open(start);
                    quote = Some((c, start));
                }
                (None, '\\') => match self.text.get(self.at..end).and_then(|t| t.chars().next()) {
                    Some(next) => {
                        self.at += next.len_utf8();
                        self.push(start, next);
                    }
                    None => return Err(Fault::new(start..self.at, "nothing stands behind `\\`")),
                },
                (None, '\n') => {
                    return Err(Fault::new(start..self.at, "a second line needs a shell")
                        .hint("write `script:`, or fold one command over lines with `run: >-`"));
                }
                (None, '|' | '&' | ';' | '<' | '>' | '$' | '*' | '`') => {
                    let double = self.text[self.at..end].starts_with(c) && matches!(c, '&' | '|' | '>' | '<');
                    let shown = if double { format!("{c}{c}") } else { c.to_string() };
                    let message = format!("`{shown}` needs a shell, and `run` has none");
                    return Err(Fault::new(start..start + shown.len(), message).hint(NEEDS_A_SHELL));
                }
                (None, c) if c.is_whitespace() => self.close(),
                (None, c) => self.push(start, c),
            }
        }
        if let Some((open, at)) = quote {
            return Err(Fault::new(at..at + 1, format!("the quote `{open}` is not closed")));
        }
        self.close();
        self.finish()
    }

    fn finish(self) -> Result<Vec<Template>, Fault> {
        let Some(first) = self.words.first() else {
            return Err(Fault::new(0..self.text.len(), "the command is empty"));
        };
        let start = self.starts.first().copied().unwrap_or(0);
        if let Some((name, _)) = first.split_once('=')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            let fault = Fault::new(start..start + name.len() + 1, format!("`{name}=` before a command needs a shell"));
            return Err(fault.hint(format!("write `env: {{ {name}: … }}`")));
        }
        let mut words = vec![];
        for (word, start) in self.words.iter().zip(&self.starts) {
            words.push(Template::parse(word).map_err(|fault| fault.shifted(*start))?);
        }
        Ok(words)
    }

    /// `${{ … }}` into the word as it stands.
    fn hole(&mut self, end: usize) -> Result<(), Fault> {
        let start = self.at;
        let mut quote = None;
        let mut close = None;
        for (i, c) in self.text[start..end].char_indices() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, '}') if self.text[start + i..end].starts_with("}}") => {
                    close = Some(start + i + 2);
                    break;
                }
                _ => {}
            }
        }
        let close = close
            .or_else(|| self.text[start..end].find("}}").map(|i| start + i + 2))
            .ok_or_else(|| Fault::new(start..end, "`${{` without its `}}`").hint("write `${{ name }}`"))?;
        let hole = self.text[start..close].to_owned();
        self.open(start);
        if let Some(word) = &mut self.word {
            word.push_str(&hole);
        }
        self.at = close;
        Ok(())
    }

    fn open(&mut self, start: usize) {
        if self.word.is_none() {
            self.starts.push(start);
            self.word = Some(String::new());
        }
    }

    fn push(&mut self, start: usize, c: char) {
        self.open(start);
        if let Some(word) = &mut self.word {
            word.push(c);
        }
    }

    fn close(&mut self) {
        if let Some(word) = self.word.take() {
            self.words.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        split(text).unwrap().iter().map(|t| t.source().to_owned()).collect()
    }

    fn fault(text: &str) -> (String, usize) {
        let fault = split(text).unwrap_err();
        (fault.message, fault.span.start)
    }

    #[test]
    fn words_are_split_before_they_are_filled_in() {
        assert_eq!(
            words("kubectl get deployment/${{ item.deployment }} -n ${{ namespace }} -o json"),
            ["kubectl", "get", "deployment/${{ item.deployment }}", "-n", "${{ namespace }}", "-o", "json"]
        );
        assert_eq!(words("echo 'a  b' \"c d\" e\\ f '' \"it's\""), ["echo", "a  b", "c d", "e f", "", "it's"]);
        assert_eq!(words("echo \"${{ a['x}}y'] }} z\"\n"), ["echo", "${{ a['x}}y'] }} z"]);
        assert_eq!(
            words("docker ps --format '{{.Names}}' 'a|b' \\*"),
            ["docker", "ps", "--format", "{{.Names}}", "a|b", "*"]
        );
        assert_eq!(words("psql -c 'select $1'"), ["psql", "-c", "select $1"]);
    }

    #[test]
    fn what_needs_a_shell_is_a_fault_where_it_stands() {
        for (text, at) in [
            ("a | b", 2),
            ("a && b", 2),
            ("a; b", 1),
            ("a > b", 2),
            ("echo $x", 5),
            ("ls *", 3),
            ("a\nb", 1),
            ("echo \"$HOME\"", 6),
            ("echo `x`", 5),
            ("A=1 b", 0),
        ] {
            assert_eq!(fault(text).1, at, "{text}");
        }
        assert_eq!(fault("a && b").0, "`&&` needs a shell, and `run` has none");
        assert_eq!(fault("echo 'x").0, "the quote `'` is not closed");
        assert_eq!(fault("  ").0, "the command is empty");
    }
}
