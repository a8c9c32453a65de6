//! The lock as a volume of a Docker Engine. An engine makes a volume of a name once, whoever asks first; its labels say
//! who that was, and never change. The sign of life is a second volume, made anew.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{Volume, VolumeCreateRequest};
use bollard::query_parameters::RemoveVolumeOptionsBuilder;
use chrono::{SecondsFormat, Utc};

use super::{At, Found, LASTS, Own, Trouble};
use crate::engine::LeaseHolder;
use crate::probes::{Ctx, reach_engine, words_of_engine};

const RUN: &str = "flightdeck.run";
const WHO: &str = "flightdeck.who";
const PURPOSE: &str = "flightdeck.purpose";
const SINCE: &str = "flightdeck.since";
const LASTS_FOR: &str = "flightdeck.lasts";
const RENEWED: &str = "flightdeck.renewed";
const REASON: &str = "flightdeck.taken-over-because";

/// Looks, takes what is free, renews what is ours; takes over what a person wants taken over, from this run.
pub(super) async fn turn(at: &At, ctx: &Ctx, own: &Own, over: Option<(&str, &str)>) -> Result<Found, Trouble> {
    let engine = reach_engine(ctx).await.map_err(Trouble::Passing)?;
    let mut reason = None;
    if let Some((from, text)) = over
        && let Some(found) = read(&engine, &at.name).await?
        && label(&found, RUN) == from
    {
        remove(&engine, &at.name).await?;
        reason = Some(text);
    }
    let before = read(&engine, &at.name).await?;
    let fresh = before.is_none();
    let found = match before {
        Some(found) => found,
        None => {
            let mut labels = HashMap::from([
                (RUN.to_owned(), own.run.clone()),
                (WHO.to_owned(), own.who.clone()),
                (PURPOSE.to_owned(), own.purpose.clone()),
                (SINCE.to_owned(), own.since.clone()),
                (LASTS_FOR.to_owned(), LASTS.as_secs().to_string()),
            ]);
            labels.extend(reason.map(|text| (REASON.to_owned(), text.to_owned())));
            // One that somebody made meanwhile is given back as it is, with their labels.
            create(&engine, &at.name, labels).await?
        }
    };
    if label(&found, RUN) != own.run {
        let sign = read(&engine, &sign(at)).await?;
        let stamp = format!("{} {}", label(&found, RUN), sign.map(|s| label(&s, RENEWED)).unwrap_or_default());
        let lasts = label(&found, LASTS_FOR).parse().unwrap_or(LASTS.as_secs()).clamp(1, 3600);
        return Ok(Found::Theirs { holder: holder(&found), stamp, lasts: Duration::from_secs(lasts) });
    }
    remove(&engine, &sign(at)).await?;
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    create(&engine, &sign(at), HashMap::from([(RUN.to_owned(), own.run.clone()), (RENEWED.to_owned(), now)])).await?;
    Ok(Found::Ours { fresh })
}

/// Takes both volumes away, if the lock is still ours.
pub(super) async fn release(at: &At, ctx: &Ctx, own: &Own) -> Result<(), Trouble> {
    let engine = reach_engine(ctx).await.map_err(Trouble::Passing)?;
    if read(&engine, &at.name).await?.is_none_or(|found| label(&found, RUN) != own.run) {
        return Ok(());
    }
    remove(&engine, &sign(at)).await?;
    remove(&engine, &at.name).await
}

/// The name of the sign of life.
fn sign(at: &At) -> String {
    format!("{}-lives", at.name)
}

fn label(volume: &Volume, name: &str) -> String {
    volume.labels.get(name).cloned().unwrap_or_default()
}

fn holder(volume: &Volume) -> LeaseHolder {
    // A volume of this name that nobody labelled is somebody's all the same.
    let who = match label(volume, WHO) {
        who if who.is_empty() => "somebody (the volume has no labels)".to_owned(),
        who => who,
    };
    LeaseHolder {
        who,
        run: label(volume, RUN),
        purpose: label(volume, PURPOSE),
        since: label(volume, SINCE),
        dead: false,
    }
}

async fn read(engine: &Docker, name: &str) -> Result<Option<Volume>, Trouble> {
    match engine.inspect_volume(name).await {
        Ok(found) => Ok(Some(found)),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(trouble(&error)),
    }
}

async fn create(engine: &Docker, name: &str, labels: HashMap<String, String>) -> Result<Volume, Trouble> {
    let wanted = VolumeCreateRequest { name: Some(name.to_owned()), labels: Some(labels), ..Default::default() };
    engine.create_volume(wanted).await.map_err(|error| trouble(&error))
}

async fn remove(engine: &Docker, name: &str) -> Result<(), Trouble> {
    let options = RemoveVolumeOptionsBuilder::new().force(true).build();
    match engine.remove_volume(name, Some(options)).await {
        Ok(()) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        Err(error) => Err(trouble(&error)),
    }
}

fn trouble(error: &Error) -> Trouble {
    let words = words_of_engine(error);
    match error {
        Error::DockerResponseServerError { status_code: 400..=499, .. } => Trouble::Lasting(words),
        _ => Trouble::Passing(words),
    }
}
