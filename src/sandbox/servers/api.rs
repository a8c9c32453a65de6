//! CORS as the KMS has it: only for the browser base, only for the configured origins.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The origins of `deployments/kms/config/postgresql-N.yml`.
pub const ORIGINS: [&str; 2] = ["https://console.example.com", "https://admin.example.com"];

/// Answers preflight requests and marks answers for the configured origins.
pub async fn cors(request: Request, next: Next) -> Response {
    let browser = request.uri().path().starts_with("/browser/");
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = browser && request.method() == Method::OPTIONS;
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if !browser {
        return response;
    }
    if let Some(origin) = origin.filter(|o| ORIGINS.iter().any(|known| *o == *known)) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if preflight {
            let methods = HeaderValue::from_static("GET,POST,PUT,DELETE,OPTIONS");
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        }
    }
    response
}
