//! Text from outside, made fit to show.

/// Marks (accents) that may pile up on one character; more is noise that overprints the rows around it.
const MARKS: usize = 4;

/// A character that a terminal acts on instead of drawing it, or that a reader cannot see: controls (C0, DEL, C1), bidi
/// controls, zero-width and other default-ignorable characters, line and paragraph separators.
///
/// The ranges are Unicode's `Default_Ignorable_Code_Point`, with the interlinear controls; the test compares.
pub fn is_hidden(c: char) -> bool {
    if c < '\u{ad}' {
        return c.is_control();
    }
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Any text from outside as text to show, of several lines: `\n` stays, a tab becomes four blanks, `\r\n` a `\n`; every
/// other hidden character ([`is_hidden`]) becomes visible: `␛` for ESC, `<U+202E>` for the bidi controls and the like.
pub fn sanitize(text: &str) -> String {
    clean(text, true)
}

/// Like [`sanitize`], for titles, messages and cells: one line, a line break becomes a blank.
pub fn sanitize_line(text: &str) -> String {
    clean(text, false)
}

fn clean(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut before = '\0';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_mark = !c.is_ascii() && unicode_width::UnicodeWidthChar::width(c) == Some(0);
        match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\n' if lines => out.push('\n'),
            '\n' => out.push(' '),
            '\t' => out.push_str("    "),
            // How an emoji is drawn, asked of the character before: harmless there, and usual.
            '\u{fe0e}' | '\u{fe0f}' if !before.is_ascii() && !is_hidden(before) => out.push(c),
            c if is_hidden(c) => show(c, &mut out),
            c if is_mark => {
                marks += 1;
                if marks <= MARKS {
                    out.push(c);
                }
            }
            c => out.push(c),
        }
        if !is_mark {
            marks = 0;
        }
        before = c;
    }
    out
}

fn show(c: char, out: &mut String) {
    use std::fmt::Write;
    match c {
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
        '\u{7f}' => out.push('\u{2421}'),
        c => drop(write!(out, "<U+{:04X}>", c as u32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_what_unicode_says() {
        let class = regex::Regex::new(
            r"^[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\x{FFF9}-\x{FFFB}]$",
        )
        .unwrap();
        for c in '\0'..=char::MAX {
            assert_eq!(is_hidden(c), class.is_match(c.encode_utf8(&mut [0; 4])), "U+{:04X}", c as u32);
        }
    }

    #[test]
    fn nothing_hidden_is_left_and_nothing_is_lost() {
        assert_eq!(sanitize("a\x1b[31mb\x07\x7f\u{9b}2J"), "a␛[31mb␇␡<U+009B>2J");
        assert_eq!(sanitize("one\r\ntwo\tx\rthree\n"), "one\ntwo    x␍three\n");
        assert_eq!(sanitize_line("one\r\ntwo\nthree"), "one two three");
        assert_eq!(sanitize("rm \u{202e}fdp.exe\u{200b}\u{feff}"), "rm <U+202E>fdp.exe<U+200B><U+FEFF>");
        assert_eq!(sanitize("ünïcode 漢字 ✔\u{fe0f} e\u{301}"), "ünïcode 漢字 ✔\u{fe0f} e\u{301}");
        assert_eq!(sanitize("a\u{fe0f}\u{fe0f}"), "a<U+FE0F><U+FE0F>", "bytes can be hidden in runs of these");
        assert_eq!(sanitize(&format!("e{}x", "\u{301}".repeat(1000))).chars().count(), 1 + MARKS + 1);
    }
}
