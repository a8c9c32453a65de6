//! Changes of the world without a PTY: notices.
