//! The journal, the spool, the store of runs.
