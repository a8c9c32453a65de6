//! The files below the root folder, filled with the world's ports, versions and secrets.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::TimeDelta;

use crate::sandbox::world::ports::{Port, Ports};
use crate::sandbox::world::settings::Settings;
use crate::sandbox::world::{make_dir, write_private};

/// Deployments of the cluster: name, image, health path, arguments, secret of the database address.
pub(super) const DEPLOYMENTS: [(&str, &str, &str, &str, &str); 4] = [
    ("cryptoutil-kms", "cryptoutil", "/ui/swagger/index.html", "[kms, start]", "cryptoutil-kms-database"),
    ("identity-authz", "cryptoutil-identity", "/health", "[identity, authz, start]", "identity-database"),
    ("identity-idp", "cryptoutil-identity", "/health", "[identity, idp, start]", "identity-database"),
    ("identity-rs", "cryptoutil-identity", "/health", "[identity, rs, start]", "identity-database"),
];

/// Files that are the same but for their placeholders.
const FILES: [(&str, &str); 17] = [
    ("deployments/compose/compose.yml", include_str!("root/compose/compose.yml")),
    ("deployments/telemetry/compose.yml", include_str!("root/telemetry/compose.yml")),
    (
        "deployments/telemetry/otel/otel-collector-config.yaml",
        include_str!("root/telemetry/otel-collector-config.yaml"),
    ),
    ("deployments/identity/compose.yml", include_str!("root/identity/compose.yml")),
    ("deployments/kms/config/common.yml", include_str!("root/kms/common.yml")),
    ("configs/identity/production.yml", include_str!("root/configs/identity-production.yml")),
    ("deployments/kubernetes/README.md", include_str!("root/docs/kubernetes-readme.md")),
    ("deployments/kubernetes/configmaps/config.yaml", include_str!("root/kubernetes/configmaps.yaml")),
    ("deployments/kubernetes/secrets/secrets.yaml", include_str!("root/kubernetes/secrets.yaml")),
    ("deployments/kubernetes/blue-green/configmaps.yaml", include_str!("root/kubernetes/colour-configmaps.yaml")),
    ("deployments/proxy/nginx.conf", include_str!("root/proxy/nginx.conf")),
    ("deployments/migrations/expand.sql", include_str!("root/migrations/expand.sql")),
    ("docs/DEV-SETUP.md", include_str!("root/docs/DEV-SETUP.md")),
    ("docs/runbooks/adaptive-auth-operations.md", include_str!("root/docs/adaptive-auth-operations.md")),
    ("README.md", include_str!("root/docs/README.md")),
    ("go.mod", "module cryptoutil\n\ngo 1.25\n"),
    (
        ".gitignore",
        "/bin/\n/certs/\n/secrets/\n/deployments/kms/secrets/\n/deployments/proxy/colours/live\n/workflow-reports/\n/backups/\n*.out\n*.dump\n",
    ),
];

/// Passwords and other secrets of a world, by placeholder.
pub(super) fn secrets(ports: &Ports) -> BTreeMap<String, String> {
    let mut random = fastrand::Rng::new();
    let mut secret = |length: usize| -> String { (0..length).map(|_| random.alphanumeric()).collect() };
    let (user, database) = ("kms_prod", "kms_prod_db");
    let password = secret(24);
    let notices = format!("http://127.0.0.1:{}", ports.of(Port::Notices));
    let mut all = BTreeMap::from([
        ("postgres_url".to_owned(), format!("postgres://{user}:{password}@postgres:5432/{database}?sslmode=require")),
        ("postgres_username".to_owned(), user.to_owned()),
        ("postgres_password".to_owned(), password),
        ("postgres_database".to_owned(), database.to_owned()),
        ("swagger_auth".to_owned(), format!("ops:{}", secret(20))),
        ("grafana_auth".to_owned(), format!("ops:{}", secret(20))),
        ("smoke_client_secret".to_owned(), secret(32)),
        ("smoke_password".to_owned(), secret(24)),
        ("kube_token".to_owned(), secret(40)),
        ("team_webhook".to_owned(), format!("{notices}/team/{}", secret(16))),
        ("pager_webhook".to_owned(), format!("{notices}/pager/{}", secret(16))),
        ("mail_password".to_owned(), secret(24)),
        ("pagerduty_key".to_owned(), secret(32)),
        ("jira_token".to_owned(), secret(24)),
    ]);
    for n in 1..=5 {
        all.insert(format!("unseal_{n}"), secret(48));
    }
    all
}

/// Writes the secret files and the record of the last restore; they are not in the repository.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write_unversioned(root: &Path, settings: &Settings) -> io::Result<()> {
    let kms = root.join("deployments/kms/secrets");
    let ours = root.join("secrets");
    make_dir(&kms)?;
    make_dir(&ours)?;
    for n in 1..=5 {
        let text = settings.secret(&format!("unseal_{n}"));
        write_private(&kms.join(format!("unseal_{n}of5.secret")), text.as_bytes())?;
    }
    for name in ["postgres_url", "postgres_username", "postgres_password", "postgres_database"] {
        write_private(&kms.join(format!("{name}.secret")), settings.secret(name).as_bytes())?;
    }
    for name in [
        "swagger_auth",
        "grafana_auth",
        "smoke_client_secret",
        "smoke_password",
        "team_webhook",
        "pager_webhook",
        "mail_password",
        "pagerduty_key",
        "jira_token",
    ] {
        write_private(&ours.join(name), settings.secret(name).as_bytes())?;
    }
    let password = settings.secret("grafana_auth").split(':').next_back().unwrap_or_default();
    write_private(&ours.join("grafana_password"), password.as_bytes())?;
    let drill = settings.opened - TimeDelta::days(9);
    let text = format!(
        "Restore test of {}\nBackup of the same day restored into a scratch database: 8 keys, row counts equal, one text decrypted.\n",
        drill.format("%Y-%m-%d")
    );
    write(root, "backups/restore-test.txt", &text, &BTreeMap::new())
}

