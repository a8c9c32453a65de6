//! A prepared world, looked at from outside.

use super::*;

fn world(given: &[(&str, &str)]) -> (tempfile::TempDir, Overlay) {
    let folder = tempfile::tempdir().unwrap();
    let given = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let scenario = crate::sandbox::scenario("production").unwrap();
    let overlay = prepare(&folder.path().join("world"), &scenario, Path::new("/opt/flightdeck"), &given, 1.0).unwrap();
    (folder, overlay)
}

fn git(root: impl AsRef<Path>, args: &[&str]) -> String {
    let output = std::process::Command::new("git").current_dir(root).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_repository_is_clean_and_holds_both_releases() {
    let (_folder, overlay) = world(&[("release", "2.0.0")]);
    let root = &overlay.root;
    assert_eq!(git(root, &["status", "--porcelain"]), "");
    assert_eq!(git(root, &["rev-parse", "HEAD"]), git(root, &["rev-parse", "v2.0.0^{commit}"]));
    let changed = git(root, &["diff", "--stat", "v1.4.2", "v2.0.0", "--", "deployments/", "configs/"]);
    assert!(changed.contains("deployments/kms/config/common.yml"), "{changed}");
    let old = git(root, &["show", "v1.4.2:deployments/kubernetes/deployments/cryptoutil-kms.yaml"]);
    assert!(old.contains("image: cryptoutil:1.4.2"), "{old}");
    assert!(!git(root, &["ls-files"]).contains("kms/secrets"), "secret files are not committed");
    assert_eq!(overlay.parameters["release"], "2.0.0");
}

#[test]
fn no_placeholder_is_left_and_every_manifest_is_yaml() {
    let (_folder, overlay) = world(&[]);
    let mut manifests = 0;
    let left = regex::Regex::new("@[a-z_0-9]+@").unwrap();
    for file in git(&overlay.root, &["ls-files"]).lines() {
        let text = std::fs::read_to_string(Path::new(&overlay.root).join(file)).unwrap();
        assert!(!left.is_match(&text), "{file}: {:?}", left.find(&text));
        if file.ends_with(".yml") || file.ends_with(".yaml") {
            let documents: Vec<serde_json::Value> = serde_yaml::from_multiple(&text).unwrap();
            assert!(!documents.is_empty(), "{file}");
            manifests += 1;
        }
    }
    assert!(manifests >= 10, "{manifests}");
}

#[test]
fn secrets_are_private_distinct_and_within_their_lengths() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, overlay) = world(&[]);
    let mut seen = std::collections::BTreeSet::new();
    for n in 1..=5 {
        let path = Path::new(&overlay.root).join(format!("deployments/kms/secrets/unseal_{n}of5.secret"));
        let text = std::fs::read(&path).unwrap();
        assert!((32..=64).contains(&text.len()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        seen.insert(text);
    }
    assert_eq!(seen.len(), 5);
    for name in ["swagger_auth", "grafana_auth", "smoke_client_secret", "smoke_password", "team_webhook"] {
        let text = std::fs::read_to_string(Path::new(&overlay.root).join("secrets").join(name)).unwrap();
        assert!(text.len() >= 6, "{name}");
    }
}

#[test]
fn certificates_are_signed_by_the_worlds_own_authority() {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let (_folder, overlay) = world(&[]);
    let read = |name: &str| CertificateDer::from_pem_file(Path::new(&overlay.root).join("certs").join(name)).unwrap();
    let (ca, server, client) = (read("ca.pem"), read("server.pem"), read("client.pem"));
    let (_, ca) = x509_parser::parse_x509_certificate(&ca).unwrap();
    assert!(ca.is_ca());
    for leaf in [&server, &client] {
        let (_, leaf) = x509_parser::parse_x509_certificate(leaf).unwrap();
        leaf.verify_signature(Some(ca.public_key())).unwrap();
        assert!(!leaf.is_ca());
        let left = leaf.validity().time_to_expiration().unwrap();
        assert!(left.whole_days() > 300, "{left}");
    }
}

#[test]
fn nothing_in_the_environment_leads_out_of_the_run() {
    let (folder, overlay) = world(&[]);
    let inside = folder.path().canonicalize().unwrap();
    let inside = inside.to_str().unwrap();
    assert!(overlay.env["PATH"].starts_with(inside));
    for name in ["FLIGHTDECK_WORLD", "KUBECONFIG", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        assert!(overlay.env[name].starts_with(inside), "{name}");
    }
    for (name, value) in &overlay.parameters {
        if value.contains("://") || name.ends_with("_address") {
            assert!(value.contains("127.0.0.1:"), "{name}: {value}");
        }
    }
    let run = folder.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(overlay.parameters["ports_owner"], run, "what stands in the command line of the world's process");
    assert_eq!(std::fs::read_link(Path::new(&overlay.root).join("bin/docker")).unwrap(), Path::new("/opt/flightdeck"));
}

#[test]
fn a_version_that_is_no_word_and_a_speed_that_is_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = crate::sandbox::scenario("production").unwrap();
    let given = BTreeMap::from([("release".to_owned(), "1.0; rm -rf".to_owned())]);
    let error = prepare(folder.path(), &scenario, Path::new("x"), &given, 1.0).unwrap_err().to_string();
    assert!(error.contains("parameter release"), "{error}");
    assert!(prepare(folder.path(), &scenario, Path::new("x"), &BTreeMap::new(), 0.0).is_err());
}
