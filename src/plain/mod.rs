//! The run as lines, and --json.
