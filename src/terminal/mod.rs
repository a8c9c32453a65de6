//! Output file, emulator, rows.
