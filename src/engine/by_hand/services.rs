//! Looks at identity services and at a KMS, as a person makes them.

use std::fmt::Write as _;

use super::command::{partly, word};
use crate::expr::{Scope, Template};
use crate::runbook::kinds::{Kms, Oauth};

/// Where to log in, and what to ask with the token.
pub(super) fn oauth(oauth: &Oauth, scope: &dyn Scope) -> String {
    let fill = |template: &Template| partly(template, scope);
    let path = |path: &Option<Template>, default: &str| path.as_ref().map_or_else(|| default.to_owned(), fill);
    let url = fill(&oauth.url);
    let mut text = format!(
        "the code flow with PKCE: {url}{} with client {} and redirect {}, log in as {}, take the token at {}, ask {} for it",
        path(&oauth.authorize, "/oauth2/v1/authorize"),
        fill(&oauth.client),
        fill(&oauth.redirect),
        fill(&oauth.user),
        path(&oauth.token, "/oauth2/v1/token"),
        path(&oauth.introspect, "/oauth2/v1/introspect"),
    );
    if let Some(resource) = &oauth.resource {
        let _ = write!(text, "; {} with it (200), without (401), with another scope (403)", fill(resource));
    }
    for forbidden in &oauth.forbidden {
        let _ = write!(text, "; {} with it (403)", fill(forbidden));
    }
    let _ = write!(text, "; {} takes it back", path(&oauth.revoke, "/oauth2/v1/revoke"));
    text
}

/// The command that makes a key; what to do with it stands behind it.
pub(super) fn kms(kms: &Kms, scope: &dyn Scope) -> String {
    let fill = |template: &Template| partly(template, scope);
    let or = |text: &Option<Template>, default: &str| text.as_ref().map_or_else(|| default.to_owned(), fill);
    let mut line = String::from("curl --silent --show-error --fail");
    let options = [("--cacert", &kms.ca), ("--cert", &kms.cert), ("--key", &kms.key), ("--user", &kms.basic_auth)];
    for (option, value) in options.into_iter().filter_map(|(o, v)| Some((o, v.as_ref()?))) {
        let _ = write!(line, " {option} {}", word(&fill(value)));
    }
    if let Some(bearer) = &kms.bearer {
        let _ = write!(line, " --header {}", word(&format!("Authorization: Bearer {}", fill(bearer))));
    }
    let body = format!(
        r#"{{"name":"{}-by-hand","description":"by hand","algorithm":"{}","provider":"Internal","import_allowed":false,"versioning_allowed":true}}"#,
        or(&kms.name, "flightdeck"),
        or(&kms.algorithm, "A256GCM/A256KW"),
    );
    let keys = format!("{}/{}", fill(&kms.url).trim_end_matches('/'), or(&kms.path, "/elastickey").trim_matches('/'));
    let _ = write!(line, " --header 'Content-Type: application/json' --data {} {}", word(&body), word(&keys));
    let _ = write!(
        line,
        "  # then POST to {keys}/ID/encrypt, /decrypt (text/plain) and /generate?alg={}",
        or(&kms.generate, "oct/256")
    );
    line
}
