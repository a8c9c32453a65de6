//! An authorization server, identity provider and resource server in one, which can be told what to do wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_util::task::AbortOnDropHandle;

pub const REDIRECT: &str = "http://127.0.0.1:1/callback";
pub const PASSWORD: &str = "hunter2-hunter2";
const CSRF: &str = "csrf-value-77";

type Fields = BTreeMap<String, String>;

#[derive(Default)]
struct World {
    /// Authorization requests by id: what was asked for.
    requests: BTreeMap<String, Fields>,
    /// Codes and the request that each is for.
    codes: BTreeMap<String, String>,
    /// Tokens with their scopes.
    tokens: BTreeMap<String, String>,
    seen: Vec<String>,
}

#[derive(Clone)]
struct Shared {
    faults: Arc<Vec<&'static str>>,
    world: Arc<Mutex<World>>,
}

impl Shared {
    fn has(&self, fault: &str) -> bool {
        self.faults.contains(&fault)
    }
}

/// A running server.
pub struct Identity {
    pub at: SocketAddr,
    world: Arc<Mutex<World>>,
    _task: AbortOnDropHandle<()>,
}

impl Identity {
    /// Everything that nobody may be told.
    pub fn secrets(&self) -> Vec<String> {
        let world = self.world.lock().unwrap();
        let mut all = world.seen.clone();
        all.extend(world.tokens.keys().cloned());
        all.extend([PASSWORD.to_owned(), CSRF.to_owned()]);
        all
    }

    /// How many tokens are still good for something.
    pub fn tokens(&self) -> usize {
        self.world.lock().unwrap().tokens.len()
    }
}

/// Serves, with these faults.
pub async fn identity(faults: &[&'static str]) -> Identity {
    let shared = Shared { faults: Arc::new(faults.to_vec()), world: Arc::default() };
    let world = Arc::clone(&shared.world);
    let router = Router::new()
        .route("/oauth2/v1/authorize", get(authorize))
        .route("/login", get(login_page).post(login))
        .route("/consent", get(consent_page).post(consent))
        .route("/oauth2/v1/token", post(token))
        .route("/oauth2/v1/introspect", post(introspect))
        .route("/oauth2/v1/revoke", post(revoke))
        .route("/resource", get(resource).post(write))
        .with_state(shared);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Identity { at, world, _task: AbortOnDropHandle::new(task) }
}

fn to(location: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn refused(status: u16, error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description }).to_string();
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn ok(json: &serde_json::Value) -> Response {
    json.to_string().into_response()
}

fn has_cookie(headers: &HeaderMap, pair: &str) -> bool {
    headers.get(header::COOKIE).is_some_and(|c| c.to_str().unwrap().split("; ").any(|p| p == pair))
}

async fn authorize(State(shared): State<Shared>, Query(asked): Query<Fields>) -> Response {
    if shared.has("hang") {
        std::future::pending::<()>().await;
    }
    if asked["redirect_uri"] != REDIRECT || asked["code_challenge_method"] != "S256" {
        return refused(400, "invalid_request", "redirect_uri is not registered");
    }
    let mut world = shared.world.lock().unwrap();
    let id = format!("request-{}", world.requests.len());
    world.seen.extend([asked["state"].clone(), asked["nonce"].clone()]);
    world.requests.insert(id.clone(), asked);
    to(format!("/login?request_id={id}"))
}

async fn login_page(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Fields>) -> Response {
    if shared.has("no form") {
        return Html("<title>Loading</title><script src=app.js></script>").into_response();
    }
    if has_cookie(&headers, "session=s-e-s-s-i-o-n") {
        return to(format!("/consent?request_id={}", asked["request_id"]));
    }
    let page = format!(
        "<title>Login</title><form method=post action=\"/login?from=page&amp;x=1\"><input type=hidden name=csrf \
         value=\"{CSRF}\"><input type=hidden name=request_id value={}><input name=email type=email>\
         <input type=password name=pass></form>",
        asked["request_id"]
    );
    ([(header::SET_COOKIE, format!("csrf={CSRF}; Path=/; HttpOnly; Secure"))], Html(page)).into_response()
}

async fn login(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<Fields>) -> Response {
    if form["csrf"] != CSRF || !has_cookie(&headers, &format!("csrf={CSRF}")) {
        return refused(403, "access_denied", "CSRF token is missing");
    }
    if form["email"] != "tester" || form["pass"] != PASSWORD {
        // A server that says what it should not.
        return refused(401, "access_denied", &format!("{} is wrong, csrf {CSRF}", form["pass"]));
    }
    if shared.has("again") {
        return login_page(State(shared), HeaderMap::new(), Query(form)).await;
    }
    let location = format!("/consent?request_id={}", form["request_id"]);
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, location), (header::SET_COOKIE, "session=s-e-s-s-i-o-n; Path=/".into())],
    )
        .into_response()
}

