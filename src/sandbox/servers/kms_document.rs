//! The KMS's OpenAPI document.

use serde_json::{Map, Value, json};

/// (path, method, operation, summary) of the public API, as in the real document (target-system 3.2).
const PATHS: [(&str, &str, &str, &str); 10] = [
    ("/elastickey", "post", "postElastickey", "Create an elastic key"),
    ("/elastickeys", "get", "getElastickeys", "List elastic keys"),
    ("/elastickey/{elasticKeyID}", "get", "getElastickeyElasticKeyID", "Show an elastic key"),
    ("/elastickey/{elasticKeyID}/materialkey", "post", "postMaterialkey", "Make a material key"),
    ("/elastickey/{elasticKeyID}/materialkeys", "get", "getMaterialkeys", "List material keys"),
    ("/elastickey/{elasticKeyID}/materialkey/{materialKeyID}", "get", "getMaterialkey", "Show a material key"),
    ("/elastickey/{elasticKeyID}/generate", "post", "postGenerate", "Generate a key, encrypted"),
    ("/elastickey/{elasticKeyID}/encrypt", "post", "postEncrypt", "Encrypt"),
    ("/elastickey/{elasticKeyID}/decrypt", "post", "postDecrypt", "Decrypt"),
    ("/csrf-token", "get", "getCsrfToken", "A CSRF token"),
];

/// The document of a release.
pub fn openapi(version: &str) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for (path, method, operation, summary) in PATHS {
        let parameters: Vec<Value> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        let operation = json!({
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": { "200": { "description": "OK" }, "400": { "description": "Bad Request" } },
        });
        let entry = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        entry[method] = operation;
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Cryptoutil API", "version": version, "description": "Keys and cryptographic operations" },
        "servers": [{ "url": "/browser/api/v1" }, { "url": "/service/api/v1" }],
        "paths": paths,
    })
}
