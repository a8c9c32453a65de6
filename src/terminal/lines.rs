//! The end of an output as clean text.

use super::row::plain;
use super::screen::Screen;

/// Output bytes looked at, from the end.
const BYTES: usize = 256 * 1024;
/// Rows are as wide as this; longer lines are put together again.
const COLS: u16 = 200;
/// Characters of one line that are kept.
const LINE_CHARS: usize = 2_000;

/// The last `n` lines of raw output that are not empty, oldest first, as a reader of the terminal saw them: without
/// sequences, overwritten progress bars as they ended, a long line whole (up to 2,000 characters, then `…`). Looks at
/// the last 256 KiB only.
pub fn last_lines(bytes: &[u8], n: usize) -> Vec<String> {
    let start = bytes.len().saturating_sub(BYTES);
    let mut tail = &bytes[start..];
    if start > 0 {
        // Not from the middle of a line, or of a sequence, if there is a line break at all.
        let at = tail.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
        tail = &tail[at..];
    }
    let n = n.min(10_000);
    let mut screen = Screen::new(COLS, 50, n.saturating_mul(4).clamp(200, 10_000));
    screen.feed(tail);
    // An editor that was killed left its alternate screen on.
    if screen.modes().alternate_screen {
        screen.feed(b"\x18\x1b[?1049l");
    }

    let mut lines = Vec::new();
    let mut end = screen.rows_total();
    while end > 0 && lines.len() < n {
        let mut start = end - 1;
        while start > 0 && screen.is_wrapped(start - 1) {
            start -= 1;
        }
        let mut line = String::new();
        for index in start..end {
            let text = plain(&screen.row(index));
            line.push_str(&text);
            // A row that goes on is full: blanks at its end are part of the text.
            if index + 1 < end {
                let width = unicode_width::UnicodeWidthStr::width(text.as_str());
                line.extend(std::iter::repeat_n(' ', usize::from(COLS).saturating_sub(width)));
            }
            if line.chars().count() > LINE_CHARS {
                line = line.chars().take(LINE_CHARS).chain(['…']).collect();
                break;
            }
        }
        line.truncate(line.trim_end().len());
        if !line.is_empty() {
            lines.push(line);
        }
        end = start;
    }
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_as_they_were_seen() {
        let out = b"first\r\n\x1b[32mgreen\x1b[0m ok\r\n 10%\r 50%\r100%\r\n\r\n\x1b]0;t\x07last\xff\x1b[K\r\n\r\n";
        assert_eq!(last_lines(out, 3), ["green ok", "100%", "last\u{fffd}"]);
        assert_eq!(last_lines(out, 99).len(), 4);
        assert_eq!(last_lines(out, 0), Vec::<String>::new());
        assert_eq!(last_lines(b"", 5), Vec::<String>::new());
        assert_eq!(last_lines(b"no\nreturns\n", 5), ["no", "  returns"]);
    }

    #[test]
    fn long_lines_are_whole_and_bounded() {
        let line = format!("{} word {}", "a".repeat(199), "b".repeat(300));
        assert_eq!(last_lines(format!("x\r\n{line}\r\ny").as_bytes(), 2), [line.as_str(), "y"]);
        let huge = [b"start ".as_slice(), &[b'z'; 1 << 20]].concat();
        let lines = last_lines(&huge, 5);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].chars().count(), LINE_CHARS + 1);
    }

    #[test]
    fn a_killed_editor_leaves_what_stood_before() {
        assert_eq!(last_lines(b"before\r\n\x1b[?1049h\x1b[2J\x1b[Hin the editor\x1b]0;unfinished", 2), ["before"]);
    }
}