async fn consent_page(headers: HeaderMap, Query(asked): Query<Fields>) -> Response {
    if !has_cookie(&headers, "session=s-e-s-s-i-o-n") {
        return refused(401, "access_denied", "no session");
    }
    Html(format!(
        "<form method=POST><input type=hidden name=request_id value={}><button name=do value=deny>No</button>\
         <button name=do value=allow>Yes</button></form>",
        asked["request_id"]
    ))
    .into_response()
}

async fn consent(State(shared): State<Shared>, Form(form): Form<Fields>) -> Response {
    if form["do"] != "allow" || shared.has("denied") {
        return to(format!("{REDIRECT}?error=access_denied&error_description=not+this+user"));
    }
    let mut world = shared.world.lock().unwrap();
    let code = format!("code{}0123456789abcdef0123456789", world.codes.len());
    let state =
        if shared.has("state") { "another".to_owned() } else { world.requests[&form["request_id"]]["state"].clone() };
    world.seen.push(code.clone());
    world.codes.insert(code.clone(), form["request_id"].clone());
    to(format!("{REDIRECT}?code={code}&state={state}"))
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<Fields>) -> Response {
    if shared.has("secret") && !headers.contains_key(header::AUTHORIZATION) {
        return refused(401, "invalid_client", "client authentication failed");
    }
    let mut world = shared.world.lock().unwrap();
    let Some(request) = world.codes.remove(&form["code"]).and_then(|id| world.requests.get(&id).cloned()) else {
        return refused(400, "invalid_grant", &format!("the code {} is unknown", form["code"]));
    };
    if URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"])) != request["code_challenge"] || shared.has("pkce")
    {
        let why = format!("code_verifier {} does not match", form["code_verifier"]);
        return refused(400, "invalid_grant", &why);
    }
    let token = format!("token{}abcdef0123456789abcdef0123", world.tokens.len());
    world.tokens.insert(token.clone(), request["scope"].clone());
    let nonce = if shared.has("nonce") { "another" } else { &request["nonce"] };
    let claims = URL_SAFE_NO_PAD.encode(json!({ "sub": "tester", "nonce": nonce }).to_string());
    let kind = if shared.has("mac") { "MAC" } else { "bearer" };
    ok(&json!({ "access_token": token, "token_type": kind, "id_token": format!("e30.{claims}.x"), "expires_in": 60 }))
}

async fn introspect(State(shared): State<Shared>, Form(form): Form<Fields>) -> Response {
    let world = shared.world.lock().unwrap();
    match world.tokens.get(&form["token"]) {
        None if shared.has("garbage") => ok(&json!({ "active": true })),
        None => ok(&json!({ "active": false })),
        Some(scope) => {
            let exp = chrono::Utc::now().timestamp() + if shared.has("expired") { -5 } else { 60 };
            ok(&json!({ "active": true, "client_id": "web", "scope": scope, "exp": exp }))
        }
    }
}

async fn revoke(State(shared): State<Shared>, Form(form): Form<Fields>) -> Response {
    if !shared.has("kept") {
        shared.world.lock().unwrap().tokens.remove(&form["token"]);
    }
    ok(&json!({}))
}

async fn write(State(shared): State<Shared>) -> Response {
    if shared.has("open") {
        ok(&json!({}))
    } else {
        refused(403, "insufficient_scope", "required scope: write:resource")
    }
}

async fn resource(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if shared.has("open") {
        return ok(&json!({}));
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|a| a.to_str().unwrap().strip_prefix("Bearer "));
    let world = shared.world.lock().unwrap();
    match bearer.and_then(|token| world.tokens.get(token)) {
        None => refused(401, "unauthorized", "no token"),
        Some(scope) if scope.contains("read:resource") => ok(&json!({ "data": 1 })),
        Some(_) => refused(403, "insufficient_scope", "required scope: read:resource"),
    }
}
