//! Certificates: of a server, or in files.

mod address;
mod certificate;
mod files;

use super::ctx::{Ctx, maybe};
use super::seen::{Problem, Seen};
use crate::runbook::kinds::Tls;

/// Looks once.
pub(super) async fn look(spec: &Tls, ctx: &Ctx) -> Seen {
    let looked = match (maybe(spec.address.as_ref()), maybe(spec.files.as_ref())) {
        (Err(problem), _) | (_, Err(problem)) => return problem.into(),
        (Ok(Some(address)), Ok(None)) => address::look(address, spec, ctx).await,
        (Ok(None), Ok(Some(glob))) => files::look(glob, spec, ctx).await,
        _ => Err(Problem::nothing("tls wants `address` or `files`")),
    };
    looked.unwrap_or_else(Seen::from)
}

/// Whole days, with one decimal, until a time (seconds of the epoch); negative when it is past.
fn days_until(then: i64, now: i64) -> f64 {
    ((then - now) as f64 / 8640.0).floor() / 10.0
}

/// `30 d left`, `expired 3 d ago`, `7 h left`.
fn days_words(days: f64) -> String {
    let text = crate::words::short_duration(days.abs() * 86_400.0);
    if days < 0.0 { format!("expired {text} ago") } else { format!("{text} left") }
}
