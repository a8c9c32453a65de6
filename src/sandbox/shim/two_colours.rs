//! Two colours from end to end: who answers follows from the proxy's file and a reload, or from a Service's selector.

use super::tests::{Ran, run_with};
use crate::sandbox::state::Serving;
use crate::sandbox::world::Core;
use crate::sandbox::world::ports::Port;
use crate::sandbox::world::testing::{Prepared, until};

const SPEED: f64 = 100.0;
const SHARED: &str = "docker compose -f deployments/compose/compose.yml --profile blue-green";
const GREEN: &str = "docker compose -f deployments/blue-green/kms-green.yml --profile postgres";
const BUILD: &str =
    "build --pull --build-arg APP_VERSION=1.5.0 --build-arg VCS_REF=abc --build-arg BUILD_DATE=2026-11-24T09:00:00Z";

fn world(platform: &str) -> Prepared {
    Prepared::new(SPEED, &[("platform", platform), ("strategy", "blue-green")])
}

async fn ok(world: &Prepared, line: &str) -> String {
    let Ran { code, out, err } = run_with(world, line, &[]).await;
    assert_eq!(code, 0, "{line}\n{out}{err}");
    out + &err
}

fn version(core: &Core, port: Port) -> String {
    core.look(|s, now| match s.serving(port, now) {
        Serving::Up { version } => version,
        Serving::Starting { .. } => "starting".to_owned(),
        Serving::Down => "down".to_owned(),
    })
}

fn lead_to(world: &Prepared, colour: &str) {
    let link = world.root().join("deployments/proxy/colours/live");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(colour, link).unwrap();
}

#[tokio::test]
async fn the_proxy_decides_by_its_file_and_only_at_a_reload() {
    let world = world("compose");
    let (core, _serving) = world.serve().await;
    let of = |port| version(&core, port);
    assert_eq!((of(Port::KmsApi), of(Port::BlueKmsApi)), ("1.4.2".into(), "1.4.2".into()));
    assert_eq!(of(Port::GreenKmsApi), "down");
    let blue = core.look(|s, _| s.engine.of("kms-blue", "cryptoutil-kms").cloned());

    ok(&world, &format!("{GREEN} {BUILD}")).await;
    ok(&world, &format!("{GREEN} up -d --no-build")).await;
    until("green is up", async || of(Port::GreenKmsApi) == "1.5.0").await;
    assert_eq!(of(Port::KmsApi), "1.4.2", "nobody is led to green by its start");
    lead_to(&world, "green");
    assert_eq!(of(Port::KmsApi), "1.4.2", "nor by the file alone");
    ok(&world, &format!("{SHARED} exec -T proxy nginx -t")).await;
    assert_eq!(of(Port::KmsApi), "1.4.2", "nor by a test of it");
    ok(&world, &format!("{SHARED} exec -T proxy nginx -s reload")).await;
    assert_eq!((of(Port::KmsApi), of(Port::KmsAdmin)), ("1.5.0".into(), "1.5.0".into()));
    assert_eq!(of(Port::BlueKmsApi), "1.4.2", "blue is kept");
    let top = ok(&world, &format!("{SHARED} top proxy")).await;
    assert!(top.contains("nginx: worker process"), "{top}");

    // Back, twice: it stays on blue; and green goes without it.
    for _ in 0..2 {
        lead_to(&world, "blue");
        ok(&world, &format!("{SHARED} exec -T proxy nginx -s reload")).await;
        assert_eq!(of(Port::KmsApi), "1.4.2");
    }
    ok(&world, &format!("{GREEN} down")).await;
    ok(&world, &format!("{GREEN} down")).await;
    assert_eq!((of(Port::KmsApi), of(Port::GreenKmsApi)), ("1.4.2".into(), "down".into()));
    assert_eq!(core.look(|s, _| s.engine.of("kms-blue", "cryptoutil-kms").cloned()), blue, "not touched at all");
    assert!(core.look(|s, _| s.engine.networks.contains("compose_kms-network")), "another project's network");
}

