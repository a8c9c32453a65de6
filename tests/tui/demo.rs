//! The real shell on a real terminal.
