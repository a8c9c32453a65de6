//! A PostgreSQL session: the startup message and simple queries, nothing else of the protocol.

mod answers;
mod session;
mod target;

use super::ctx::{Ctx, maybe};
use super::seen::{Problem, Seen};
use crate::runbook::kinds::Postgres;
use crate::words::Value;

pub use session::{STATE_QUERY, USE_QUERY};

/// Looks once.
pub(super) async fn look(spec: &Postgres, ctx: &Ctx) -> Seen {
    let looked = match target::of(spec, ctx) {
        Ok((target, true)) => session::look(&target, maybe(spec.query.as_ref()).ok().flatten(), ctx).await,
        Ok((target, false)) => answers::look(&target, ctx).await,
        Err(problem) => return problem.into(),
    };
    looked.unwrap_or_else(not_connected)
}

fn not_connected(problem: Problem) -> Seen {
    Seen::text(problem.why.clone()).field("connected", Value::Bool(false)).problem(problem)
}
