//! Looking at the world: one file or folder a probe kind, and the sampler that keeps looking.
#![allow(dead_code)]
mod causes;
mod client;
mod ctx;
mod git;
mod http;
mod process;
mod run;
mod seen;
mod tcp;
mod trust;

pub use ctx::Ctx;
pub use seen::{Means, Problem, Seen};
