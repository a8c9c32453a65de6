use super::servers::{Does, answer, ca, ca_as_server, closed_port, serve, serve_tls, tls_config};
use super::*;
use crate::runbook::kinds::Tls;

const VALID: &[&str] = &["valid", "days_left > 14"];

#[tokio::test]
async fn a_servers_chain_is_read_also_when_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (right, wrong) = (ca("right"), ca("wrong"));
    put("right.pem", &right.pem);
    put("wrong.pem", &wrong.pem);
    let pair = right.signs(&["localhost"], 30);
    put("leaf.key", &pair.key);
    put("other.key", &right.signs(&["localhost"], 30).key);
    let tls = |port: u16, ca: &str, key: &str| {
        ProbeKind::Tls(Tls {
            address: some(format!("localhost:{port}")),
            ca: some(ca),
            key: some(key),
            ..Tls::default()
        })
    };
    let look_at =
        |port, ca: &str, key: &str, expect: &[&str]| look(in_folder(folder.path(), spec(tls(port, ca, key), expect)));

    let server = serve_tls(Does::Hangs, tls_config(&pair)).await;
    let port = server.at.port();
    let sample = look_at(
        port,
        "right.pem",
        "leaf.key",
        &["valid", "days_left > 29", "days_left < 31", "key_matches", "version == 'TLS 1.3'"],
    )
    .await;
    assert_good(&sample);
    assert_eq!(sample.text, "30 d left");
    assert_eq!(sample.fields["subject"], Value::Text("CN=the leaf".into()));
    assert_eq!(sample.fields["issuer"], Value::Text("CN=right".into()));
    assert_bad(&look_at(port, "right.pem", "other.key", &["valid", "key_matches"]).await, "key_matches is false", "");

    let sample = look_at(port, "wrong.pem", "leaf.key", &["valid"]).await;
    assert_bad(&sample, "CA that is not trusted", "fingerprint");
    assert_eq!(sample.fields["count"], Value::Number(1.0));
    assert_eq!(sample.fields["version"], Value::Text("TLS 1.3".into()));
    assert_bad(
        &look_at(port, "wrong.pem", "leaf.key", &["valid", "days_left > 90"]).await,
        "days_left 30, wanted > 90",
        "",
    );

    let server = serve_tls(Does::Hangs, tls_config(&right.signs(&["localhost"], -5))).await;
    let sample = look_at(server.at.port(), "right.pem", "leaf.key", VALID).await;
    assert_bad(&sample, "certificate expired 5 d ago", "renew");
    assert!(sample.value.unwrap() < -4.9, "{:?}", sample.value);

    let server = serve_tls(Does::Hangs, tls_config(&ca_as_server())).await;
    let sample = look_at(server.at.port(), "right.pem", "leaf.key", VALID).await;
    assert_eq!(sample.fields["self_signed"], Value::Bool(true));
    assert_eq!(sample.look, Look::Bad);
}

#[tokio::test]
async fn what_shows_no_certificate_is_not_valid() {
    let tls = |port: u16| ProbeKind::Tls(Tls { address: some(format!("127.0.0.1:{port}")), ..Tls::default() });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), ca("x").pem).unwrap();
    let with_ca = |kind: ProbeKind| match kind {
        ProbeKind::Tls(tls) => ProbeKind::Tls(Tls { ca: some("ca.pem"), ..tls }),
        other => other,
    };
    let look_at = |port| look(in_folder(folder.path(), spec(with_ca(tls(port)), VALID)));
    assert_bad(&look_at(closed_port()).await, "connection refused", "");
    let plain = serve(answer("200 OK", "", "")).await;
    assert_eq!(look_at(plain.at.port()).await.look, Look::Bad);
    let closes = serve(Does::Closes).await;
    assert_eq!(look_at(closes.at.port()).await.look, Look::Bad);
}

#[tokio::test]
async fn files_are_all_read_and_the_worst_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let files = |glob: &str, ca: Option<&str>, key: Option<&str>| {
        ProbeKind::Tls(Tls { files: some(glob), ca: ca.map(text), key: key.map(text), ..Tls::default() })
    };
    let look_at = |kind, expect: &[&str]| look(in_folder(folder.path(), spec(kind, expect)));
    let none = look_at(files("certs/*.pem", None, None), &["valid"]).await;
    assert_bad(&none, "no file matches certs/*.pem", "");

    std::fs::create_dir(folder.path().join("certs")).unwrap();
    let right = ca("right");
    let leaf = right.signs(&["a.example"], 90);
    put("certs/ca.pem", &right.pem);
    put("certs/a.pem", &leaf.cert);
    put("certs/a-key.pem", &leaf.key);
    put("certs/b.pem", &right.signs(&["b.example"], 20).cert);
    let good = look_at(
        files("certs/*.pem", Some("certs/ca.pem"), Some("certs/a-key.pem")),
        &["count == 3", "valid", "days_left > 14", "key_matches"],
    )
    .await;
    assert_good(&good);
    assert_eq!(good.text, "3 certificates, 20 d left (certs/b.pem)");
    assert_bad(
        &look_at(files("certs/*.pem", None, None), &["valid", "days_left > 30"]).await,
        "days_left 20, wanted > 30",
        "",
    );

    put("certs/c.pem", &ca("stranger").signs(&["c.example"], 90).cert);
    assert_bad(
        &look_at(files("certs/*.pem", Some("certs/ca.pem"), None), &["valid"]).await,
        "certs/c.pem: not signed by the CA",
        "",
    );
    assert_good(&look_at(files("certs/*.pem", None, None), &["valid"]).await);

    put("certs/d.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_bad(&look_at(files("certs/*.pem", None, None), &["valid"]).await, "certs/d.pem: not readable", "");
    put("certs/d.pem", "nothing");
    assert_bad(&look_at(files("certs/*.pem", None, None), &["valid"]).await, "certs/d.pem: no PEM certificate", "");
    put("certs/d.pem", &right.signs(&["d.example"], -2).cert);
    assert_bad(&look_at(files("certs/*.pem", None, None), &["valid"]).await, "certs/d.pem: expired 2 d ago", "");
}
