//! Each server against a client that people really use.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::sandbox::state::Change;
use crate::sandbox::world::ports::Port;
use crate::sandbox::world::testing::{Prepared, until};

const SPEED: f64 = 100.0;

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {value}"));
    found.as_str().map_or_else(|| found.to_string(), str::to_owned)
}

#[tokio::test]
async fn the_admin_listener_wants_a_client_certificate_and_says_how_it_is() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let base = format!("https://{}/admin/v1", world.address(Port::KmsAdmin));
    assert!(world.client(false).get(format!("{base}/livez")).send().await.is_err(), "no certificate, no answer");
    let client = world.client(true);
    let live: Value = client.get(format!("{base}/livez")).send().await.unwrap().json().await.unwrap();
    assert_eq!((text(&live, "/status"), text(&live, "/probe")), ("ok".into(), "liveness".into()));
    assert_eq!(text(&live, "/version"), "1.4.2");
    let ready = client.get(format!("{base}/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(text(&ready, "/database/db_type"), "postgres");
    core.change("test", Change::ContainerStopped("compose-postgres-1".into())).unwrap();
    let sick = client.get(format!("{base}/readyz")).send().await.unwrap();
    assert_eq!(sick.status(), StatusCode::SERVICE_UNAVAILABLE);
    let sick: Value = sick.json().await.unwrap();
    assert_eq!((text(&sick, "/status"), text(&sick, "/database/status")), ("degraded".into(), "error".into()));
}

#[tokio::test]
async fn a_stopped_service_refuses_breaks_its_connections_and_comes_back() {
    let world = Prepared::new(20.0, &[]);
    let (core, _serving) = world.serve().await;
    let client = world.client(true);
    let url = format!("https://{}/admin/v1/readyz", world.address(Port::KmsAdmin));
    assert!(client.get(&url).send().await.unwrap().status().is_success());
    let name = "compose-cryptoutil-postgres-1-1";
    core.change("test", Change::ContainerStopped(name.into())).unwrap();
    // The same client: also the connection that it keeps must break.
    until("the port refuses", async || client.get(&url).send().await.is_err()).await;
    core.change("test", Change::ContainerStarted(name.into())).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    until("it is ready again", async || {
        let status = client.get(&url).send().await.ok().map(|r| r.status().as_u16());
        seen.insert(status);
        status == Some(200)
    })
    .await;
    assert!(seen.contains(&None) && seen.contains(&Some(503)), "it refuses, then is not ready: {seen:?}");
}

#[tokio::test]
async fn what_the_kms_encrypts_it_decrypts() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let client = world.client(false);
    let base = format!("https://{}/service/api/v1", world.address(Port::KmsApi));
    let before = core.look(|s, _| s.keys.count());
    let body = json!({
        "name": "fd-smoke", "description": "x", "algorithm": "A256GCM/A256KW", "provider": "Internal",
        "import_allowed": false, "versioning_allowed": true,
    });
    let post =
        async |path: String, body: String| client.post(format!("{base}/{path}")).body(body).send().await.unwrap();
    let key: Value = post("elastickey".into(), body.to_string()).await.json().await.unwrap();
    assert_eq!(text(&key, "/status"), "active");
    let id = text(&key, "/elastic_key_id");
    let jwe = post(format!("elastickey/{id}/encrypt"), "clear é".into()).await.text().await.unwrap();
    assert_eq!(jwe.split('.').count(), 5);
    let made: Value = post(format!("elastickey/{id}/materialkey"), "{}".into()).await.json().await.unwrap();
    assert_eq!(text(&made, "/elastic_key_id"), id);
    assert!(text(&made, "/generate_date").ends_with('Z'));
    let clear = post(format!("elastickey/{id}/decrypt"), jwe.clone()).await.text().await.unwrap();
    assert_eq!(clear, "clear é");
    let jwk = post(format!("elastickey/{id}/generate?alg=oct/256"), String::new()).await.text().await.unwrap();
    assert_eq!(jwk.split('.').count(), 5);
    assert_eq!(post(format!("elastickey/{id}/generate?alg=rot13"), String::new()).await.status(), 400);
    assert_eq!(post("elastickey/none/decrypt".into(), jwe.clone()).await.status(), 404);
    assert_eq!(post(format!("elastickey/{id}/decrypt"), format!("{jwe}A")).await.status(), 400);
    assert_eq!(core.look(|s, _| s.keys.count()), before + 1);
    let health = client.get(format!("https://{}/health", world.address(Port::KmsApi))).send().await.unwrap();
    assert_eq!(health.status(), 404, "the KMS has no /health");
}

