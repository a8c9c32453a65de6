//! Questions on the terminal, a line each. Secrets are not echoed.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Whether somebody can be asked here.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line; none when the input ends or is interrupted.
pub fn line(question: &str) -> io::Result<Option<String>> {
    say(&format!("{question}: "))?;
    let mut text = String::new();
    let read = io::stdin().lock().read_line(&mut text)?;
    Ok((read > 0).then(|| text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Asks for a secret without showing it; none when the input ends or is interrupted.
pub fn secret(question: &str) -> io::Result<Option<String>> {
    say(&format!("{question} (not shown): "))?;
    let read = {
        // The signal keys are read as characters, so that Ctrl-C cannot leave a terminal without echo.
        let _quiet = Quiet::begin()?;
        characters(io::stdin().lock())
    };
    say("\n")?;
    read
}

fn say(text: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    stderr.write_all(text.as_bytes())?;
    stderr.flush()
}

/// Reads characters until Enter; Ctrl-C, Ctrl-D give up, Backspace and Ctrl-U take back.
fn characters(input: impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = vec![];
    for byte in input.bytes() {
        match byte? {
            b'\n' | b'\r' => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            3 | 4 => return Ok(None),
            8 | 127 => {
                // A character is its first byte and those that go on with it.
                while bytes.pop().is_some_and(|b| b & 0xc0 == 0x80) {}
            }
            21 => bytes.clear(),
            byte => bytes.push(byte),
        }
    }
    Ok(None)
}

/// The terminal without echo; it is as before when this ends.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        modes.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_secret() {
        let read = |bytes: &[u8]| characters(bytes).unwrap();
        assert_eq!(read(b"abc\n").as_deref(), Some("abc"));
        assert_eq!(read("aé\x7fb\n".as_bytes()).as_deref(), Some("ab"));
        assert_eq!(read(b"wrong\x15right\r").as_deref(), Some("right"));
        assert_eq!(read(b"ab\x03\n"), None);
        assert_eq!(read(b"no end"), None);
    }
}
