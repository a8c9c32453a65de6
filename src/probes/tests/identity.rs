//! The authorization-code flow against a server that works, and against each of its faults.

use super::identity_server::{Identity, PASSWORD, REDIRECT, identity};
use super::*;
use crate::runbook::kinds::Oauth;

fn flow(server: &Identity) -> Oauth {
    let url = format!("http://{}", server.at);
    Oauth {
        resource: some(format!("{url}/resource")),
        url: text(url),
        client: text("web"),
        redirect: text(REDIRECT),
        user: text("tester"),
        password: text(PASSWORD),
        ..Oauth::default()
    }
}

/// A walk by the kind's own expectations; whatever comes of it, no secret is in it.
async fn walk(server: &Identity, oauth: Oauth) -> Sample {
    let kind = ProbeKind::Oauth(Box::new(oauth));
    let expect = kind.fields(None).defaults;
    let sample = look(spec(kind, expect)).await;
    let told = format!("{sample:?}");
    for secret in server.secrets() {
        assert!(!told.contains(&secret), "{secret} is told: {told}");
    }
    sample
}

/// A walk over a server with this fault.
async fn with(fault: &'static str) -> Sample {
    let server = identity(&[fault]).await;
    walk(&server, flow(&server)).await
}

#[tokio::test]
async fn the_whole_flow_is_walked_and_each_leg_is_timed() {
    let server = identity(&[]).await;
    let forbidden = vec![text(format!("POST http://{}/resource", server.at))];
    let sample = walk(&server, Oauth { forbidden: forbidden.clone(), ..flow(&server) }).await;
    assert_good(&sample);
    let legs =
        ["authorize", "login", "consent", "token", "introspect", "resource", "wrong_scope", "no_token", "bad_token"];
    for leg in legs.into_iter().chain(["forbidden", "revoke"]) {
        assert_eq!(sample.fields[leg], Value::Bool(true), "{leg}");
        let Value::Duration(took) = sample.fields[&format!("{leg}_latency")] else { panic!("{leg}: {sample:?}") };
        assert!(took > 0.0 && took < sample.value.unwrap(), "{leg} took {took}");
    }
    assert_eq!(server.tokens(), 0, "all tokens were taken back");
    // Without a resource, none is asked for.
    let sample = walk(&server, Oauth { resource: None, forbidden, ..flow(&server) }).await;
    assert_good(&sample);
    assert!(!sample.fields.contains_key("resource") && sample.fields["revoke"] == Value::Bool(true));
}

#[tokio::test]
async fn a_client_with_a_secret_shows_it() {
    let server = identity(&["secret"]).await;
    assert_bad(&walk(&server, flow(&server)).await, "token: /oauth2/v1/token answers 401: invalid_client", "secret");
    assert_good(&walk(&server, Oauth { client_secret: some("s3cret-s3cret"), ..flow(&server) }).await);
}

#[tokio::test]
async fn the_leg_that_fails_is_named_with_what_the_server_said() {
    let server = identity(&[]).await;
    let other = Oauth { redirect: text("http://127.0.0.1:1/other"), ..flow(&server) };
    let sample = walk(&server, other).await;
    assert_bad(
        &sample,
        "authorize: /oauth2/v1/authorize answers 400: invalid_request (redirect_uri is not",
        "registered",
    );
    assert_eq!(sample.fields["authorize"], Value::Bool(false));
    assert!(!sample.fields.contains_key("token"), "what was not reached is neither good nor bad");

    let wrong = walk(&server, Oauth { password: text("wrong-wrong"), ..flow(&server) }).await;
    assert_bad(&wrong, "login: /login answers 401: access_denied (*** is wrong, csrf ***)", "password");
    assert_bad(&with("again").await, "login: after the login its page came again", "new one");
    assert_bad(&with("no form").await, "login: the page /login (\"Loading\") has no form", "script");
    assert_bad(&with("denied").await, "consent: sent back with access_denied (not this user)", "");
    assert_bad(&with("state").await, "consent: the state did not come back", "do not go on");
    assert_bad(
        &with("pkce").await,
        "token: /oauth2/v1/token answers 400: invalid_grant (code_verifier *** does not match)",
        "",
    );
    assert_bad(&with("nonce").await, "token: the nonce of the id_token", "");
    assert_bad(&with("mac").await, "token: the token is no Bearer token", "");
}

#[tokio::test]
async fn what_the_token_is_good_for_is_told_leg_by_leg() {
    let open = with("open").await;
    assert_bad(
        &open,
        "no_token: without a token: 200, wanted 401; bad_token: with a token that was changed: 200, wanted 401; wrong_scope: with another scope: 200",
        "security team",
    );
    assert_eq!((&open.fields["resource"], &open.fields["no_token"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_bad(&with("garbage").await, "introspect: garbage is active", "");
    assert_bad(&with("expired").await, "introspect: a fresh token has expired already", "clocks");
    assert_bad(&with("kept").await, "revoke: a token that was taken back is still active", "");
    let server = identity(&["open"]).await;
    let forbidden = vec![text(format!("POST http://{}/resource", server.at))];
    let open = walk(&server, Oauth { forbidden, resource: None, ..flow(&server) }).await;
    assert_bad(&open, "forbidden: POST /resource: 200, wanted 403", "security team");
    let server = identity(&[]).await;
    let none = walk(&server, Oauth { scope: some("openid"), ..flow(&server) }).await;
    assert_bad(&none, "resource: with the right scope: 403, wanted 2xx", "trust this issuer");
}

#[tokio::test]
async fn only_the_legs_that_are_asked_about_decide() {
    let server = identity(&["open"]).await;
    let kind = ProbeKind::Oauth(Box::new(flow(&server)));
    assert_good(&look(spec(kind, &["authorize", "token", "token_latency < 1s"])).await);
}

#[tokio::test]
async fn a_server_that_hangs_or_is_away_is_told_with_its_leg() {
    let server = identity(&["hang"]).await;
    let kind = ProbeKind::Oauth(Box::new(flow(&server)));
    let mut slow = spec(kind, &["authorize"]);
    slow.timeout = Duration::from_millis(300);
    assert_bad(&look(slow).await, "authorize: no answer in time", "timeout");
    let mut away = flow(&server);
    away.url = text(format!("http://127.0.0.1:{}", super::servers::closed_port()));
    assert_bad(&walk(&server, away).await, "authorize: connection refused", "nothing listens");
    // Settings that cannot be used say nothing about the server.
    let sample = walk(&server, Oauth { url: text("ftp://x"), ..flow(&server) }).await;
    assert_nothing(&sample, "`ftp:` is not spoken here");
}