#[tokio::test]
async fn the_swagger_document_wants_a_password_and_names_the_release() {
    let world = Prepared::new(SPEED, &[]);
    let (_core, _serving) = world.serve().await;
    let client = world.client(false);
    let url = format!("https://{}/ui/swagger/doc.json", world.address(Port::KmsApi));
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    let auth = world.secret("swagger_auth");
    let (user, password) = auth.split_once(':').unwrap();
    assert_eq!(client.get(&url).basic_auth(user, Some("wrong")).send().await.unwrap().status(), 401);
    let document: Value = client.get(&url).basic_auth(user, Some(password)).send().await.unwrap().json().await.unwrap();
    assert!(text(&document, "/openapi").starts_with("3."));
    assert_eq!(text(&document, "/info/version"), "1.4.2");
    assert_eq!(text(&document, "/servers/1/url"), "/service/api/v1");
    let preflight = async |origin: &str| {
        let url = format!("https://{}/browser/api/v1/elastickeys", world.address(Port::KmsApi));
        let request = client.request(reqwest::Method::OPTIONS, url).header("Origin", origin);
        let answer = request.header("Access-Control-Request-Method", "GET").send().await.unwrap();
        answer.headers().get("access-control-allow-origin").map(|v| v.to_str().unwrap().to_owned())
    };
    let configured = std::fs::read_to_string(world.root().join("deployments/kms/config/postgresql-1.yml")).unwrap();
    for origin in super::api::ORIGINS {
        assert!(configured.contains(origin));
        assert_eq!(preflight(origin).await.as_deref(), Some(origin));
    }
    assert_eq!(preflight("https://evil.example").await, None);
}

