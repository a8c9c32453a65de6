//! Typed expressions with units, and the `${{ }}` templates that use them.
//!
//! Pure: parse, check, evaluate. No data is a third value that neither passes nor fires.
