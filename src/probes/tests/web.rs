use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::servers::{Does, answer, ca, ca_as_server, closed_port, mutual_config, serve, serve_tls, tls_config};
use super::*;
use crate::runbook::kinds::{Http, Openapi, Prometheus, Tcp};

const OK: &[&str] = &["status == 200"];

fn http(url: String) -> ProbeKind {
    ProbeKind::Http(Http { url: text(url), ..Http::default() })
}

async fn limited(kind: ProbeKind, expect: &[&str], limit: Duration) -> Sample {
    look(LookSpec { timeout: limit, ..spec(kind, expect) }).await
}

#[tokio::test]
async fn an_answer_has_its_fields_and_is_judged_by_them() {
    let server = serve(answer("200 OK", "X-A: 1\r\nSet-Cookie: s=hush\r\n", r#"{"status":"ok","n":5}"#)).await;
    let sample = look(spec(
        http(server.url("/health")),
        &["status == 200", "json.status == 'ok'", "json.n < 6", "latency < 4s"],
    ))
    .await;
    assert_good(&sample);
    assert!(sample.text.ends_with("ms") || sample.text.ends_with("µs"), "{}", sample.text);
    assert_eq!(sample.value, sample.fields["latency"].figure());
    let Value::Map(headers) = &sample.fields["headers"] else { panic!() };
    assert_eq!(headers["x-a"], Value::Text("1".into()));
    assert!(!format!("{sample:?}").contains("hush"), "a cookie is not kept");
    let sample = look(spec(http(server.url("/")), &["status == 200", "json.status == 'healthy'"])).await;
    assert_bad(&sample, "json.status 'ok', wanted 'healthy'", "");
}

#[tokio::test]
async fn the_request_is_as_written() {
    let server = serve(Does::Echoes).await;
    let kind = ProbeKind::Http(Http {
        url: text(server.url("/a?b=c")),
        method: some("post"),
        headers: BTreeMap::from([("X-K".to_owned(), text("v"))]),
        body: some("hello"),
        bearer: some("tok"),
        origin: some("https://o.example"),
        ..Http::default()
    });
    let sample = look(spec(kind, OK)).await;
    let Value::Text(body) = &sample.fields["body"] else { panic!("{}", said(&sample)) };
    for part in
        ["POST /a?b=c HTTP/1.1\r\n", "x-k: v\r\n", "authorization: Bearer tok\r\n", "origin: https://o.example\r\n"]
    {
        assert!(body.to_lowercase().contains(&part.to_lowercase()), "{part} in {body}");
    }
}

#[tokio::test]
async fn servers_that_fail_are_bad_with_the_cause_in_words() {
    let server = serve(answer("503 Service Unavailable", "", "no")).await;
    let sample = look(spec(http(server.url("/")), OK)).await;
    assert_eq!(sample.text, "503 Service Unavailable");
    assert_bad(&sample, "status 503, wanted 200", "");

    let server = serve(answer("302 Found", "Location: http://127.0.0.1:1/x\r\n", "")).await;
    let sample = look(spec(http(server.url("/")), OK)).await;
    assert_eq!(sample.text, "302 Found to http://127.0.0.1:1/x", "a redirect is not followed");
    assert_bad(&sample, "status 302, wanted 200", "");

    let port = closed_port();
    let sample = look(spec(http(format!("http://127.0.0.1:{port}/")), OK)).await;
    assert_eq!(sample.text, "connection refused");
    assert_bad(&sample, "connection refused", &format!("nothing listens on 127.0.0.1:{port}"));

    let server = serve(Does::Closes).await;
    assert_bad(&look(spec(http(server.url("/")), OK)).await, "without an answer", "log");

    let server = serve(Does::Answers("SSH-2.0-OpenSSH_9.2\r\n".into())).await;
    assert_bad(&look(spec(http(server.url("/")), OK)).await, "no HTTP", "https://");
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_given_up_at_the_limit() {
    for does in [Does::Hangs, Does::Drips] {
        let server = serve(does).await;
        let start = Instant::now();
        let sample = limited(http(server.url("/")), OK, Duration::from_millis(300)).await;
        assert_bad(&sample, "no answer in 300 ms", "hang");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert!(sample.took >= 300_000);
    }
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_read_to_the_cap() {
    let server = serve(Does::Floods).await;
    let sample = look(spec(http(server.url("/")), &["status == 200"])).await;
    assert_good(&sample);
    let sample = look(spec(http(server.url("/")), &["json.a == 1"])).await;
    assert_nothing(&sample, "longer than 1 MiB");
    let Value::Text(body) = &sample.fields["body"] else { panic!() };
    assert!(body.len() < 300 * 1024);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_no_data_for_its_values() {
    let server = serve(answer("200 OK", "", "<html>It works")).await;
    assert_nothing(
        &look(spec(http(server.url("/")), &["status == 200", "json.status == 'ok'"])).await,
        "no JSON: <html>It works",
    );
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_no_data() {
    for (url, why) in [("ftp://x/", "`ftp:`"), ("no address", "no address"), ("http://[::1", "no address")] {
        assert_nothing(&look(spec(http(url.into()), OK)).await, why);
    }
    let kind =
        ProbeKind::Http(Http { url: text("https://localhost:1/"), ca: some("/nonexistent/ca.pem"), ..Http::default() });
    assert_nothing(&look(spec(kind, OK)).await, "no such file");
}

#[tokio::test]
async fn certificates_are_verified_and_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (right, wrong) = (ca("right"), ca("wrong"));
    put("right.pem", &right.pem);
    put("wrong.pem", &wrong.pem);
    let good = serve_tls(answer("200 OK", "", "ok"), tls_config(&right.signs(&["localhost"], 30))).await;
    let kind = |server: &servers::Server, ca: &str| {
        ProbeKind::Http(Http { url: text(server.https("/")), ca: some(ca), ..Http::default() })
    };
    let look_at = |server: &servers::Server, ca: &str| look(in_folder(folder.path(), spec(kind(server, ca), OK)));
    assert_good(&look_at(&good, "right.pem").await);
    assert_bad(&look_at(&good, "wrong.pem").await, "CA that is not trusted", "fingerprint: ");

    let expired = serve_tls(answer("200 OK", "", ""), tls_config(&right.signs(&["localhost"], -3))).await;
    assert_bad(&look_at(&expired, "right.pem").await, "certificate expired 3 d ago", "renew");

    let other = serve_tls(answer("200 OK", "", ""), tls_config(&right.signs(&["db.example"], 30))).await;
    assert_bad(&look_at(&other, "right.pem").await, "certificate is for db.example, not for localhost", "");

    let pair = ca_as_server();
    put("self.pem", &pair.cert);
    let own = serve_tls(answer("200 OK", "", ""), tls_config(&pair)).await;
    let sample = look_at(&own, "self.pem").await;
    assert_bad(&sample, "a CA certificate is used as the server's own", "basicConstraints=CA:FALSE");
    // The hint's fingerprint is the one to pin.
    let hint = sample.hint.unwrap();
    let print = hint.split("fingerprint: ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    let pinned =
        |print: &str| ProbeKind::Http(Http { url: text(own.https("/")), fingerprint: some(print), ..Http::default() });
    assert_good(&look(spec(pinned(&print), OK)).await);
    let colons: Vec<String> =
        print.to_uppercase().as_bytes().chunks(2).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    assert_good(&look(spec(pinned(&colons.join(":")), OK)).await);
    let other = format!("0{}", &print[1..]);
    if other != print {
        assert_bad(&look(spec(pinned(&other), OK)).await, "not the pinned one", "renewed");
    }

    let plain = serve(answer("200 OK", "", "ok")).await;
    assert_bad(&look_at(&plain, "right.pem").await, "does not speak TLS", "http://");
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_a_new_ca_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (right, wrong) = (ca("right"), ca("wrong"));
    let client = right.signs(&["client"], 30);
    put("ca.pem", &wrong.pem);
    put("cert.pem", &client.cert);
    put("key.pem", &client.key);
    let server = serve_tls(answer("200 OK", "", "ok"), mutual_config(&right.signs(&["localhost"], 30), &right)).await;
    let bare = Http { url: text(server.https("/")), ca: some("ca.pem"), ..Http::default() };
    let full = Http { cert: some("cert.pem"), key: some("key.pem"), ..bare.clone() };
    let looker = Looker::new("p".into(), Arc::new(in_folder(folder.path(), spec(ProbeKind::Http(full), OK))));
    assert_bad(&looker.look(true).await, "not trusted", "");
    std::fs::remove_file(folder.path().join("ca.pem")).unwrap();
    put("ca.pem", &right.pem);
    assert_good(&looker.look(true).await);
    let sample = look(in_folder(folder.path(), spec(ProbeKind::Http(bare), OK))).await;
    assert_bad(&sample, "wants a client certificate", "cert:");
}

#[tokio::test]
async fn ports_are_open_or_not() {
    let server = serve(Does::Hangs).await;
    let tcp = |address: String| ProbeKind::Tcp(Tcp { address: text(address) });
    assert_good(&look(spec(tcp(server.at.to_string()), &["open"])).await);
    let closed = closed_port();
    assert_bad(&look(spec(tcp(format!("127.0.0.1:{closed}")), &["open"])).await, "connection refused", "");
    assert_good(&look(spec(tcp(format!("127.0.0.1:{closed}")), &["not open"])).await);
    assert_nothing(&look(spec(tcp("localhost".into()), &["open"])).await, "no address");
}

#[tokio::test]
async fn prometheus_gives_one_number_or_no_data() {
    let now = chrono::Utc::now().timestamp();
    let body = |result: &str| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#);
    let one = |value: &str| format!(r#"{{"metric":{{}},"value":[{now},"{value}"]}}"#);
    let ask = |server: &servers::Server| {
        ProbeKind::Prometheus(Prometheus {
            url: text(server.url("/prom/")),
            query: text("up{a=\"b\"} > 0"),
            ..Prometheus::default()
        })
    };
    let server = serve(answer("200 OK", "", &body(&one("142")))).await;
    let sample = look(unit(Unit::Ms, spec(ask(&server), &["value < 200ms", "age < 1m"]))).await;
    assert_good(&sample);
    assert_eq!((sample.value, sample.text.as_str()), (Some(0.142), "142 ms"));
    for (body, why) in [
        (body(""), "no series"),
        (body(&format!("{},{}", one("1"), one("2"))), "2 series match"),
        (body(&one("NaN")), "the value is NaN"),
        (r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.to_owned(), "parse error"),
        ("<html>".to_owned(), "no Prometheus"),
    ] {
        let server = serve(answer("200 OK", "", &body)).await;
        let sample = look(spec(ask(&server), &["value < 5"])).await;
        assert_nothing(&sample, why);
        assert_eq!(sample.value, None);
    }
    let down = ProbeKind::Prometheus(Prometheus {
        url: text(format!("http://127.0.0.1:{}", closed_port())),
        query: text("up"),
        ..Prometheus::default()
    });
    assert_nothing(&look(spec(down, &["value < 5"])).await, "connection refused");
}

#[tokio::test]
async fn a_range_of_prometheus_gives_what_stands_in_it() {
    let now = chrono::Utc::now().timestamp();
    let series = |values: &str| {
        let body = format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{values}]}}]}}}}"#
        );
        answer("200 OK", "", &body)
    };
    let ask = |server: &servers::Server| {
        ProbeKind::Prometheus(Prometheus {
            url: text(server.url("")),
            query: text("up"),
            range: Some(3600.0),
            ..Prometheus::default()
        })
    };
    let points = format!(r#"[{},"100"],[{},"NaN"],[{},"300"],[{now},"200"]"#, now - 180, now - 120, now - 60);
    let server = serve(series(&points)).await;
    let expect =
        ["min == 100ms", "max == 300ms", "avg == 200ms", "first == 100ms", "value == 200ms", "points == 3", "age < 1m"];
    let sample = look(unit(Unit::Ms, spec(ask(&server), &expect))).await;
    assert_good(&sample);
    assert_eq!((sample.value, sample.text.as_str()), (Some(0.2), "200 ms, 100 ms to 300 ms in 3 points"));
    let server = serve(servers::Does::Echoes).await;
    assert_nothing(&look(spec(ask(&server), &["points > 0"])).await, "GET /api/v1/query_range?query=up&start=");
    let server = serve(series("")).await;
    assert_nothing(&look(spec(ask(&server), &["points > 0"])).await, "the range holds no figure");
}

#[tokio::test]
async fn an_openapi_document_says_what_it_is() {
    let document = |body: &str| answer("200 OK", "", body);
    let kind = |server: &servers::Server| {
        ProbeKind::Openapi(Openapi { file: None, http: Http { url: text(server.url("/doc.json")), ..Http::default() } })
    };
    let server =
        serve(document(r#"{"openapi":"3.0.3","info":{"title":"KMS","version":"1.0"},"paths":{"/a":{},"/b":{}}}"#))
            .await;
    let sample = look(spec(kind(&server), &["valid", "version == '1.0'", "count(paths) == 2"])).await;
    assert_good(&sample);
    for (does, why) in [
        (document(r#"{"openapi":"3.0.3","info":{},"paths":{}}"#), "no paths"),
        (document(r#"{"swagger":"2.0","paths":{"/a":{}}}"#), "Swagger 2"),
        (document("<html>Swagger UI</html>"), "a web page"),
        (answer("401 Unauthorized", "", ""), "401"),
    ] {
        let server = serve(does).await;
        assert_bad(&look(spec(kind(&server), &["valid"])).await, why, "");
    }
}
