//! The KMS's public API: elastic keys, encryption that comes back, the swagger document.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use crate::keys::{Elastic, Failed, Material, random, told, uuid};
use crate::{Service, metrics, say};

type Shared = State<Arc<Service>>;

/// The web front ends that may call the browser's API.
const ORIGINS: [&str; 2] = ["https://console.example.com", "https://admin.example.com"];

pub fn router(service: Arc<Service>) -> Router {
    let base = Router::new()
        .route("/csrf-token", get(|| async { answer(200, &json!({ "csrf_token": uuid() })) }))
        .route("/elastickey", post(create))
        .route("/elastickeys", get(list))
        .route("/elastickey/{id}", get(show))
        .route("/elastickey/{id}/materialkey", post(make_material))
        .route("/elastickey/{id}/materialkeys", get(materials))
        .route("/elastickey/{id}/encrypt", post(encrypt))
        .route("/elastickey/{id}/decrypt", post(decrypt))
        .route("/elastickey/{id}/generate", post(generate));
    Router::new()
        .nest("/browser/api/v1", base.clone())
        .nest("/service/api/v1", base)
        .route("/ui/swagger/doc.json", get(document))
        .layer(middleware::from_fn(cors))
        .layer(middleware::from_fn_with_state(service.clone(), metrics::measured))
        .with_state(service)
}

/// A JSON answer.
pub fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn problem(status: u16, message: &str) -> Response {
    let error = StatusCode::from_u16(status).unwrap().canonical_reason();
    answer(status, &json!({ "status": status, "error": error, "message": message }))
}

/// What the answer is when keys cannot be had.
fn failed(error: &Failed) -> Response {
    let text = told(&**error);
    say::line("ERROR", &text);
    problem(500, &text)
}

fn text(body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

async fn cors(request: Request, next: Next) -> Response {
    let known = request.headers().get(header::ORIGIN).filter(|o| ORIGINS.iter().any(|known| *o == *known)).cloned();
    let browser = request.uri().path().starts_with("/browser/");
    let preflight = browser && request.method() == Method::OPTIONS;
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if let (true, Some(origin)) = (browser, known) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

fn material_key() -> Material {
    Material { id: uuid(), date: say::now(), key: random::<32>().to_vec() }
}

fn shown(key: &Elastic) -> Value {
    json!({
        "elastic_key_id": key.id, "name": key.name, "description": key.description, "algorithm": key.algorithm,
        "provider": "Internal", "import_allowed": false, "versioning_allowed": key.versioning, "status": "active",
    })
}

fn shown_material(key: &str, material: &Material) -> Value {
    json!({ "elastic_key_id": key, "material_key_id": material.id, "generate_date": material.date })
}

async fn create(State(service): Shared, body: Bytes) -> Response {
    let new: Value = match serde_json::from_slice(&body) {
        Ok(new) => new,
        Err(error) => return problem(400, &format!("request body has an error: {error}")),
    };
    let field = |name: &str| new[name].as_str().unwrap_or_default().to_owned();
    let key = Elastic {
        id: uuid(),
        name: field("name"),
        description: field("description"),
        algorithm: field("algorithm"),
        versioning: new["versioning_allowed"] == true,
    };
    if key.name.is_empty() || key.algorithm.is_empty() || new["import_allowed"] == true {
        return problem(400, "failed to map the elastic key: check name, algorithm and import_allowed");
    }
    let body = shown(&key);
    match service.keys.add(key, material_key()).await {
        Ok(()) => answer(200, &body),
        Err(error) => failed(&error),
    }
}

async fn list(State(service): Shared) -> Response {
    match service.keys.list(None).await {
        Ok(keys) => answer(200, &keys.iter().map(shown).collect()),
        Err(error) => failed(&error),
    }
}

async fn show(State(service): Shared, Path(id): Path<String>) -> Response {
    match service.keys.list(Some(&id)).await {
        Ok(keys) => keys.first().map_or_else(|| missing(&id), |key| answer(200, &shown(key))),
        Err(error) => failed(&error),
    }
}

fn missing(id: &str) -> Response {
    problem(404, &format!("record not found: {id}"))
}

async fn make_material(State(service): Shared, Path(id): Path<String>) -> Response {
    match service.keys.list(Some(&id)).await.map(|keys| keys.first().map(|key| key.versioning)) {
        Err(error) => failed(&error),
        Ok(None) => missing(&id),
        Ok(Some(false)) => problem(400, "versioning not allowed"),
        Ok(Some(true)) => {
            let material = material_key();
            let body = shown_material(&id, &material);
            match service.keys.add_material(&id, material).await {
                Ok(()) => answer(200, &body),
                Err(error) => failed(&error),
            }
        }
    }
}

async fn materials(State(service): Shared, Path(id): Path<String>) -> Response {
    match service.keys.materials(&id).await {
        Ok(all) if all.is_empty() => missing(&id),
        Ok(all) => answer(200, &all.iter().map(|material| shown_material(&id, material)).collect()),
        Err(error) => failed(&error),
    }
}

/// A JWE in its compact form, encrypted directly with the material key.
fn seal(material: &Material, clear: &[u8]) -> String {
    let head = json!({ "alg": "dir", "enc": "A256GCM", "kid": material.id }).to_string();
    let head = URL_SAFE_NO_PAD.encode(head);
    let nonce: [u8; 12] = random();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &material.key).unwrap());
    let mut sealed = clear.to_vec();
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head.as_bytes()), &mut sealed)
        .unwrap();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{head}..{}.{}.{}", part(&nonce), part(&sealed), part(tag.as_ref()))
}

