//! The OIDC identity provider (target-system 3.3): login, consent, userinfo.

use axum::Router;
use axum::extract::{Form, Query, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::{authz, http};
use crate::sandbox::state::Change;
use crate::sandbox::state::oauth::{OauthChange, USER};
use crate::sandbox::world::Core;
use crate::sandbox::world::ports::Port;

/// Cookie without which a login is refused.
const CSRF: &str = "csrf_token";

/// The identity provider.
pub fn router(core: Core, port: Port) -> Router {
    Router::new()
        .route("/health", get(move |world: Shared<Core>| health(world, port)))
        .route("/oidc/v1/login", get(login_form).post(login))
        .route("/oidc/v1/consent", get(consent_form).post(consent))
        .route("/oidc/v1/userinfo", get(userinfo).post(userinfo))
        .route("/oidc/v1/logout", post(logout))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(jwks))
        .with_state(core)
}

async fn health(Shared(core): Shared<Core>, port: Port) -> Response {
    let up = core.look(|s, now| s.serving(port, now).up());
    if up {
        http::json(200, &json!({ "status": "healthy", "database": "ok", "service": "idp" }))
    } else {
        http::json(503, &json!({ "status": "unhealthy", "database": "error", "service": "idp" }))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    request_id: String,
    username: String,
    password: String,
    decision: String,
}

fn unknown_request() -> Response {
    http::oauth_error(400, "invalid_request", "unknown request_id")
}

async fn login_form(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    if core.look(|s, _| s.oauth.request(&asked.request_id).is_none()) {
        return unknown_request();
    }
    let page = format!(
        "<!doctype html><title>Login</title><form method=post action=/oidc/v1/login>\
         <input type=hidden name=request_id value=\"{}\"><input name=username><input name=password type=password>\
         <button>Login</button></form>",
        asked.request_id
    );
    let cookie = format!("{CSRF}={}; Path=/; HttpOnly; Secure; SameSite=Lax", core.uuid("csrf"));
    ([(header::SET_COOKIE, cookie)], Html(page)).into_response()
}

async fn login(Shared(core): Shared<Core>, headers: HeaderMap, Form(form): Form<Asked>) -> Response {
    if !has_cookie(&headers, CSRF) {
        return http::json(403, &json!({ "error": "access_denied", "error_description": "CSRF token is missing" }));
    }
    if core.look(|s, _| s.oauth.request(&form.request_id).is_none()) {
        return unknown_request();
    }
    if form.username != USER || form.password != core.settings().secret("smoke_password") {
        return http::oauth_error(401, "access_denied", "invalid username or password");
    }
    let change = OauthChange::LoggedIn { id: form.request_id.clone(), user: form.username };
    if let Err(error) = core.change("login", Change::Oauth(change)) {
        return http::oauth_error(500, "server_error", &error.to_string());
    }
    let mut response = http::redirect(&format!("/oidc/v1/consent?request_id={}", form.request_id));
    let cookie = format!("session_id={}; Path=/; HttpOnly; Secure; SameSite=Lax", core.uuid("session"));
    if let Ok(value) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .any(|pair| pair.trim().split_once('=').is_some_and(|(n, v)| n == name && !v.is_empty()))
}

async fn consent_form(Shared(core): Shared<Core>, Query(asked): Query<Asked>) -> Response {
    let request = core.look(|s, _| s.oauth.request(&asked.request_id).cloned());
    let Some(request) = request else { return unknown_request() };
    if request.user.is_none() {
        return http::redirect(&format!("/oidc/v1/login?request_id={}", request.id));
    }
    let page = format!(
        "<!doctype html><title>Consent</title><p>{} asks for: {}</p><form method=post action=/oidc/v1/consent>\
         <input type=hidden name=request_id value=\"{}\"><button name=decision value=approve>Approve</button>\
         <button name=decision value=deny>Deny</button></form>",
        request.client, request.scope, request.id
    );
    Html(page).into_response()
}

async fn consent(Shared(core): Shared<Core>, Form(form): Form<Asked>) -> Response {
    let request = core.look(|s, _| s.oauth.request(&form.request_id).cloned());
    let Some(request) = request else { return unknown_request() };
    if request.user.is_none() {
        return http::redirect(&format!("/oidc/v1/login?request_id={}", request.id));
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if form.decision == "approve" {
        let mut random = core.random("code");
        let code: String = (0..43).map(|_| random.alphanumeric()).collect();
        let change = OauthChange::CodeGiven { id: request.id, code: code.clone() };
        if let Err(error) = core.change("consent", Change::Oauth(change)) {
            return http::oauth_error(500, "server_error", &error.to_string());
        }
        query.append_pair("code", &code);
    } else {
        query.append_pair("error", "access_denied");
    }
    if let Some(state) = &request.state {
        query.append_pair("state", state);
    }
    http::redirect(&format!("{}?{}", request.redirect, query.finish()))
}

async fn userinfo(Shared(core): Shared<Core>, headers: HeaderMap) -> Response {
    let token = http::bearer(&headers).and_then(|t| core.look(|s, now| s.oauth.valid(&t, now).cloned()));
    match token {
        None => http::unauthorized("Bearer", &json!({ "error": "invalid_token" })),
        Some(token) if !token.has("openid") => http::json(403, &json!({ "error": "insufficient_scope" })),
        Some(token) => {
            let user = token.user.unwrap_or(token.client);
            http::json(200, &json!({ "sub": user, "name": "Smoke test", "preferred_username": user }))
        }
    }
}

async fn logout() -> Response {
    http::json(200, &json!({ "message": "logged out" }))
}

async fn jwks(Shared(core): Shared<Core>) -> Response {
    http::json(200, &authz::keys(core.settings().seed))
}

async fn discovery() -> Response {
    let issuer = "https://idp.example.com";
    http::json(
        200,
        &json!({
            "issuer": issuer,
            "userinfo_endpoint": format!("{issuer}/oidc/v1/userinfo"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }),
    )
}
