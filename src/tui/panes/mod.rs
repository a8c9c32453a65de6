//! The panes of the main screen, one file each.

pub mod banner;
pub mod bottom;
pub mod header;
pub mod item;
mod kinds;
pub mod live;
pub mod rollback;
pub mod status;
pub mod tape;
pub mod tree;
