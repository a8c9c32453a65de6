//! What no text of a look may hold: codes, tokens, cookies, passwords.

use super::super::ctx::short;

/// The secrets of one walk.
#[derive(Debug, Default)]
pub(super) struct Hush(Vec<String>);

impl Hush {
    /// Notes a secret, and gives it back.
    pub fn keep(&mut self, secret: String) -> String {
        // What is shorter stands in ordinary words.
        if secret.len() >= 4 && !self.0.contains(&secret) {
            self.0.push(secret.clone());
        }
        secret
    }

    /// A server's words, short, without secrets and without anything that looks like one.
    pub fn hide(&self, text: &str) -> String {
        let mut text = short(text, 400);
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        for secret in secrets {
            text = text.replace(secret.as_str(), "***");
        }
        let words: Vec<String> = text.split(' ').map(|word| bare(word).to_owned()).collect();
        short(&words.join(" "), 160)
    }
}

/// A word, or `***` for a long run of letters and digits, as codes and tokens are.
fn bare(word: &str) -> &str {
    let is_of = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    let long = word.split(|c| !is_of(c)).any(|run| {
        run.len() >= 24 && run.contains(|c: char| c.is_ascii_digit()) && run.contains(|c: char| c.is_ascii_alphabetic())
    });
    if long { "***" } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_what_looks_like_one_are_hidden() {
        let mut hush = Hush::default();
        hush.keep("hunter2".into());
        hush.keep("abc".into());
        assert_eq!(
            hush.hide("wrong password hunter2 for code=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5 of client flightdeck-smoke, abc"),
            "wrong password *** for *** of client flightdeck-smoke, abc"
        );
    }
}
