//! The KMS's public API (target-system 3.2): elastic keys, encryption that comes back, the swagger document.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{api, http, kms_document};
use crate::sandbox::state::Change;
use crate::sandbox::state::kms::{ElasticKey, Refused, Store};
use crate::sandbox::world::Core;
use crate::sandbox::world::clock::Millis;
use crate::sandbox::world::ports::Port;

type World = Shared<(Core, Port)>;

/// The API of the instance on `port`, under both bases.
pub fn router(core: Core, port: Port) -> Router {
    let base = Router::new()
        .route("/csrf-token", get(csrf_token))
        .route("/elastickey", post(create))
        .route("/elastickeys", get(list))
        .route("/elastickey/{id}", get(show))
        .route("/elastickey/{id}/materialkey", post(make_material))
        .route("/elastickey/{id}/materialkeys", get(materials))
        .route("/elastickey/{id}/materialkey/{material}", get(material))
        .route("/elastickey/{id}/encrypt", post(encrypt))
        .route("/elastickey/{id}/decrypt", post(decrypt))
        .route("/elastickey/{id}/generate", post(generate));
    let shared = (core, port);
    Router::new()
        .nest("/browser/api/v1", base.clone())
        .nest("/service/api/v1", base)
        .route("/ui/swagger/doc.json", get(document))
        .route("/ui/swagger/index.html", get(swagger_page))
        .layer(middleware::from_fn(api::cors))
        .layer(middleware::from_fn_with_state(shared.clone(), ready))
        .with_state(shared)
}

/// Before the key hierarchy is unsealed, nothing is answered; without the database, nothing works.
async fn ready(Shared((core, port)): World, request: Request, next: Next) -> Response {
    let (up, database) = core.look(|s, now| (s.serving(port, now).up(), s.serving(Port::Postgres, now).up()));
    if !up {
        return http::text(503, "Service Unavailable");
    }
    if !database && request.uri().path().contains("/api/v1/") {
        return problem(500, "Internal Server Error", "failed to begin transaction: connection refused");
    }
    next.run(request).await
}

async fn csrf_token(Shared((core, _)): World) -> Response {
    http::json(200, &json!({ "csrf_token": core.uuid("csrf") }))
}

#[derive(Deserialize)]
struct NewKey {
    name: String,
    #[serde(default)]
    description: String,
    algorithm: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    import_allowed: bool,
    #[serde(default)]
    versioning_allowed: bool,
}

async fn create(Shared((core, _)): World, body: Bytes) -> Response {
    let new: NewKey = match serde_json::from_slice(&body) {
        Ok(new) => new,
        Err(error) => return problem(400, "Bad Request", &format!("request body has an error: {error}")),
    };
    if new.name.is_empty()
        || new.algorithm.is_empty()
        || new.import_allowed
        || !["", "Internal"].contains(&new.provider.as_str())
    {
        return problem(
            400,
            "Bad Request",
            "failed to map the elastic key: check name, algorithm, provider and import_allowed",
        );
    }
    let now = core.now();
    // As the real one: a key that is not imported gets its first material key at once and is active.
    let key = ElasticKey {
        id: core.uuid("elastic key"),
        store: Store::Postgres,
        name: new.name,
        description: new.description,
        algorithm: new.algorithm,
        versioning: new.versioning_allowed,
        created: now,
        materials: vec![(core.uuid("material key"), now)],
    };
    let answer = shown(&key);
    match core.change("POST elastickey", Change::KeyCreated(key)) {
        Ok(_) => http::json(200, &answer),
        Err(error) => problem(500, "Internal Server Error", &error.to_string()),
    }
}

async fn list(Shared((core, _)): World) -> Response {
    let keys: Vec<Value> = core.look(|s, _| s.keys.of(Store::Postgres).map(shown).collect());
    http::json(200, &Value::Array(keys))
}

async fn show(Shared((core, _)): World, Path(id): Path<String>) -> Response {
    with_key(&core, &id, |key| http::json(200, &shown(key)))
}

async fn make_material(Shared((core, _)): World, Path(id): Path<String>) -> Response {
    let made = core.look(|s, _| s.keys.get(Store::Postgres, &id).map(|key| key.versioning || key.materials.is_empty()));
    match made {
        None => not_found(&id),
        Some(false) => problem(400, "Bad Request", "versioning not allowed"),
        Some(true) => {
            let material = core.uuid("material key");
            let change = Change::MaterialMade { key: id.clone(), material: material.clone() };
            match core.change("POST materialkey", change) {
                Ok(at) => http::json(200, &shown_material(&core, &id, &material, at)),
                Err(error) => problem(500, "Internal Server Error", &error.to_string()),
            }
        }
    }
}

async fn materials(Shared((core, _)): World, Path(id): Path<String>) -> Response {
    with_key(&core, &id, |key| {
        let all = key.materials.iter().map(|(m, at)| shown_material(&core, &id, m, *at)).collect();
        http::json(200, &Value::Array(all))
    })
}

