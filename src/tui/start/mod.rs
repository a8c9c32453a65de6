//! The screens before a run: what there is to fly, the form of its values, the plan before the start.
//!
//! A [`Session`] has the terminal and shows one [`Page`] after another; pages are pure: keys go in, a frame and an
//! outcome come out. Everything that they show is data from `cli`; opening one starts nothing and leaves nothing.

mod book;
mod form;
mod home;
mod page;
mod plan;
mod session;
#[cfg(test)]
mod tests;

pub use book::Text;
pub use form::{Filled, Form, FormData, Shown, Values};
pub use home::{Back, Choice, Flyable, Home, Learn, Past, StartData};
pub use page::{Look, Page, Turn, Verbs, Waiting};
pub use plan::{Blocked, Decided, PlanBefore, PlanData};
pub use session::{Left, Session};
