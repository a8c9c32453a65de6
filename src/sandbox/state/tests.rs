//! The state as a whole.

use super::*;
use crate::sandbox::world::ports::Port;

fn template(version: &str) -> Value {
    serde_json::json!({
        "spec": { "replicas": 2, "template": { "spec": { "containers": [{ "image": format!("cryptoutil:{version}") }] } } }
    })
}

fn started(state: &mut State, service: &str, at: Millis) {
    let definition = Definition {
        project: "compose".into(),
        service: service.into(),
        image: "cryptoutil:dev".into(),
        config: "c".into(),
        ports: vec![],
        unready: false,
    };
    state.apply(at, &Change::ContainerCreated(definition));
    state.apply(at, &Change::ContainerStarted(format!("compose-{service}-1")));
}

fn state() -> State {
    let mut state = State::new(1, Platform::Compose);
    let build = |version: &str| Change::ImageBuilt {
        tag: "cryptoutil:dev".into(),
        version: version.into(),
        revision: version.into(),
    };
    state.apply(-100_000, &build("1.4.2"));
    for service in ["postgres", "cryptoutil-postgres-1", "opentelemetry-collector-contrib"] {
        started(&mut state, service, -100_000);
    }
    let name = "cryptoutil-kms".to_owned();
    let kind = "deployment.apps".to_owned();
    state.apply(-100_000, &Change::ObjectApplied { kind, name, value: template("1.4.2") });
    state.apply(0, &build("1.5.0"));
    state
}

#[test]
fn a_service_is_what_its_image_was_when_it_was_created() {
    let mut state = state();
    assert_eq!(state.serving(Port::KmsApi, 10), Serving::Up { version: "1.4.2".into() });
    started(&mut state, "cryptoutil-postgres-1", 1_000);
    assert_eq!(state.serving(Port::KmsApi, 2_000), Serving::Down);
    assert_eq!(state.serving(Port::KmsApi, 6_000), Serving::Starting { version: "1.5.0".into() });
    assert_eq!(state.serving(Port::KmsApi, 20_000), Serving::Up { version: "1.5.0".into() });
    assert_eq!(state.serving(Port::Kms2Api, 20_000), Serving::Down, "never created");
}

#[test]
fn the_platform_that_is_worked_on_serves() {
    let mut state = state();
    assert_eq!(state.active, Platform::Compose);
    let (kind, name) = ("deployment.apps".to_owned(), "cryptoutil-kms".to_owned());
    state.apply(1_000, &Change::ObjectApplied { kind: kind.clone(), name: name.clone(), value: template("1.4.2") });
    assert_eq!(state.active, Platform::Compose, "nothing changed");
    state.apply(2_000, &Change::ObjectApplied { kind: kind.clone(), name: name.clone(), value: template("1.5.0") });
    assert_eq!(state.active, Platform::Kubernetes);
    assert_eq!(state.serving(Port::KmsApi, 2_100).version(), "1.4.2", "the old pods serve until new ones are ready");
    assert_eq!(state.serving(Port::KmsApi, 60_000).version(), "1.5.0");
    state.apply(70_000, &Change::RolledBack { name: name.clone(), revision: 1 });
    assert_eq!(state.serving(Port::KmsApi, 130_000).version(), "1.4.2");
    assert_eq!(state.cluster.objects[&(kind, name)].0["spec"]["template"], template("1.4.2")["spec"]["template"]);
}

#[test]
fn removing_the_database_volume_loses_the_keys() {
    let mut state = state();
    let key = kms::ElasticKey {
        id: "k".into(),
        store: Store::Postgres,
        name: "n".into(),
        description: String::new(),
        algorithm: "A256GCM/A256KW".into(),
        versioning: true,
        created: 0,
        materials: vec![],
    };
    state.apply(0, &Change::KeyCreated(key));
    state.apply(1, &Change::VolumeRemoved("compose_cryptoutil_grafana_volume".into()));
    assert_eq!(state.keys.count(), 1);
    state.apply(2, &Change::VolumeRemoved("compose_postgres_data".into()));
    assert_eq!(state.keys.count(), 0);
}

#[test]
fn figures_move_smoothly_and_follow_what_is_up() {
    use load::Figure;
    let mut state = state();
    let mut last = state.figure(Figure::Latency(0.95), 0).unwrap();
    for t in (1_000..600_000).step_by(1_000) {
        let next = state.figure(Figure::Latency(0.95), t).unwrap();
        assert!((next / last - 1.0).abs() < 0.03, "a jump at {t}: {last} to {next}");
        assert!((25.0..55.0).contains(&next), "{next}");
        assert!(state.figure(Figure::ErrorRatio, t).unwrap() < 0.001);
        last = next;
    }
    let before = state.figure(Figure::Throughput, 600_000).unwrap();
    state.apply(600_000, &Change::ContainerStopped("compose-cryptoutil-postgres-1-1".into()));
    assert!(state.figure(Figure::Throughput, 700_000).is_none(), "no traffic is no data, not 0");
    started(&mut state, "cryptoutil-postgres-1", 700_000);
    let after = state.figure(Figure::Throughput, 730_000).unwrap();
    assert!(after < before * 0.7, "the window is not full again: {before}, {after}");
}
