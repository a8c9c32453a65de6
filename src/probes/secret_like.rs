//! What looks like a secret in an environment, whoever holds it.

/// Words of names whose values are secret.
const WORDS: [&str; 8] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "KEY"];

/// Whether a `NAME=value` holds what should come from a file: a name that says so with a value that is no path, or a
/// URL with a password in it.
pub(super) fn is_secret_like(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.to_ascii_uppercase();
    let by_name = WORDS.iter().any(|word| name.split('_').any(|part| part == *word || part == format!("{word}S")));
    let by_file =
        name.ends_with("_FILE") || name.ends_with("_PATH") || value.starts_with('/') || value.starts_with("file:");
    !value.is_empty() && ((by_name && !by_file) || has_password(value))
}

/// `scheme://user:password@host`.
fn has_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_come_from_a_file_is_found_and_nothing_else() {
        for line in [
            "POSTGRES_PASSWORD=x",
            "GF_SECURITY_ADMIN_PASSWORD=admin",
            "API_KEY=abc",
            "client_secret=1",
            "DATABASE_URL=postgres://app:hunter2@db:5432/app",
            "AWS_TOKENS=a,b",
        ] {
            assert!(is_secret_like(line), "{line}");
        }
        for line in [
            "POSTGRES_PASSWORD_FILE=/run/secrets/pw",
            "POSTGRES_PASSWORD=",
            "TLS_KEY=/certs/key.pem",
            "MONKEY=banana",
            "DATABASE_URL=postgres://app@db/app",
            "DATABASE_URL=file:///run/secrets/url",
            "PATH=/bin",
            "KEYSTORE=jks",
            "no equals",
        ] {
            assert!(!is_secret_like(line), "{line}");
        }
    }
}
