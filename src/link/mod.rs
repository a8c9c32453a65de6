//! What host and clients say to each other.
