//! Pieces that panes, dialogs and pages share.

mod editor;
mod frame;
mod list;
mod paint;
mod scroll;

pub use editor::Editor;
pub use frame::{boxed, clear, split};
pub use list::List;
pub use paint::{Line, Paint, spark};
pub use scroll::Scroll;
