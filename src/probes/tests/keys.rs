//! Round trips through a KMS that works, and through those that do not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::runbook::kinds::Kms;

#[derive(Clone)]
struct Shared {
    fault: &'static str,
    keys: Arc<AtomicUsize>,
}

struct Server {
    at: SocketAddr,
    keys: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

async fn serve(fault: &'static str) -> Server {
    let shared = Shared { fault, keys: Arc::default() };
    let keys = Arc::clone(&shared.keys);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(shared);
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { at, keys, _task: AbortOnDropHandle::new(task) }
}

/// A KMS of one key, whose cipher text holds the clear text in base64.
async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let alg = request.uri().query().unwrap_or_default().to_owned();
    let body: Bytes = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
    let leg = path.rsplit('/').next().unwrap();
    if shared.fault == leg {
        let body = json!({ "status": 500, "error": "Internal Server Error", "message": "no unseal key" }).to_string();
        return (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
    }
    let jwe = |clear: &[u8]| format!("e30..aXY.{}.dGFn", URL_SAFE_NO_PAD.encode(clear));
    match (method, path.as_str()) {
        (Method::POST, "/api/elastickey") => {
            let asked: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert!(asked["name"].as_str().unwrap().starts_with("smoke-"));
            shared.keys.fetch_add(1, Ordering::SeqCst);
            json!({ "elastic_key_id": "k 1" }).to_string().into_response()
        }
        (Method::DELETE, "/api/elastickey/k%201") if shared.fault != "no delete" => {
            shared.keys.fetch_sub(1, Ordering::SeqCst);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::POST, "/api/elastickey/k%201/materialkey") => {
            json!({ "material_key_id": "m", "generate_date": "2026-01-01T00:00:00Z" }).to_string().into_response()
        }
        (Method::POST, "/api/elastickey/k%201/generate") if alg == "alg=oct%2F256" => jwe(b"{}").into_response(),
        (Method::POST, "/api/elastickey/k%201/encrypt") if shared.fault == "clear" => body.into_response(),
        (Method::POST, "/api/elastickey/k%201/encrypt") => jwe(&body).into_response(),
        (Method::POST, "/api/elastickey/k%201/decrypt") if shared.fault == "other" => "something else".into_response(),
        (Method::POST, "/api/elastickey/k%201/decrypt") => {
            let text = String::from_utf8(body.to_vec()).unwrap();
            URL_SAFE_NO_PAD.decode(text.split('.').nth(3).unwrap()).unwrap().into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

async fn trip(server: &Server) -> Sample {
    let url = text(format!("http://{}/api", server.at));
    let kind = ProbeKind::Kms(Box::new(Kms { url, name: some("smoke"), ..Kms::default() }));
    let expect = kind.fields(None).defaults;
    look(spec(kind, expect)).await
}

#[tokio::test]
async fn a_round_trip_is_made_timed_and_tidied_up() {
    let server = serve("").await;
    let sample = trip(&server).await;
    assert_good(&sample);
    assert_eq!((&sample.fields["key"], &sample.fields["removed"]), (&Value::Text("k 1".into()), &Value::Bool(true)));
    for leg in ["create", "material", "generate", "encrypt", "decrypt"] {
        let Value::Duration(took) = sample.fields[&format!("{leg}_latency")] else { panic!("{leg}: {sample:?}") };
        assert!(took > 0.0 && took < sample.value.unwrap());
    }
    assert_eq!(server.keys.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_key_that_cannot_be_removed_is_said_to_stay_and_is_no_fault() {
    let server = serve("no delete").await;
    let sample = trip(&server).await;
    assert_good(&sample);
    assert!(sample.text.ends_with("; its key stays"), "{}", sample.text);
    assert_eq!(sample.fields["removed"], Value::Bool(false));
}

#[tokio::test]
async fn the_leg_that_fails_is_named_and_the_key_is_removed_all_the_same() {
    for leg in ["generate", "encrypt", "decrypt"] {
        let server = serve(leg).await;
        let sample = trip(&server).await;
        assert_bad(&sample, &format!("{leg}: the KMS answers 500: no unseal key"), "");
        assert_eq!((&sample.fields["create"], &sample.fields[leg]), (&Value::Bool(true), &Value::Bool(false)));
        assert_eq!(server.keys.load(Ordering::SeqCst), 0, "{leg}");
    }
    let server = serve("elastickey").await;
    let sample = trip(&server).await;
    assert_bad(&sample, "create: the KMS answers 500: no unseal key", "its log");
    assert!(!sample.fields.contains_key("encrypt"), "what was not reached is neither good nor bad");
    assert_bad(
        &trip(&serve("other").await).await,
        "compare: what was decrypted is not what was encrypted",
        "do not go on",
    );
    let clear = trip(&serve("clear").await).await;
    assert_bad(&clear, "encrypt: the answer is no JWE of five parts", "");
    assert!(!clear.why.unwrap().contains("flightdeck"), "the clear text is not repeated");
}
