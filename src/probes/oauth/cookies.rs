//! The cookies of one walk: set by answers, sent back to the hosts and paths that they are for.

use reqwest::Url;
use reqwest::header::{HeaderMap, SET_COOKIE};

use super::super::client::is_loopback;

/// A cookie as a browser keeps it.
#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// Only for exactly this host: no `Domain` was given.
    host_only: bool,
    path: String,
    secure: bool,
}

/// The cookies of one walk, forgotten after it.
#[derive(Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    /// Keeps what an answer of this address sets, and forgets what it takes back.
    pub fn keep(&mut self, from: &Url, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let Some((cookie, gone)) = read(from, line) else { continue };
            self.0.retain(|c| (&c.name, &c.domain, &c.path) != (&cookie.name, &cookie.domain, &cookie.path));
            if !gone {
                self.0.push(cookie);
            }
        }
    }

    /// The `Cookie` header for an address, if there is any cookie for it.
    pub fn header(&self, to: &Url) -> Option<String> {
        let mut sent: Vec<&Cookie> = self.0.iter().filter(|c| c.is_for(to)).collect();
        // As browsers do: the most special path first.
        sent.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let pairs: Vec<String> = sent.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The values, which no text may hold.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|c| c.value.as_str())
    }
}

impl Cookie {
    fn is_for(&self, to: &Url) -> bool {
        let host = to.host_str().unwrap_or_default();
        let domain = host == self.domain
            || (!self.host_only && host.strip_suffix(&self.domain).is_some_and(|front| front.ends_with('.')));
        let path = to.path();
        let below = path == self.path
            || path.strip_prefix(&self.path).is_some_and(|rest| self.path.ends_with('/') || rest.starts_with('/'));
        // Ports share cookies. Browsers take loopback for a safe place, too.
        domain && below && (!self.secure || to.scheme() == "https" || is_loopback(host))
    }
}

/// A `Set-Cookie` line, and whether it takes the cookie back.
fn read(from: &Url, line: &str) -> Option<(Cookie, bool)> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
        domain: from.host_str()?.to_owned(),
        host_only: true,
        path: default_path(from.path()),
        secure: false,
    };
    let mut gone = false;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => cookie.secure = true,
            "path" if value.starts_with('/') => cookie.path = value.to_owned(),
            "max-age" => gone = value.parse::<i64>().is_ok_and(|age| age <= 0),
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                let within = cookie.domain == domain || cookie.domain.ends_with(&format!(".{domain}"));
                if !within || domain.is_empty() {
                    return None;
                }
                (cookie.domain, cookie.host_only) = (domain, false);
            }
            _ => {}
        }
    }
    (!cookie.name.is_empty()).then_some((cookie, gone))
}

/// The folder of a path, as RFC 6265, 5.1.4 has it.
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".into(),
        Some(end) => path[..end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn jar(from: &str, lines: &[&str]) -> Jar {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, line.parse().unwrap());
        }
        let mut jar = Jar::default();
        jar.keep(&url(from), &headers);
        jar
    }

    #[test]
    fn cookies_go_where_they_belong_and_nowhere_else() {
        let jar = jar(
            "https://login.example.com/oidc/v1/login",
            &[
                "csrf=1; Path=/; Secure; HttpOnly",
                "deep=2",
                "wide=3; Domain=.example.com; Path=/",
                "evil=4; Domain=other.org",
            ],
        );
        let sent = |to: &str| jar.header(&url(to));
        assert_eq!(sent("https://login.example.com/oidc/v1/consent").as_deref(), Some("deep=2; csrf=1; wide=3"));
        assert_eq!(sent("https://login.example.com/").as_deref(), Some("csrf=1; wide=3"));
        assert_eq!(sent("http://login.example.com/").as_deref(), Some("wide=3"), "secure ones not in the clear");
        assert_eq!(sent("https://api.example.com/").as_deref(), Some("wide=3"));
        assert_eq!(sent("https://badexample.com/"), None);
        assert_eq!(sent("https://login.example.com/oidc/v11").as_deref(), Some("csrf=1; wide=3"));
    }

    #[test]
    fn a_cookie_is_replaced_and_taken_back() {
        let mut jar = jar("http://127.0.0.1:1/", &["a=1; Secure", "b=1"]);
        assert_eq!(jar.header(&url("http://127.0.0.1:2/")).as_deref(), Some("a=1; b=1"));
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, "a=2".parse().unwrap());
        headers.append(SET_COOKIE, "b=; Max-Age=0".parse().unwrap());
        jar.keep(&url("http://127.0.0.1:1/"), &headers);
        assert_eq!(jar.header(&url("http://127.0.0.1:1/")).as_deref(), Some("a=2"));
    }
}
