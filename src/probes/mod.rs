//! Looking at the world: one file or folder a probe kind, and the sampler that keeps looking.
//!
//! A kind turns its settings into what it saw ([`Seen`]); [`Looker`] puts a limit around it and judges it by the
//! expectations; [`Sampler`] does so again and again, on threads of its own, every probe on its own schedule.

mod causes;
mod client;
mod config;
mod ctx;
mod docker;
mod file;
mod git;
mod http;
mod judge;
mod kms;
mod kubernetes;
mod logs;
mod looker;
mod oauth;
mod openapi;
mod port;
mod postgres;
mod process;
mod prometheus;
mod publish;
mod reach;
mod report;
mod run;
mod sampler;
mod secret_like;
mod seen;
mod since;
mod tcp;
mod telemetry;
#[cfg(test)]
mod tests;
mod through;
mod tls;
mod trust;

pub use ctx::Ctx;
pub use docker::docker_place;
pub use judge::Given;
pub use looker::{LookSpec, Looker};
pub use postgres::{STATE_QUERY, USE_QUERY};
pub use reach::{ReachedCluster, reach_cluster, reach_engine, words_of_cluster, words_of_engine};
pub use sampler::{Answer, Clock, OnAnswer, Sampler, StartError, Token, WantedProbe};
pub use seen::{Means, Problem, Seen};
