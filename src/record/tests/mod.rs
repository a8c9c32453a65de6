//! Records of hand-written runs, and of small folders.

mod document;
mod export;
mod fixture;
mod folder;
mod hostile;
mod verify;