#[tokio::test]
async fn the_authorization_code_flow_goes_through_with_pkce() {
    let world = Prepared::new(SPEED, &[]);
    let (_core, _serving) = world.serve().await;
    let client = world.client(false);
    let at = |port| format!("https://{}", world.address(port));
    let (authz, idp, rs) = (at(Port::Authz), at(Port::Idp), at(Port::Rs));
    let location = |r: &reqwest::Response| r.headers()["location"].to_str().unwrap().to_owned();
    let authorize = async |challenge: &str, redirect: &str| {
        let query = [
            ("response_type", "code"),
            ("client_id", "flightdeck-smoke"),
            ("redirect_uri", redirect),
            ("scope", "openid read:resource"),
            ("state", "s t&1"),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        client.get(format!("{authz}/oauth2/v1/authorize")).query(&query).send().await.unwrap()
    };
    // The pair of RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let redirect = "https://127.0.0.1:8093/callback";
    assert_eq!(authorize("", redirect).await.status(), 400, "PKCE is mandatory");
    assert_eq!(authorize(challenge, "https://evil.example/").await.status(), 400);
    let code = async || {
        let login = location(&authorize(challenge, redirect).await);
        assert!(login.starts_with("/oidc/v1/login?request_id="), "{login}");
        let id = login.split('=').nth(1).unwrap().to_owned();
        let form = client.get(format!("{idp}{login}")).send().await.unwrap();
        let cookie = form.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let log_in = async |password: &str, cookie: &str| {
            let form = [("username", "flightdeck"), ("password", password), ("request_id", &id)];
            let post = client.post(format!("{idp}/oidc/v1/login")).header("Cookie", cookie);
            post.form(&form).send().await.unwrap()
        };
        let password = world.secret("smoke_password");
        assert_eq!(log_in(&password, "other=1").await.status(), 403, "no CSRF cookie");
        assert_eq!(log_in("wrong", &cookie).await.status(), 401);
        assert_eq!(location(&log_in(&password, &cookie).await), format!("/oidc/v1/consent?request_id={id}"));
        let form = [("request_id", id.as_str()), ("decision", "approve")];
        let back = location(&client.post(format!("{idp}/oidc/v1/consent")).form(&form).send().await.unwrap());
        let back = url::Url::parse(&back).unwrap();
        let value = |name: &str| back.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        assert_eq!(value("state"), "s t&1");
        value("code")
    };
    let token =
        async |form: &[(&str, &str)]| client.post(format!("{authz}/oauth2/v1/token")).form(form).send().await.unwrap();
    let by_code = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("client_id", "flightdeck-smoke"),
            ("code_verifier", verifier),
        ];
        token(&form).await
    };
    let first = code().await;
    let wrong = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX";
    assert_eq!(by_code(&first, wrong).await.status(), 400, "another verifier");
    assert_eq!(by_code(&first, verifier).await.status(), 400, "a code is used up by a wrong attempt");
    let second = code().await;
    let answer: Value = by_code(&second, verifier).await.json().await.unwrap();
    assert_eq!(text(&answer, "/token_type"), "Bearer");
    let access = text(&answer, "/access_token");
    let user = client.get(format!("{idp}/oidc/v1/userinfo")).bearer_auth(&access).send().await.unwrap();
    assert_eq!(text(&user.json().await.unwrap(), "/sub"), "flightdeck");
    let get = async |token: &str| {
        client.get(format!("{rs}/api/v1/protected/resource")).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(get(&access).await, 200);
    let form = [("token", access.as_str())];
    client.post(format!("{authz}/oauth2/v1/revoke")).form(&form).send().await.unwrap();
    assert_eq!(get(&access).await, 401, "a revoked token");
}

