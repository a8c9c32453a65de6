//! Pieces that panes and dialogs share.

mod editor;
mod frame;
mod paint;

pub use editor::Editor;
pub use frame::{boxed, split};
pub use paint::{Line, Paint, spark};
