//! The simulated identity services' memory: authorization requests, codes, tokens, sessions.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sandbox::world::clock::Millis;

/// The only client of this world; the demo client of the real bootstrap is not in it.
pub const CLIENT: &str = "flightdeck-smoke";
/// Its redirect address; nothing listens there.
pub const REDIRECT: &str = "https://127.0.0.1:8093/callback";
/// Scopes that it may hold.
pub const SCOPES: [&str; 4] = ["openid", "profile", "email", "read:resource"];
/// Its user.
pub const USER: &str = "flightdeck";
/// How long a code lives, in world milliseconds (300 s, as the real one).
pub const CODE_LIVES: Millis = 300_000;
/// How long an access token lives (3600 s).
pub const TOKEN_LIVES: Millis = 3_600_000;

/// An authorization request on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `request_id` of the login and consent forms.
    pub id: String,
    /// Client.
    pub client: String,
    /// Redirect address, exactly one of the client's.
    pub redirect: String,
    /// Scopes asked for.
    pub scope: String,
    /// `state`, given back unchanged.
    pub state: Option<String>,
    /// PKCE challenge (S256).
    pub challenge: String,
    /// When it was made.
    pub at: Millis,
    /// Who logged in.
    pub user: Option<String>,
    /// The code that was given out.
    pub code: Option<(String, Millis)>,
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The token.
    pub token: String,
    /// Its refresh token.
    pub refresh: Option<String>,
    /// Client that holds it.
    pub client: String,
    /// User behind it; none for client credentials.
    pub user: Option<String>,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// When it was made.
    pub at: Millis,
    /// Taken back.
    pub revoked: bool,
}

/// What happens in the identity services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthChange {
    /// An authorization request began.
    Requested(Request),
    /// A user logged in for a request.
    LoggedIn {
        /// Request.
        id: String,
        /// User.
        user: String,
    },
    /// A code was given out for a request.
    CodeGiven {
        /// Request.
        id: String,
        /// Code.
        code: String,
    },
    /// A code was used.
    CodeUsed {
        /// Code.
        code: String,
    },
    /// A token was given out.
    TokenGiven(Token),
    /// A token, or all of a refresh token's, was taken back.
    Revoked {
        /// Access or refresh token.
        token: String,
    },
}

/// Requests and tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oauth {
    requests: BTreeMap<String, Request>,
    tokens: BTreeMap<String, Token>,
}

impl Oauth {
    /// Lets something happen.
    pub fn apply(&mut self, at: Millis, change: &OauthChange) {
        // What has run out is of no use to anybody.
        self.requests.retain(|_, r| at < r.at + 2 * CODE_LIVES);
        self.tokens.retain(|_, t| at < t.at + TOKEN_LIVES);
        match change {
            OauthChange::Requested(request) => {
                self.requests.insert(request.id.clone(), request.clone());
            }
            OauthChange::LoggedIn { id, user } => {
                if let Some(request) = self.requests.get_mut(id) {
                    request.user = Some(user.clone());
                }
            }
            OauthChange::CodeGiven { id, code } => {
                if let Some(request) = self.requests.get_mut(id) {
                    request.code = Some((code.clone(), at));
                }
            }
            OauthChange::CodeUsed { code } => {
                self.requests.retain(|_, r| r.code.as_ref().is_none_or(|(c, _)| c != code));
            }
            OauthChange::TokenGiven(token) => {
                self.tokens.insert(token.token.clone(), token.clone());
            }
            OauthChange::Revoked { token } => {
                for held in self.tokens.values_mut() {
                    if held.token == *token || held.refresh.as_deref() == Some(token) {
                        held.revoked = true;
                    }
                }
            }
        }
    }

    /// A request by its id.
    pub fn request(&self, id: &str) -> Option<&Request> {
        self.requests.get(id)
    }

    /// The request whose code this is, if the code still lives.
    pub fn by_code(&self, code: &str, now: Millis) -> Option<&Request> {
        self.requests.values().find(|r| r.code.as_ref().is_some_and(|(c, at)| c == code && now < at + CODE_LIVES))
    }

    /// A token that is valid now.
    pub fn valid(&self, token: &str, now: Millis) -> Option<&Token> {
        self.tokens.get(token).filter(|t| !t.revoked && now < t.at + TOKEN_LIVES)
    }

    /// The token of a refresh token that was not taken back.
    pub fn by_refresh(&self, refresh: &str) -> Option<&Token> {
        self.tokens.values().find(|t| t.refresh.as_deref() == Some(refresh) && !t.revoked)
    }
}

impl Token {
    /// Whether it holds a scope.
    pub fn has(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|s| s == scope)
    }
}

/// Whether a PKCE verifier belongs to an S256 challenge.
pub fn verifies(verifier: &str, challenge: &str) -> bool {
    (43..=128).contains(&verifier.len()) && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_rfc_7636_belongs_to_its_challenge() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(verifies(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!verifies(
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        ));
        assert!(!verifies("short", "short"));
    }
}