/// Writes the files of the repository as they are in `version`.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write_tree(root: &Path, settings: &Settings, version: &str) -> io::Result<()> {
    let mut values: BTreeMap<String, String> = settings.secrets.clone();
    for port in Port::ALL {
        let name = serde_json::to_value(port).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        values.insert(format!("port_{name}"), settings.ports.of(port).to_string());
    }
    values.insert("release".into(), version.to_owned());
    // A difference between the releases beside the version, so that there is something to review.
    let limit = if version == settings.release { "25" } else { "20" };
    values.insert("service_rate_limit".into(), limit.into());
    for (path, text) in FILES {
        write(root, path, text, &values)?;
    }
    for instance in ["1", "2"] {
        values.insert("instance".into(), instance.into());
        let path = format!("deployments/kms/config/postgresql-{instance}.yml");
        write(root, &path, include_str!("root/kms/postgresql.yml"), &values)?;
    }
    for (name, image, health, args, database) in DEPLOYMENTS {
        let level = if name == "cryptoutil-kms" { "INFO" } else { "info" };
        let config = if name == "cryptoutil-kms" { "cryptoutil-kms-config" } else { "identity-config" };
        for (key, value) in [
            ("name", name),
            ("image", image),
            ("health", health),
            ("args", args),
            ("database_secret", database),
            ("log_level", level),
            ("config", config),
        ] {
            values.insert(key.into(), value.into());
        }
        let path = format!("deployments/kubernetes/deployments/{name}.yaml");
        write(root, &path, include_str!("root/kubernetes/deployment.yaml"), &values)?;
        let path = format!("deployments/kubernetes/blue-green/{name}.yaml");
        write(root, &path, include_str!("root/kubernetes/colour.yaml"), &values)?;
        let path = format!("deployments/kubernetes/services/{name}.yaml");
        write(root, &path, include_str!("root/kubernetes/services.yaml"), &values)?;
    }
    for colour in COLOURS {
        values.insert("colour".into(), colour.into());
        for what in ["kms_api", "kms_admin", "authz", "idp", "rs"] {
            let port = values.get(&format!("port_{colour}_{what}")).cloned().unwrap_or_default();
            values.insert(format!("port_colour_{what}"), port);
        }
        for (path, text) in [
            (format!("deployments/blue-green/kms-{colour}.yml"), include_str!("root/blue-green/kms.yml")),
            (format!("deployments/blue-green/identity-{colour}.yml"), include_str!("root/blue-green/identity.yml")),
            (format!("deployments/proxy/colours/{colour}"), include_str!("root/proxy/colour")),
        ] {
            write(root, &path, text, &values)?;
        }
    }
    Ok(())
}

/// The two colours; the first is the one that runs at the start.
pub(super) const COLOURS: [&str; 2] = ["blue", "green"];

/// Links the file of the colour that is live. It says what this machine does, so it is not in the repository.
///
/// # Errors
/// The link cannot be made.
pub(super) fn write_live(root: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(COLOURS[0], root.join("deployments/proxy/colours/live"))
}

/// Writes a kubeconfig whose one context leads to the world's API server: the simulated kubectl has the same world
/// behind it, and the probes ask the server itself.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write_kubeconfig(root: &Path, settings: &Settings) -> io::Result<()> {
    let (context, namespace) = (&settings.context, &settings.namespace);
    let (port, token) = (settings.ports.of(Port::Kubernetes), settings.secret("kube_token"));
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {context}\n\
         clusters:\n- name: {context}\n  cluster:\n    server: https://127.0.0.1:{port}\n    certificate-authority: ../certs/ca.pem\n\
         contexts:\n- name: {context}\n  context:\n    cluster: {context}\n    namespace: {namespace}\n    user: {context}\n\
         users:\n- name: {context}\n  user:\n    token: {token}\n"
    );
    write_private(&root.join("secrets/kubeconfig"), text.as_bytes())
}

fn write(root: &Path, path: &str, text: &str, values: &BTreeMap<String, String>) -> io::Result<()> {
    let target = root.join(path);
    if let Some(parent) = target.parent() {
        make_dir(parent)?;
    }
    write_private(&target, fill(text, values).as_bytes())
}

/// Replaces `@name@` by its value; an unknown name stays as it is.
fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('@') {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let name_length = after[1..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = &after[1..1 + name_length];
        if let (Some(value), Some(b'@')) = (values.get(name), after.as_bytes().get(1 + name_length)) {
            out.push_str(value);
            rest = &after[name_length + 2..];
        } else {
            out.push('@');
            rest = &after[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_other_signs_left_alone() {
        let values = BTreeMap::from([("release".to_owned(), "1.5.0".to_owned())]);
        assert_eq!(fill("v@release@ a@b.c @none@ @release@@release@", &values), "v1.5.0 a@b.c @none@ 1.5.01.5.0");
    }
}