#[tokio::test]
async fn tokens_open_what_their_scopes_say() {
    let world = Prepared::new(SPEED, &[]);
    let (_core, _serving) = world.serve().await;
    let client = world.client(false);
    let authz = format!("https://{}/oauth2/v1", world.address(Port::Authz));
    let rs = format!("https://{}/api/v1", world.address(Port::Rs));
    let secret = world.secret("smoke_client_secret");
    let ask = async |user: &str, secret: &str, scope: &str| {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        client.post(format!("{authz}/token")).basic_auth(user, Some(secret)).form(&form).send().await.unwrap()
    };
    assert_eq!(ask("demo-client", "demo-secret", "read:resource").await.status(), 401, "the demo client is not here");
    assert_eq!(ask("flightdeck-smoke", "wrong", "read:resource").await.status(), 401);
    assert_eq!(ask("flightdeck-smoke", &secret, "admin").await.status(), 400);
    let token =
        async |scope: &str| text(&ask("flightdeck-smoke", &secret, scope).await.json().await.unwrap(), "/access_token");
    let (reads, opens) = (token("read:resource").await, token("openid").await);
    let status = async |method: reqwest::Method, path: &str, token: Option<&str>| {
        let mut request = client.request(method, format!("{rs}/{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().status().as_u16()
    };
    use reqwest::Method;
    let resource = "protected/resource";
    assert_eq!(status(Method::GET, resource, Some(&reads)).await, 200);
    assert_eq!(status(Method::GET, resource, None).await, 401);
    assert_eq!(status(Method::GET, resource, Some(&opens)).await, 403);
    assert_eq!(status(Method::POST, resource, Some(&reads)).await, 403);
    assert_eq!(status(Method::DELETE, "protected/resource/1", Some(&reads)).await, 403);
    assert_eq!(status(Method::GET, "admin/users", Some(&reads)).await, 403);
    let tampered = format!("{}AAAA", &reads[..reads.len() - 4]);
    assert_eq!(status(Method::GET, resource, Some(&tampered)).await, 401);
    let introspect = async |token: &str| -> Value {
        let form = [("token", token)];
        client.post(format!("{authz}/introspect")).form(&form).send().await.unwrap().json().await.unwrap()
    };
    let active = introspect(&reads).await;
    assert_eq!((text(&active, "/active"), text(&active, "/scope")), ("true".into(), "read:resource".into()));
    assert!(active["exp"].as_i64().unwrap() > chrono::Utc::now().timestamp());
    assert_eq!(introspect("garbage").await, json!({ "active": false }));
    for (port, service) in [(Port::Authz, "authz"), (Port::Idp, "idp"), (Port::Rs, "resource-server")] {
        let url = format!("https://{}/health", world.address(port));
        let health: Value = client.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!((text(&health, "/status"), text(&health, "/service")), ("healthy".into(), service.into()));
    }
}

#[tokio::test]
async fn grafana_hands_on_metrics_logs_and_traces() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let client = world.client(false);
    let base = format!("http://{}", world.address(Port::Grafana));
    let auth = world.secret("grafana_auth");
    let (user, password) = auth.split_once(':').unwrap();
    let get = async |path: &str, query: &[(&str, &str)]| {
        client.get(format!("{base}{path}")).query(query).basic_auth(user, Some(password)).send().await.unwrap()
    };
    let json = async |path: &str, query: &[(&str, &str)]| -> Value { get(path, query).await.json().await.unwrap() };
    assert_eq!(text(&json("/api/health", &[]).await, "/database"), "ok");
    assert_eq!(client.get(format!("{base}/api/search")).send().await.unwrap().status(), 401);
    assert_eq!(json("/api/search", &[("type", "dash-db")]).await.as_array().unwrap().len(), 3);
    for name in ["overview", "performance", "errors"] {
        assert_eq!(get(&format!("/api/dashboards/uid/cryptoutil-{name}"), &[]).await.status(), 200);
    }
    assert_eq!(get("/api/dashboards/uid/none", &[]).await.status(), 404);
    let proxy = "/api/datasources/proxy/uid";
    let prometheus = format!("{proxy}/prometheus/api/v1/query");
    for (query, _) in super::queries::PROMETHEUS {
        let answer = json(&prometheus, &[("query", query)]).await;
        let value: f64 = text(&answer, "/data/result/0/value/1").parse().unwrap();
        assert!(value.is_finite() && value >= 0.0, "{query}: {value}");
        let at = answer.pointer("/data/result/0/value/0").unwrap().as_f64().unwrap();
        assert!((at - chrono::Utc::now().timestamp() as f64).abs() < 3.0, "a fresh sample");
    }
    let unknown = json(&prometheus, &[("query", "up")]).await;
    assert_eq!(unknown["data"]["result"], json!([]));
    for (query, _) in super::queries::LOKI {
        let answer = json(&format!("{proxy}/loki/loki/api/v1/query"), &[("query", query)]).await;
        assert!(text(&answer, "/data/result/0/value/1").parse::<f64>().unwrap() >= 0.0, "{query}");
    }
    let lines = [("query", "{service_name=~\"kms.*|identity.*\"}"), ("since", "15m"), ("limit", "1")];
    let loki = json(&format!("{proxy}/loki/loki/api/v1/query_range"), &lines).await;
    assert!(!loki["data"]["result"].as_array().unwrap().is_empty());
    let q = [("q", "{resource.service.name=~\"kms.*\"}"), ("limit", "1")];
    let tempo = async || json(&format!("{proxy}/tempo/api/search"), &q).await["traces"].as_array().unwrap().len();
    assert!(tempo().await > 0);
    let health = format!("http://{}/", world.address(Port::Collector));
    assert!(client.get(&health).send().await.unwrap().status().is_success());
    core.change("test", Change::ContainerStopped("compose-opentelemetry-collector-contrib-1".into())).unwrap();
    assert_eq!(tempo().await, 0, "no collector, no traces");
    until("the collector's port refuses", async || client.get(&health).send().await.is_err()).await;
}

#[tokio::test]
async fn postgres_speaks_with_tokio_postgres() {
    let world = Prepared::new(SPEED, &[]);
    let (core, _serving) = world.serve().await;
    let address = world.address(Port::Postgres);
    let (user, password, database) =
        (world.secret("postgres_username"), world.secret("postgres_password"), world.secret("postgres_database"));
    let connect = async |password: &str, database: &str| {
        let url = format!("postgres://{user}:{password}@{address}/{database}?sslmode=prefer");
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, tokio_postgres::Error>(client)
    };
    let code = |e: &tokio_postgres::Error| e.code().map(|c| c.code().to_owned());
    assert_eq!(code(&connect("wrong", &database).await.err().unwrap()).as_deref(), Some("28P01"));
    assert_eq!(code(&connect(&password, "none").await.err().unwrap()).as_deref(), Some("3D000"));
    let client = connect(&password, &database).await.unwrap();
    let ask = async |sql: &str| {
        client.simple_query(sql).await.map(|rows| {
            rows.into_iter().find_map(|m| match m {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
        })
    };
    assert_eq!(ask("select 1").await.unwrap().as_deref(), Some("1"));
    let keys: usize = ask("SELECT count(*)\n FROM elastic_keys;").await.unwrap().unwrap().parse().unwrap();
    assert_eq!(keys, core.look(|s, _| s.keys.count()));
    assert_eq!(ask("select pg_is_in_recovery()").await.unwrap().as_deref(), Some("f"));
    let active = ask("select count(*) from pg_stat_activity where state = 'active'").await.unwrap().unwrap();
    assert!(active.parse::<u32>().unwrap() < 10);
    let state = "select pg_is_in_recovery(), (select count(*) from pg_stat_activity), \
        case when not pg_is_in_recovery() then (select max(extract(epoch from replay_lag)) from pg_stat_replication) \
        when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0 \
        else extract(epoch from now() - pg_last_xact_replay_timestamp()) end";
    ask("set session characteristics as transaction read only").await.unwrap();
    assert_eq!(ask(state).await.unwrap().as_deref(), Some("f"), "what the program's own probe asks");
    let refused = ask("drop table elastic_keys").await.unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("not simulated"));
    assert_eq!(ask("select 1").await.unwrap().as_deref(), Some("1"), "the session goes on after an error");
    let prepared = client.query("select 1", &[]).await.unwrap_err();
    assert!(prepared.as_db_error().unwrap().message().contains("not simulated"));
    assert_eq!(ask("select 1").await.unwrap().as_deref(), Some("1"));
    core.change("test", Change::ContainerStopped("compose-postgres-1".into())).unwrap();
    until("the session breaks", async || client.is_closed()).await;
}

#[tokio::test]
async fn notices_are_written_and_answered_with_their_id() {
    let world = Prepared::new(SPEED, &[]);
    let (core, serving) = world.serve().await;
    let client = world.client(false);
    let url = world.secret("team_webhook");
    for n in 1..=2 {
        let answer: Value = client.post(&url).json(&json!({ "text": n })).send().await.unwrap().json().await.unwrap();
        assert_eq!(text(&answer, "/id"), format!("N-00000{n}"));
    }
    assert_eq!(client.get(&url).send().await.unwrap().status(), 405);
    let file = std::fs::read_to_string(crate::sandbox::world::notices_path(core.dir())).unwrap();
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(text(&lines[1], "/body/text"), "2");
    assert!(text(&lines[1], "/path").starts_with("/team/"));
    serving.abort();
}
