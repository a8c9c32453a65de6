//! The channels of notices against receivers that check what real ones would.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::mail::USER;
use super::notices;
use crate::actions::{Annotation, Answered, Grafana, Jira, Mail, MailTls, Message, Pager, Receiver, annotate, send};
use crate::sandbox::world::ports::Port;
use crate::sandbox::world::testing::Prepared;

fn message(title: &str) -> Message {
    Message {
        title: title.into(),
        text: "1.2.3 goes out.\n.a line with a dot\nGrüße".into(),
        key: format!("run-1-tell-{title}"),
        source: "cryptoutil".into(),
        again: false,
    }
}

async fn told(receiver: Receiver, message: Message) -> (bool, String) {
    let (sender, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let handle = Some(tokio::runtime::Handle::current());
    send(handle, vec![("it".into(), receiver)], message, move |answered| drop(sender.send(answered)));
    match tokio::time::timeout(Duration::from_secs(20), answers.recv()).await.unwrap().unwrap() {
        Answered::First { ok, said } => (ok, said.strip_prefix("it: ").unwrap().to_owned()),
        late @ Answered::Late { .. } => panic!("{late:?}"),
    }
}

fn taken(said: &str) -> (bool, String) {
    (true, said.to_owned())
}

fn refused(said: &str) -> (bool, String) {
    (false, said.to_owned())
}

#[tokio::test]
async fn pagerduty_takes_an_event_and_says_what_is_wrong_with_one() {
    let world = Prepared::new(1.0, &[]);
    let (core, _serving) = world.serve().await;
    let url = format!("http://{}/", world.address(Port::Notices));
    let pager =
        |key: String, severity: &str| Receiver::Pager(Pager { key, url: url.clone(), severity: severity.into() });
    let key = world.secret("pagerduty_key");
    let done = told(pager(key.clone(), "critical"), message("Down")).await;
    assert_eq!(done, taken("127.0.0.1: 202 Accepted: Event processed, dedup_key run-1-tell-Down"));
    let long = Message { key: "k".repeat(300), title: "x".repeat(2000), again: true, ..message("") };
    let (ok, said) = told(pager(key.clone(), "info"), long).await;
    assert!(ok && said.contains("dedup_key fd"), "{said}");
    let untitled = Message { title: String::new(), ..message("") };
    assert!(told(pager(key, "info"), untitled).await.0);

    let done = told(pager("too-short".into(), "loud"), message("Down")).await;
    let length = "Length of 'routing_key' is incorrect (should be 32 characters)";
    let loud = "'payload.severity' is invalid (should be critical, error, warning or info)";
    let line = format!("127.0.0.1: 400 Bad Request: Event object is invalid: {length}, {loud}");
    assert_eq!(done, refused(&line));

    let events = notices::all(&core);
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["body"]["payload"]["source"], "cryptoutil");
    assert_eq!(events[0]["body"]["payload"]["custom_details"]["text"], message("").text);
    assert_eq!(events[2]["body"]["payload"]["summary"], "1.2.3 goes out.");
}

#[tokio::test]
async fn jira_gets_one_issue_or_one_comment_however_often_it_is_tried() {
    let world = Prepared::new(1.0, &[]);
    let (core, _serving) = world.serve().await;
    let base = format!("http://{}", world.address(Port::Notices));
    let jira = |url: &str, project: Option<&str>, token: Option<&str>| {
        Receiver::Jira(Jira {
            url: url.into(),
            project: project.map(str::to_owned),
            issue_type: "Task".into(),
            user: Some("ann".into()),
            token: token.map(str::to_owned),
            ca: None,
        })
    };
    let again = |title: &str| Message { again: true, ..message(title) };
    let token = world.secret("jira_token");
    let ops = || jira(&base, Some("OPS"), Some(&token));
    assert_eq!(told(ops(), message("Two\nlines")).await, taken("127.0.0.1: 201 Created: OPS-1"));
    assert_eq!(told(ops(), again("Two\nlines")).await, taken("OPS-1 is there from an earlier try"));
    assert_eq!(told(ops(), again("Another")).await, taken("127.0.0.1: 201 Created: OPS-2"));

    let bare = || jira(&base, Some("BARE"), Some(&token));
    assert_eq!(told(bare(), message("Plain")).await, taken("127.0.0.1: 201 Created: BARE-3"));
    assert_eq!(told(bare(), again("Plain")).await, taken("BARE-3 is there from an earlier try"));

    let issue = format!("{base}/browse/OPS-7?focused=1");
    let comment = || jira(&issue, None, Some(&token));
    assert_eq!(told(comment(), message("Done")).await, taken("127.0.0.1: 201 Created: OPS-7, comment 4"));
    assert_eq!(told(comment(), again("Done")).await, taken("OPS-7 has the comment from an earlier try"));

    let done = told(jira(&base, Some("ops"), Some(&token)), message("x")).await;
    assert_eq!(done, refused("127.0.0.1: 400 Bad Request: project: Specify a valid project ID or key"));
    let (ok, said) = told(jira(&base, Some("OPS"), None), message("x")).await;
    assert!(!ok && said.starts_with("127.0.0.1: 401 Unauthorized") && said.ends_with("`user` and `token`)"), "{said}");
    let (ok, said) = told(jira(&base, None, None), message("x")).await;
    assert!(!ok && said.contains("a new one needs a `project`"), "{said}");
    let all = notices::all(&core);
    assert_eq!(all.len(), 4);
    assert_eq!(all[0]["body"]["fields"]["summary"], "Two lines");
}

