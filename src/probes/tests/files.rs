use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::runbook::kinds::{ConfigProbe, FileProbe, Git, Openapi, Port, Report, ReportFormat};

#[tokio::test]
async fn files_have_counts_sizes_modes_ages_and_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let file = |path: &str| ProbeKind::File(FileProbe { path: text(path) });
    let look_at = |path: &str, expect: &[&str]| look(in_folder(folder.path(), spec(file(path), expect)));
    assert_bad(&look_at("*.secret", &["count > 0"]).await, "count 0, wanted > 0", "");
    assert_nothing(&look_at("*.secret", &["mode == '0600'"]).await, "no file matches *.secret");

    put("a.secret", "0123456789", 0o600);
    put("b.secret", "0123456789", 0o640);
    put("c.secret", "01234", 0o600);
    let expect = ["count == 3", "smallest == 5B", "largest == 10B", "distinct == 2", "mode == '0640'", "age < 1h"];
    let sample = look_at("*.secret", &expect).await;
    assert_good(&sample);
    assert_good(
        &look_at(
            "c.secret",
            &["count == 1", "sha256 == 'c565fe03ca9b6242e01dfddefe9bba3d98b270e19cd02fd85ceaf75e2b25bf12'"],
        )
        .await,
    );
    let before = sample.fields["sha256"].clone();
    put("c.secret", "01235", 0o600);
    assert_ne!(look_at("*.secret", &[]).await.fields["sha256"], before);
}

#[tokio::test]
async fn configuration_values_are_read_by_path_and_secrets_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yml"), "log-level: INFO\ndb:\n  password: hush\n  pool: 5\n").unwrap();
    let config = |file: &str| ProbeKind::Config(ConfigProbe { file: some(file), ..ConfigProbe::default() });
    let look_at = |file: &str, expect: &[&str]| look(in_folder(folder.path(), spec(config(file), expect)));
    let sample = look_at("a.yml", &["at['log-level'] == 'INFO'", "at.db.pool == 5", "at.db.password == 'hush'"]).await;
    assert_good(&sample);
    assert!(!format!("{sample:?}").contains("hush"), "{sample:?}");
    assert_nothing(&look_at("b.yml", &["at.x == 1"]).await, "b.yml: no such file");
    assert_bad(&look_at("b.yml", &["exists"]).await, "exists is false", "");
    std::fs::write(folder.path().join("c.json"), "{").unwrap();
    assert_nothing(&look_at("c.json", &["exists"]).await, "c.json: no JSON");
}

#[tokio::test]
async fn a_report_or_a_document_that_is_missing_is_never_good() {
    let report = ProbeKind::Report(Report { path: text("none.sarif"), format: ReportFormat::Sarif, newer_than: None });
    let folder = tempfile::tempdir().unwrap();
    assert_nothing(
        &look(in_folder(folder.path(), spec(report, &["critical == 0", "high == 0"]))).await,
        "no report at none.sarif",
    );
    let document = ProbeKind::Openapi(Openapi { file: some("none.yaml"), ..Openapi::default() });
    assert_bad(&look(in_folder(folder.path(), spec(document, &["valid"]))).await, "none.yaml: no such file", "");
}

#[tokio::test]
async fn a_port_that_is_held_by_others_is_foreign() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let kind =
        |owner: Option<&str>| ProbeKind::Port(Port { ports: vec![text(port.to_string())], owner: owner.map(text) });
    let sample = look(spec(kind(Some("no-such-release")), &["foreign is empty"])).await;
    assert_bad(&sample, &format!("{port}: "), "");
    let own = std::env::current_exe().unwrap();
    let word = own.file_name().unwrap().to_str().unwrap();
    assert_good(&look(spec(kind(Some(word)), &["foreign is empty", "held is not empty"])).await);
    drop(held);
    assert_good(&look(spec(kind(None), &["foreign is empty"])).await);
}

#[tokio::test]
async fn a_git_folder_says_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let done = std::process::Command::new("git")
            .args(args)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let kind = || ProbeKind::Git(Git { folder: some(".") });
    let look_here = |expect: &'static [&'static str]| look(in_folder(folder.path(), spec(kind(), expect)));
    let nothing = look_here(&["not dirty"]).await;
    assert_eq!(nothing.look, Look::NoData, "{}", said(&nothing));
    git(&["init", "-q", "-b", "main"]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"]);
    git(&["tag", "v1.0.0"]);
    let sample =
        look_here(&["branch == 'main'", "tag == 'v1.0.0'", "not dirty", "commit is matching('^[0-9a-f]{40}$')"]).await;
    assert_good(&sample);
    std::fs::write(folder.path().join("new"), "x").unwrap();
    assert_bad(&look_here(&["not dirty"]).await, "dirty is true", "");
    git(&["checkout", "-q", "--detach"]);
    assert_good(&look_here(&["branch == ''", "dirty"]).await);
}