async fn material(Shared((core, _)): World, Path((id, material)): Path<(String, String)>) -> Response {
    with_key(&core, &id, |key| match key.materials.iter().find(|(m, _)| *m == material) {
        Some((m, at)) => http::json(200, &shown_material(&core, &id, m, *at)),
        None => not_found(&material),
    })
}

async fn encrypt(Shared((core, _)): World, Path(id): Path<String>, clear: Bytes) -> Response {
    let nonce = core.random("iv").u64(..);
    with_key(&core, &id, |key| match key.encrypt(core.settings().seed, nonce, &clear) {
        Some(jwe) => http::text(200, jwe),
        None => problem(400, "Bad Request", "elastic key has no material key"),
    })
}

async fn decrypt(Shared((core, _)): World, Path(id): Path<String>, jwe: Bytes) -> Response {
    let jwe = String::from_utf8_lossy(&jwe).into_owned();
    with_key(&core, &id, |key| match key.decrypt(core.settings().seed, &jwe) {
        Ok(clear) => ([(axum::http::header::CONTENT_TYPE, "text/plain; charset=utf-8")], clear).into_response(),
        Err(Refused::Malformed) => problem(400, "Bad Request", "failed to parse JWE message bytes"),
        Err(Refused::UnknownKey) => problem(400, "Bad Request", "failed to get material key: record not found"),
        Err(Refused::Tampered) => {
            problem(400, "Bad Request", "failed to decrypt: cipher: message authentication failed")
        }
    })
}

#[derive(Deserialize)]
struct Generate {
    #[serde(default)]
    alg: String,
}

/// Key algorithms that can be generated, as the real API names them.
const GENERATED: [&str; 13] = [
    "RSA/4096",
    "RSA/3072",
    "RSA/2048",
    "EC/P521",
    "EC/P384",
    "EC/P256",
    "OKP/Ed25519",
    "oct/512",
    "oct/384",
    "oct/256",
    "oct/192",
    "oct/128",
    "",
];

async fn generate(Shared((core, _)): World, Path(id): Path<String>, Query(asked): Query<Generate>) -> Response {
    if !GENERATED.contains(&asked.alg.as_str()) {
        return problem(400, "Bad Request", &format!("unsupported generate algorithm: {}", asked.alg));
    }
    let mut random = core.random("generated key");
    let bytes: Vec<u8> = (0..32).map(|_| random.u8(..)).collect();
    let kind = asked.alg.split('/').next().filter(|k| !k.is_empty()).unwrap_or("oct");
    let kid = core.uuid("generated key");
    let jwk = json!({ "kty": kind, "kid": kid, "k": URL_SAFE_NO_PAD.encode(bytes) }).to_string();
    with_key(&core, &id, |key| match key.encrypt(core.settings().seed, random.u64(..), jwk.as_bytes()) {
        Some(jwe) => http::text(200, jwe),
        None => problem(400, "Bad Request", "elastic key has no material key"),
    })
}

async fn document(Shared((core, port)): World, headers: HeaderMap) -> Response {
    if !http::is_user(&headers, core.settings().secret("swagger_auth")) {
        return http::unauthorized("Basic realm=\"Restricted\"", &json!({ "message": "Unauthorized" }));
    }
    let version = core.look(|s, now| s.serving(port, now).version().to_owned());
    http::json(200, &kms_document::openapi(&version))
}

async fn swagger_page(Shared((core, _)): World, headers: HeaderMap) -> Response {
    if !http::is_user(&headers, core.settings().secret("swagger_auth")) {
        return http::unauthorized("Basic realm=\"Restricted\"", &json!({ "message": "Unauthorized" }));
    }
    axum::response::Html("<!doctype html><title>Swagger UI</title>").into_response()
}

fn with_key(core: &Core, id: &str, with: impl FnOnce(&ElasticKey) -> Response) -> Response {
    let key = core.look(|s, _| s.keys.get(Store::Postgres, id).cloned());
    key.map_or_else(|| not_found(id), |key| with(&key))
}

fn shown(key: &ElasticKey) -> Value {
    json!({
        "elastic_key_id": key.id,
        "name": key.name,
        "description": key.description,
        "algorithm": key.algorithm,
        "provider": "Internal",
        "import_allowed": false,
        "versioning_allowed": key.versioning,
        "status": if key.materials.is_empty() { "pending_generate" } else { "active" },
    })
}

fn shown_material(core: &Core, key: &str, material: &str, at: Millis) -> Value {
    json!({
        "elastic_key_id": key,
        "material_key_id": material,
        "generate_date": core.wall(at).to_rfc3339_opts(SecondsFormat::Millis, true),
    })
}

fn not_found(id: &str) -> Response {
    problem(404, "Not Found", &format!("record not found: {id}"))
}

fn problem(status: u16, error: &str, message: &str) -> Response {
    http::json(status, &json!({ "status": status, "error": error, "message": message }))
}
