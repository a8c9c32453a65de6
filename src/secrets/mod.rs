//! The one redactor.
