//! The way to a token: authorize, log in, consent, take the token; as a browser and a client would.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::super::ctx::Ctx;
use super::super::http::{self, Answer};
use super::super::seen::Problem;
use super::super::trust::provider;
use super::cookies::Jar;
use super::forms::{self, Form};
use super::hush::Hush;
use super::legs::{Leg, Legs};
use super::settings::Settings;
use crate::expr::Template;
use crate::runbook::kinds::Http;

/// The most pages and redirects between authorize and the code: a loop has to end.
const PAGES: usize = 20;

/// One walk, from the first request to the last.
pub(super) struct Walk<'a> {
    pub to: &'a Settings<'a>,
    pub ctx: &'a Ctx,
    pub jar: Jar,
    /// What no text may hold.
    pub hush: Hush,
    /// What each leg came to.
    pub legs: Legs,
    /// When the probe's time is up, a little before it: so that the leg is named that hangs.
    pub until: tokio::time::Instant,
}

/// A leg that failed.
pub(super) type Failed = (Leg, Problem);

/// What stands before the code: a page, or the way to one.
enum At {
    There(Url),
    Page(Url, String),
}

impl Walk<'_> {
    /// A token with these scopes, by the whole flow.
    pub async fn token(&mut self, scope: &str) -> Result<String, Failed> {
        let verifier = self.secret(48)?;
        let (state, nonce) = (self.secret(18)?, self.secret(18)?);
        let code = self.code(scope, &verifier, &state, &nonce).await?;
        self.legs.pass(Leg::Consent, Duration::ZERO);
        self.redeem(&code, &verifier, &nonce).await
    }

    /// Random bytes in base64url.
    fn secret(&mut self, bytes: usize) -> Result<String, Failed> {
        let mut buffer = vec![0; bytes];
        let nothing = |_| (Leg::Authorize, Problem::nothing("the system gives no random bytes"));
        provider().secure_random.fill(&mut buffer).map_err(nothing)?;
        Ok(self.hush.keep(URL_SAFE_NO_PAD.encode(buffer)))
    }

    /// The code that the client is sent back with.
    async fn code(&mut self, scope: &str, verifier: &str, state: &str, nonce: &str) -> Result<String, Failed> {
        let mut url = self.to.authorize.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.to.client)
            .append_pair("redirect_uri", self.to.redirect)
            .append_pair("scope", scope)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
            .append_pair("code_challenge_method", "S256");
        let answer = self.ask(Leg::Authorize, "GET", &url, None).await?;
        let mut at = self.next(Leg::Authorize, &url, &answer)?;
        self.legs.pass(Leg::Authorize, answer.latency);
        let mut leg = Leg::Login;
        for _ in 0..PAGES {
            match at {
                At::There(there) if self.is_back(&there) => {
                    // Neither was asked for when a session or an earlier consent stood.
                    self.legs.pass(Leg::Login, Duration::ZERO);
                    return self.back(leg, &there, state);
                }
                At::There(there) => {
                    let answer = self.ask(leg, "GET", &there, None).await?;
                    self.legs.took(leg, answer.latency);
                    at = self.next(leg, &there, &answer)?;
                }
                At::Page(page, body) => {
                    let (form, action) = self.form(leg, &page, &body)?;
                    let mut fields = form.fields.clone();
                    let asks = form.password.is_some();
                    if let Some(password) = &form.password {
                        if leg == Leg::Consent {
                            let problem = Problem::failing("after the login its page came again");
                            return Err((
                                Leg::Login,
                                problem.hint("is the password right? does the user have to set a new one?"),
                            ));
                        }
                        fields.extend(form.user.clone().map(|user| (user, self.to.user.to_owned())));
                        fields.push((password.clone(), self.to.password.to_owned()));
                    } else {
                        leg = Leg::Consent;
                        fields.push(form.yes());
                    }
                    let answer = if form.post {
                        self.ask(leg, "POST", &action, Some(&fields)).await?
                    } else {
                        let mut action = action.clone();
                        action.query_pairs_mut().clear().extend_pairs(&fields);
                        self.ask(leg, "GET", &action, None).await?
                    };
                    self.legs.took(leg, answer.latency);
                    at = self.next(leg, &action, &answer)?;
                    if asks {
                        // A page that asks again is the login's failure; told when it is read.
                        leg = Leg::Consent;
                        if !matches!(&at, At::Page(_, body) if forms::forms(body).iter().any(|f| f.password.is_some()))
                        {
                            self.legs.pass(Leg::Login, Duration::ZERO);
                        }
                    }
                }
            }
        }
        Err((leg, Problem::failing(format!("no code after {PAGES} pages: they send us in a circle"))))
    }

    /// The form of a page that leads on, and where it goes.
    fn form(&mut self, leg: Leg, page: &Url, body: &str) -> Result<(Form, Url), Failed> {
        let mut forms = forms::forms(body);
        let at = forms.iter().position(|f| f.password.is_some()).or_else(|| forms.iter().position(|f| f.post));
        let Some(form) = at.map(|at| forms.swap_remove(at)) else {
            let title = forms::title(body).map(|t| format!(" (\"{}\")", self.hush.hide(&t))).unwrap_or_default();
            let problem = Problem::failing(format!("the page {}{title} has no form to send", page.path()));
            return Err((
                leg,
                problem.hint("a page that only a script fills cannot be walked: use a user and client without it"),
            ));
        };
        for (_, value) in &form.fields {
            self.hush.keep(value.clone());
        }
        let bad = |_| (leg, Problem::failing(format!("the form of {} goes to no address", page.path())));
        let action = page.join(&form.action).map_err(bad)?;
        Ok((form, action))
    }

    /// Where an answer leads.
    fn next(&mut self, leg: Leg, from: &Url, answer: &Answer) -> Result<At, Failed> {
        if answer.status.is_redirection() {
            let location = answer.headers.get("location").and_then(|l| l.to_str().ok()).unwrap_or_default();
            let bad = || (leg, Problem::failing(format!("{} redirects to no address", from.path())));
            if location.is_empty() {
                return Err(bad());
            }
            return Ok(At::There(self.to.follow(from, location).ok_or_else(bad)?));
        }
        if answer.status.as_u16() == 200 && leg == Leg::Authorize && !is_page(answer) {
            return Err((leg, Problem::failing("200 without a page: wanted a redirect to the login")));
        }
        if answer.status.as_u16() != 200 {
            return Err((leg, self.said(leg, from, answer)));
        }
        Ok(At::Page(from.clone(), String::from_utf8_lossy(&answer.body).into_owned()))
    }

    /// Whether an address is the client's own.
    fn is_back(&self, there: &Url) -> bool {
        let mut bare = there.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        let mut own = self.to.back.clone();
        own.set_query(None);
        bare == own
    }

    /// The code with which the client was sent back, if the state came back too.
    fn back(&mut self, leg: Leg, there: &Url, state: &str) -> Result<String, Failed> {
        let get = |name: &str| there.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned());
        if let Some(error) = get("error") {
            let more = get("error_description").map(|d| format!(" ({d})")).unwrap_or_default();
            return Err((leg, Problem::failing(self.hush.hide(&format!("sent back with {error}{more}")))));
        }
        if get("state").as_deref() != Some(state) {
            let problem = Problem::failing("the state did not come back as it was sent");
            return Err((leg, problem.hint("a client that checks it refuses this: do not go on")));
        }
        match get("code").filter(|code| !code.is_empty()) {
            Some(code) => Ok(self.hush.keep(code)),
            None => Err((leg, Problem::failing("sent back without a code"))),
        }
    }

    /// Trades the code for a token.
    async fn redeem(&mut self, code: &str, verifier: &str, nonce: &str) -> Result<String, Failed> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.to.redirect),
            ("client_id", self.to.client),
            ("code_verifier", verifier),
        ];
        let fields = fields.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let answer = self.ask(Leg::Token, "POST", &self.to.token, Some(&fields)).await?;
        if answer.status.as_u16() != 200 {
            return Err((Leg::Token, self.said(Leg::Token, &self.to.token, &answer)));
        }
        let failed = |why: &str| Err((Leg::Token, Problem::failing(why)));
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(&answer.body) else {
            return failed("the answer is no JSON");
        };
        let Some(token) = json["access_token"].as_str().filter(|t| !t.is_empty()) else {
            return failed("the answer holds no access_token");
        };
        let token = self.hush.keep(token.to_owned());
        if let Some(refresh) = json["refresh_token"].as_str() {
            self.hush.keep(refresh.to_owned());
        }
        if !json["token_type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("bearer")) {
            return failed("the token is no Bearer token");
        }
        if let Some(id_token) = json["id_token"].as_str()
            && claim(id_token, "nonce").as_deref() != Some(nonce)
        {
            return failed("the nonce of the id_token is not the one that was sent");
        }
        self.legs.pass(Leg::Token, answer.latency);
        Ok(token)
    }

    /// One request; `fields` go as a form. Cookies are sent and kept on the way through pages.
    pub async fn ask(
        &mut self,
        leg: Leg,
        method: &str,
        url: &Url,
        fields: Option<&[(String, String)]>,
    ) -> Result<Answer, Failed> {
        let mut request = self.request(method, url);
        if let Some(fields) = fields {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request.body = Some(Template::plain(body));
            let form = Template::plain("application/x-www-form-urlencoded");
            request.headers.insert("content-type".into(), form);
        }
        let pages = matches!(leg, Leg::Authorize | Leg::Login | Leg::Consent);
        if pages && let Some(cookies) = self.jar.header(url) {
            request.headers.insert("cookie".into(), Template::plain(cookies));
        }
        if !pages && let Some(secret) = self.to.client_secret {
            request.basic_auth = Some(Template::plain(format!("{}:{secret}", self.to.client)));
        }
        let answer = self.send(leg, &request).await?;
        if pages {
            self.jar.keep(url, &answer.headers);
            for value in self.jar.values() {
                self.hush.keep(value.to_owned());
            }
        }
        Ok(answer)
    }

    /// A request with the probe's own trust.
    pub fn request(&self, method: &str, url: &Url) -> Http {
        Http { url: Template::plain(url.as_str()), method: Some(Template::plain(method)), ..self.to.trust.clone() }
    }

    /// Sends a request as part of a leg.
    pub async fn send(&mut self, leg: Leg, request: &Http) -> Result<Answer, Failed> {
        match tokio::time::timeout_at(self.until, http::fetch(request, self.ctx)).await {
            Ok(answer) => answer.map_err(|problem| (leg, problem)),
            Err(_) => Err((
                leg,
                Problem::failing("no answer in time").hint("raise the probe's `timeout:`, if it is only slow"),
            )),
        }
    }

    /// What a server said instead of what was wanted: its status and its own words, without any secret.
    pub fn said(&self, leg: Leg, from: &Url, answer: &Answer) -> Problem {
        let status = answer.status.as_u16();
        let body = String::from_utf8_lossy(&answer.body);
        let json: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |key: &str| json[key].as_str().map(str::to_owned);
        let words = match (text("error"), text("error_description").or_else(|| text("message"))) {
            (Some(error), Some(more)) => Some(format!("{error} ({more})")),
            (one, other) => one.or(other).or_else(|| forms::title(&body)),
        };
        let words = words.map(|w| format!(": {}", self.hush.hide(&w))).unwrap_or_default();
        let problem = Problem::failing(format!("{} answers {status}{words}", from.path()));
        match leg.hint(status) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// Whether an answer is a page for people.
fn is_page(answer: &Answer) -> bool {
    !forms::forms(&String::from_utf8_lossy(&answer.body)).is_empty()
}

/// A claim of a token's payload, unverified: who signed it does not matter for what is asked of it here.
fn claim(token: &str, name: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims[name].as_str().map(str::to_owned)
}
