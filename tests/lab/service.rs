//! Builds the service that the lab deploys (`tests/lab/service`): one static program, which an image FROM scratch can hold.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The built program; cargo builds it once. In words why there is none.
pub fn program() -> Result<PathBuf, String> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = house.join("target/lab/service");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--target", TRIPLE, "--manifest-path"])
        .arg(house.join("tests/lab/service/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("the service does not build: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(target.join(TRIPLE).join("debug/service"))
}

/// Named, so that the flags are for the program alone, not for the macros and build scripts of its crates.
#[cfg(target_arch = "x86_64")]
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
#[cfg(target_arch = "aarch64")]
const TRIPLE: &str = "aarch64-unknown-linux-gnu";