#[tokio::test]
async fn mail_goes_through_the_dialogue_with_and_without_tls() {
    let world = Prepared::new(1.0, &[]);
    let (core, _serving) = world.serve().await;
    let server = world.address(Port::Mail);
    let ca: PathBuf = world.root().join("certs/ca.pem");
    let mail = |to: &str| Mail {
        to: to.into(),
        server: server.clone(),
        from: "Flight <fd@example.com>".into(),
        ..Mail::default()
    };
    let safe = |password: &str, ca: Option<PathBuf>| {
        let (user, password) = (Some(USER.to_owned()), Some(password.to_owned()));
        Receiver::Mail(Mail { user, password, tls: Some(MailTls::Starttls), ca, ..mail("ops@example.com") })
    };
    let (ok, said) = told(Receiver::Mail(mail("a@example.com, B <b@example.com>")), message("Grüße an alle")).await;
    assert!(ok && said.starts_with("127.0.0.1: 250 2.0.0 queued as N-000001, <fd"), "{said}");
    let (ok, said) = told(safe(&world.secret("mail_password"), Some(ca.clone())), message("Safe")).await;
    assert!(ok && said.contains("N-000002"), "{said}");
    // A server that greylists has it at the second try, under the same id.
    let (ok, said) = told(Receiver::Mail(mail("later@example.com")), message("Safe")).await;
    assert!(ok && said.contains("N-000003"), "{said}");

    let (ok, said) = told(safe("wrong-password", Some(ca)), message("x")).await;
    assert!(!ok && said.contains("535") && !said.contains("tries"), "{said}");
    let (ok, said) = told(Receiver::Mail(mail("unknown@example.com")), message("x")).await;
    assert!(!ok && said.contains("550") && said.contains("no such user"), "{said}");
    let (ok, said) = told(Receiver::Mail(mail("nobody")), message("x")).await;
    assert!(!ok && said.starts_with("the channel's `email` is no address"), "{said}");
    let far = Mail { server: "mail.example.com:25".into(), tls: Some(MailTls::None), ..mail("a@example.com") };
    let done = told(Receiver::Mail(far), message("x")).await;
    assert_eq!(done, refused("mail.example.com: mail without TLS goes to this machine only"));

    let all: Vec<Value> = notices::all(&core).into_iter().map(|n| n["body"].clone()).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0]["to"], serde_json::json!(["a@example.com", "b@example.com"]));
    assert_eq!((&all[0]["tls"], &all[1]["tls"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!((&all[0]["from"], &all[1]["user"]), (&Value::from("fd@example.com"), &Value::from(USER)));
    assert_eq!(all[1]["message_id"], all[2]["message_id"]);
    assert_ne!(all[0]["message_id"], all[1]["message_id"]);
    assert!(all[0]["text"].as_str().unwrap().contains("\n.a line with a dot\n"), "{}", all[0]);
}

#[tokio::test]
async fn grafana_gets_one_annotation_however_often_it_is_tried() {
    let world = Prepared::new(1.0, &[]);
    let (core, _serving) = world.serve().await;
    let grafana = |uid: &str, password: &str| Grafana {
        url: format!("http://{}", world.address(Port::Grafana)),
        basic_auth: Some(("ops".into(), password.into())),
        dashboard: Some(uid.into()),
        token: None,
    };
    let note = async |to: Grafana, again: bool| {
        let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
        let tags = vec!["flightdeck".to_owned()];
        let note = Annotation { at: chrono::Utc::now(), text: "it begins".into(), tags, mark: "mark-1".into(), again };
        annotate(to, note, move |ok, said| drop(sender.send((ok, said))));
        tokio::time::timeout(Duration::from_secs(20), told.recv()).await.unwrap().unwrap()
    };
    let auth = world.secret("grafana_auth");
    let password = auth.split_once(':').unwrap().1;
    let overview = || grafana("cryptoutil-overview", password);
    assert_eq!(note(overview(), false).await, taken("127.0.0.1: 200 OK: annotation 1"));
    assert_eq!(note(overview(), true).await, taken("annotation 1 is there from an earlier try"));
    let done = note(grafana("nowhere", password), false).await;
    assert_eq!(done, refused("127.0.0.1: 404 Not Found: Dashboard not found"));
    let done = note(grafana("cryptoutil-overview", "wrong"), false).await;
    assert_eq!(done, refused("127.0.0.1: 401 Unauthorized: Unauthorized"));
    assert_eq!(notices::all(&core).len(), 1);
}

/// With nobody's CA the certificate is not trusted; the password is not sent.
#[tokio::test]
async fn mail_is_not_handed_to_a_server_that_cannot_prove_who_it_is() {
    let world = Prepared::new(1.0, &[]);
    let (core, _serving) = world.serve().await;
    let mail = Mail {
        to: "ops@example.com".into(),
        server: world.address(Port::Mail),
        from: "fd@example.com".into(),
        user: Some(USER.into()),
        password: Some(world.secret("mail_password")),
        tls: Some(MailTls::Starttls),
        ca: None,
    };
    let (ok, said) = told(Receiver::Mail(mail), message("x")).await;
    assert!(!ok && said.contains("certificate"), "{said}");
    assert!(notices::all(&core).is_empty());
}