#[tokio::test]
async fn a_file_that_does_not_read_is_not_loaded() {
    let world = world("compose");
    let (core, _serving) = world.serve().await;
    std::fs::write(world.root().join("deployments/proxy/colours/green"), "upstream kms_api { server nowhere; }\n")
        .unwrap();
    lead_to(&world, "green");
    for command in ["-t", "-s reload"] {
        let Ran { code, err, .. } = run_with(&world, &format!("{SHARED} exec -T proxy nginx {command}"), &[]).await;
        assert!(code == 1 && err.contains("host not found in upstream"), "{code} {err}");
    }
    assert_eq!(version(&core, Port::KmsApi), "1.4.2");
}

#[tokio::test]
async fn a_services_selector_decides() {
    let world = world("kubernetes");
    let (core, _serving) = world.serve().await;
    let of = |port| version(&core, port);
    assert_eq!((of(Port::KmsApi), of(Port::BlueKmsApi)), ("1.4.2".into(), "1.4.2".into()));
    assert_eq!(of(Port::GreenKmsApi), "down");
    let text =
        std::fs::read_to_string(world.root().join("deployments/kubernetes/blue-green/cryptoutil-kms.yaml")).unwrap();
    std::fs::write(world.root().join("green.yaml"), text.replace("COLOUR", "green")).unwrap();
    let patch = |colour: &str| {
        format!(
            r#"kubectl patch service/cryptoutil-kms -n cryptoutil-prod -p '{{"spec":{{"selector":{{"colour":"{colour}"}}}}}}'"#
        )
    };
    ok(&world, "kubectl apply -f green.yaml -n cryptoutil-prod").await;
    ok(&world, "kubectl rollout status deployment/cryptoutil-kms-green -n cryptoutil-prod --timeout=2m").await;
    assert_eq!((of(Port::KmsApi), of(Port::GreenKmsApi)), ("1.4.2".into(), "1.5.0".into()));
    ok(&world, &patch("green")).await;
    assert_eq!(of(Port::KmsApi), "1.5.0");
    assert_eq!(ok(&world, &patch("blue")).await, "service/cryptoutil-kms patched\n");
    assert_eq!(ok(&world, &patch("blue")).await, "service/cryptoutil-kms patched (no change)\n");
    assert_eq!(of(Port::KmsApi), "1.4.2", "an undo that is run twice stays on blue");
    let delete = "kubectl delete deployment/cryptoutil-kms-green -n cryptoutil-prod --ignore-not-found";
    assert!(ok(&world, delete).await.contains("deleted"));
    assert_eq!(ok(&world, delete).await, "");
    assert_eq!((of(Port::KmsApi), of(Port::GreenKmsApi)), ("1.4.2".into(), "down".into()));
    ok(&world, &patch("purple")).await;
    assert_eq!(of(Port::KmsApi), "down", "a selector that takes nothing leads nowhere");
}

#[tokio::test]
async fn a_faulty_release_never_becomes_ready() {
    let world = world("compose");
    let (core, _serving) = world.serve().await;
    let file = world.root().join("deployments/blue-green/kms-green.yml");
    let (image, text) = ("    image: cryptoutil:green\n", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, text.replace(image, &format!("{image}    environment: {{ CRYPTOUTIL_FAULT: unready }}\n")))
        .unwrap();
    ok(&world, &format!("{GREEN} {BUILD}")).await;
    ok(&world, &format!("{GREEN} up -d --no-build")).await;
    until("green has had its time", async || {
        core.look(|s, now| {
            s.engine.of("kms-green", "cryptoutil-kms").is_some_and(|c| c.started.is_some_and(|at| now > at + 60_000))
        })
    })
    .await;
    assert_eq!(version(&core, Port::GreenKmsApi), "starting");
}
