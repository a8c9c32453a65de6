//! The OAuth authorization server (target-system 3.3).

use axum::Router;
use axum::extract::{Form, Query, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http;
use crate::sandbox::state::Change;
use crate::sandbox::state::oauth::{self, CLIENT, OauthChange, REDIRECT, Request, SCOPES, Token};
use crate::sandbox::world::Core;
use crate::sandbox::world::ports::Port;

/// Seconds that an access token lives.
const LIVES: i64 = oauth::TOKEN_LIVES / 1000;

/// The authorization server.
pub fn router(core: Core, port: Port) -> Router {
    Router::new()
        .route("/health", get(move |world: Shared<Core>| health(world, port)))
        .route("/oauth2/v1/authorize", get(authorize).post(authorize))
        .route("/oauth2/v1/token", post(token))
        .route("/oauth2/v1/introspect", post(introspect))
        .route("/oauth2/v1/revoke", post(revoke))
        .route("/oauth2/v1/jwks", get(jwks))
        .route("/.well-known/oauth-authorization-server", get(discovery))
        .route("/.well-known/openid-configuration", get(discovery))
        .with_state(core)
}

async fn health(Shared(core): Shared<Core>, port: Port) -> Response {
    let up = core.look(|s, now| s.serving(port, now).up());
    if up {
        http::json(200, &json!({ "status": "healthy", "database": "ok", "service": "authz" }))
    } else {
        http::json(503, &json!({ "status": "unhealthy", "database": "error", "service": "authz" }))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authorize {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    code_challenge: String,
    code_challenge_method: String,
    scope: String,
    state: Option<String>,
}

async fn authorize(Shared(core): Shared<Core>, Query(asked): Query<Authorize>) -> Response {
    let bad = |description: &str| http::oauth_error(400, "invalid_request", description);
    // Errors are JSON, never redirects, as the real one's.
    if asked.client_id.is_empty() || asked.redirect_uri.is_empty() {
        return bad("client_id and redirect_uri are required");
    }
    if asked.response_type != "code" {
        return http::oauth_error(400, "unsupported_response_type", "response_type must be code");
    }
    if asked.client_id != CLIENT {
        return http::oauth_error(400, "invalid_client", "unknown client");
    }
    if asked.redirect_uri != REDIRECT {
        return bad("redirect_uri is not registered for this client");
    }
    if asked.code_challenge.is_empty() || !["", "S256"].contains(&asked.code_challenge_method.as_str()) {
        return bad("PKCE is required with code_challenge_method S256");
    }
    let scope = if asked.scope.is_empty() { "openid".to_owned() } else { asked.scope };
    if !allowed(&scope) {
        return http::oauth_error(400, "invalid_scope", "scope is not allowed for this client");
    }
    let request = Request {
        id: core.uuid("authorization request"),
        client: asked.client_id,
        redirect: asked.redirect_uri,
        scope,
        state: asked.state,
        challenge: asked.code_challenge,
        at: core.now(),
        user: None,
        code: None,
    };
    let location = format!("/oidc/v1/login?request_id={}", request.id);
    match core.change("authorize", Change::Oauth(OauthChange::Requested(request))) {
        Ok(_) => http::redirect(&location),
        Err(error) => http::oauth_error(500, "server_error", &error.to_string()),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenForm {
    grant_type: String,
    code: String,
    redirect_uri: String,
    client_id: String,
    client_secret: String,
    code_verifier: String,
    refresh_token: String,
    scope: String,
}

async fn token(Shared(core): Shared<Core>, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    match form.grant_type.as_str() {
        "authorization_code" => by_code(&core, &form),
        "client_credentials" => by_secret(&core, &headers, &form),
        "refresh_token" => by_refresh(&core, &form),
        "" => http::oauth_error(400, "invalid_request", "grant_type is required"),
        other => http::oauth_error(400, "unsupported_grant_type", &format!("unsupported grant type: {other}")),
    }
}

fn by_code(core: &Core, form: &TokenForm) -> Response {
    let found = core.look(|s, now| s.oauth.by_code(&form.code, now).cloned());
    let Some(request) = found else {
        return http::oauth_error(400, "invalid_grant", "code is unknown, used or expired");
    };
    // A code is used up by the first attempt, also by a wrong one.
    if let Err(error) = core.change("token", Change::Oauth(OauthChange::CodeUsed { code: form.code.clone() })) {
        return http::oauth_error(500, "server_error", &error.to_string());
    }
    if request.client != form.client_id || request.redirect != form.redirect_uri {
        return http::oauth_error(400, "invalid_grant", "client_id or redirect_uri differs");
    }
    if !oauth::verifies(&form.code_verifier, &request.challenge) {
        return http::oauth_error(400, "invalid_grant", "code_verifier does not match the challenge");
    }
    give(core, request.client, request.user, request.scope, true)
}

fn by_secret(core: &Core, headers: &HeaderMap, form: &TokenForm) -> Response {
    let (client, secret) = http::basic(headers).unwrap_or((form.client_id.clone(), form.client_secret.clone()));
    if client != CLIENT || secret != core.settings().secret("smoke_client_secret") {
        let body = json!({ "error": "invalid_client", "error_description": "client authentication failed" });
        return http::unauthorized("Basic realm=\"oauth2\"", &body);
    }
    let scope = if form.scope.is_empty() { "read:resource".to_owned() } else { form.scope.clone() };
    if !allowed(&scope) {
        return http::oauth_error(400, "invalid_scope", "scope is not allowed for this client");
    }
    give(core, client, None, scope, false)
}

fn by_refresh(core: &Core, form: &TokenForm) -> Response {
    let Some(old) = core.look(|s, _| s.oauth.by_refresh(&form.refresh_token).cloned()) else {
        return http::oauth_error(400, "invalid_grant", "refresh token is unknown or revoked");
    };
    let revoked = Change::Oauth(OauthChange::Revoked { token: form.refresh_token.clone() });
    if let Err(error) = core.change("refresh", revoked) {
        return http::oauth_error(500, "server_error", &error.to_string());
    }
    give(core, old.client, old.user, old.scope, true)
}

fn allowed(scope: &str) -> bool {
    scope.split(' ').all(|s| SCOPES.contains(&s))
}

fn give(core: &Core, client: String, user: Option<String>, scope: String, refresh: bool) -> Response {
    let mut random = core.random("token");
    let mut part = |length: usize| -> String { (0..length).map(|_| random.alphanumeric()).collect() };
    let token = Token {
        token: format!("eyJhbGciOiJFUzI1NiJ9.{}.{}", part(96), part(86)),
        refresh: refresh.then(|| part(43)),
        client,
        user,
        scope,
        at: core.now(),
        revoked: false,
    };
    let mut answer = json!({
        "access_token": token.token, "token_type": "Bearer", "expires_in": LIVES, "scope": token.scope,
    });
    if let Some(refresh) = &token.refresh {
        answer["refresh_token"] = Value::String(refresh.clone());
    }
    match core.change("token", Change::Oauth(OauthChange::TokenGiven(token))) {
        Ok(_) => http::json(200, &answer),
        Err(error) => http::oauth_error(500, "server_error", &error.to_string()),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenOnly {
    token: String,
}

async fn introspect(Shared(core): Shared<Core>, Form(form): Form<TokenOnly>) -> Response {
    let Some(token) = core.look(|s, now| s.oauth.valid(&form.token, now).cloned()) else {
        return http::json(200, &json!({ "active": false }));
    };
    let issued = core.wall(token.at).timestamp();
    http::json(
        200,
        &json!({
            "active": true, "client_id": token.client, "scope": token.scope, "token_type": "Bearer",
            "sub": token.user.as_deref().unwrap_or(CLIENT), "iat": issued, "exp": issued + LIVES,
        }),
    )
}

async fn revoke(Shared(core): Shared<Core>, Form(form): Form<TokenOnly>) -> Response {
    match core.change("revoke", Change::Oauth(OauthChange::Revoked { token: form.token })) {
        Ok(_) => http::json(200, &json!({})),
        Err(error) => http::oauth_error(500, "server_error", &error.to_string()),
    }
}

async fn jwks(Shared(core): Shared<Core>) -> Response {
    http::json(200, &keys(core.settings().seed))
}

/// The signing key's public half.
pub fn keys(seed: u64) -> Value {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut random = crate::sandbox::state::names::random(seed, &["jwks"]);
    let mut number = || URL_SAFE_NO_PAD.encode((0..32).map(|_| random.u8(..)).collect::<Vec<u8>>());
    json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": number(), "y": number() }] })
}

/// Discovery, whose addresses come from the issuer and not from where it was asked (as the real one).
async fn discovery() -> Response {
    let issuer = "https://authz.example.com";
    http::json(
        200,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/oauth2/v1/authorize"),
            "token_endpoint": format!("{issuer}/oauth2/v1/token"),
            "introspection_endpoint": format!("{issuer}/oauth2/v1/introspect"),
            "revocation_endpoint": format!("{issuer}/oauth2/v1/revoke"),
            "jwks_uri": format!("{issuer}/oauth2/v1/jwks"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": SCOPES,
        }),
    )
}