/// What was sealed.
fn open(materials: &[Material], jwe: &str) -> Result<Vec<u8>, &'static str> {
    const MALFORMED: &str = "failed to parse JWE message bytes";
    let parts: Vec<&str> = jwe.trim().split('.').collect();
    let [head, _, nonce, sealed, tag] = parts[..] else { return Err(MALFORMED) };
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);
    let header: Value = serde_json::from_slice(&bytes(head)?).map_err(|_| MALFORMED)?;
    let material = materials.iter().find(|material| header["kid"] == material.id.as_str());
    let material = material.ok_or("failed to get material key: record not found")?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &material.key).map_err(|_| MALFORMED)?);
    let nonce = Nonce::try_assume_unique_for_key(&bytes(nonce)?).map_err(|_| MALFORMED)?;
    let mut all = bytes(sealed)?;
    all.extend(bytes(tag)?);
    let clear = key.open_in_place(nonce, Aad::from(head.as_bytes()), &mut all);
    clear.map(|clear| clear.to_vec()).map_err(|_| "failed to decrypt: cipher: message authentication failed")
}

async fn encrypt(State(service): Shared, Path(id): Path<String>, clear: Bytes) -> Response {
    match service.keys.materials(&id).await {
        Ok(all) => all.last().map_or_else(|| missing(&id), |material| text(seal(material, &clear))),
        Err(error) => failed(&error),
    }
}

async fn decrypt(State(service): Shared, Path(id): Path<String>, jwe: String) -> Response {
    match service.keys.materials(&id).await {
        Ok(all) if all.is_empty() => missing(&id),
        Ok(all) => open(&all, &jwe).map_or_else(|why| problem(400, why), text),
        Err(error) => failed(&error),
    }
}

async fn generate(State(service): Shared, Path(id): Path<String>) -> Response {
    match service.keys.materials(&id).await {
        Ok(all) => all.last().map_or_else(
            || missing(&id),
            |material| {
                let key = URL_SAFE_NO_PAD.encode(random::<32>());
                let jwk = json!({ "kty": "oct", "kid": uuid(), "k": key }).to_string();
                text(seal(material, jwk.as_bytes()))
            },
        ),
        Err(error) => failed(&error),
    }
}

async fn document(State(service): Shared, headers: HeaderMap) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let given = given.and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
    if service.swagger_auth.is_some() && given != service.swagger_auth {
        let mut response = answer(401, &json!({ "message": "Unauthorized" }));
        let scheme = HeaderValue::from_static("Basic realm=\"Restricted\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        return response;
    }
    let operation = |id: &str| json!({ "operationId": id, "responses": { "200": { "description": "OK" } } });
    let mut paths = json!({
        "/elastickey": { "post": operation("postElastickey") },
        "/elastickeys": { "get": operation("getElastickeys") },
    });
    for (what, id) in [("encrypt", "postEncrypt"), ("decrypt", "postDecrypt"), ("generate", "postGenerate")] {
        let mut path = json!({ "post": operation(id) });
        let schema = json!({ "name": "elasticKeyID", "in": "path", "required": true, "schema": { "type": "string" } });
        path["post"]["parameters"] = json!([schema]);
        paths[format!("/elastickey/{{elasticKeyID}}/{what}")] = path;
    }
    let info = json!({ "title": "Cryptoutil API", "version": service.version });
    answer(200, &json!({ "openapi": "3.0.3", "info": info, "paths": paths }))
}
