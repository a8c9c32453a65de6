//! Looking at the world.
