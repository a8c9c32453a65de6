//! A text that is typed: one line or several, edited by graphemes.

use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::paint::Line;
use crate::terminal::is_hidden;
use crate::tui::input::{Code, Key};
use crate::tui::theme::Theme;

/// Most bytes of one text.
const MOST: usize = 64 * 1024;

/// A text under edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// Byte offset of the cursor, between graphemes.
    at: usize,
}

impl Editor {
    /// Begins with a text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Inserts a text at the cursor: line breaks stay, tabs become blanks, what is hidden is left out.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        let mut clean: String = text.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
        let room = MOST.saturating_sub(self.text.len());
        while clean.len() > room {
            clean.pop();
        }
        self.text.insert_str(self.at, &clean);
        self.at += clean.len();
    }

    /// Takes a key; false: it means nothing in a text.
    pub fn key(&mut self, key: Key) -> bool {
        if let Some(c) = key.text() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        if key.breaks_line() {
            self.insert("\n");
            return true;
        }
        match key.code {
            Code::Backspace if key.alt => self.delete_back(self.word_before()),
            Code::Backspace => self.delete_back(self.before()),
            Code::Delete => {
                let end = self.after();
                self.text.replace_range(self.at..end, "");
            }
            Code::Left if key.ctrl || key.alt => self.at = self.word_before(),
            Code::Left => self.at = self.before(),
            Code::Right if key.ctrl || key.alt => self.at = self.word_after(),
            Code::Right => self.at = self.after(),
            Code::Home => self.at = self.line_start(),
            Code::End => self.at = self.line_end(),
            Code::Char('a') if key.ctrl => self.at = self.line_start(),
            Code::Char('e') if key.ctrl => self.at = self.line_end(),
            Code::Char('u') if key.ctrl => self.delete_back(self.line_start()),
            Code::Char('w') if key.ctrl => self.delete_back(self.word_before()),
            Code::Char('k') if key.ctrl => {
                let end = self.line_end();
                self.text.replace_range(self.at..end, "");
            }
            _ => return false,
        }
        true
    }

    /// Moves a line up; false: it is in the first.
    pub fn up(&mut self) -> bool {
        let start = self.line_start();
        if start == 0 {
            return false;
        }
        let column = self.text[start..self.at].graphemes(true).count();
        let above = self.text[..start - 1].rfind('\n').map_or(0, |n| n + 1);
        self.at = self.column(above, column);
        true
    }

    /// Moves a line down; false: it is in the last.
    pub fn down(&mut self) -> bool {
        let end = self.line_end();
        if end == self.text.len() {
            return false;
        }
        let column = self.text[self.line_start()..self.at].graphemes(true).count();
        self.at = self.column(end + 1, column);
        true
    }

    /// The text in rows of at most `columns`, and the cursor's column and row in them.
    pub fn rows(&self, columns: usize) -> (Vec<String>, (usize, usize)) {
        let columns = columns.max(2);
        let (mut rows, mut cursor) = (vec![String::new()], (0, 0));
        let mut used = 0;
        for (offset, grapheme) in self.text.grapheme_indices(true) {
            let w = grapheme.width();
            let wraps = grapheme != "\n" && used + w > columns;
            if wraps {
                rows.push(String::new());
                used = 0;
            }
            if offset == self.at {
                cursor = (used, rows.len() - 1);
            }
            if grapheme == "\n" {
                rows.push(String::new());
                used = 0;
            } else {
                if let Some(row) = rows.last_mut() {
                    row.push_str(grapheme);
                }
                used += w;
            }
        }
        if self.at == self.text.len() {
            if used >= columns {
                rows.push(String::new());
                used = 0;
            }
            cursor = (used, rows.len() - 1);
        }
        (rows, cursor)
    }

    /// The text as lines behind a mark, underlined to the edge while it is under edit (`here`), and the cursor's column
    /// and row in them. What is hidden is shown by its length only.
    pub fn lines(&self, theme: Theme, columns: usize, here: bool, hidden: bool) -> (Vec<Line>, (usize, usize)) {
        let (rows, (x, y)) = self.rows(columns.saturating_sub(3));
        let style = if here { theme.focus() } else { Style::new() };
        let line = |(n, row): (usize, String)| {
            let lead = match (n, here) {
                (0, true) => theme.pick("▸ ", "> "),
                _ => "  ",
            };
            let text = if hidden { "*".repeat(row.width()) } else { row };
            let pad = if here { columns.saturating_sub(2 + text.width()) } else { 0 };
            let edge = style.add_modifier(Modifier::UNDERLINED);
            Line::of(lead, theme.focus()).with(text, style).with(" ".repeat(pad), edge)
        };
        (rows.into_iter().enumerate().map(line).collect(), (x + 2, y))
    }

    fn column(&self, start: usize, column: usize) -> usize {
        let end = self.text[start..].find('\n').map_or(self.text.len(), |n| start + n);
        self.text[start..end].grapheme_indices(true).nth(column).map_or(end, |(offset, _)| start + offset)
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(offset, _)| offset)
    }

    fn after(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |g| self.at + g.len())
    }

    fn word_before(&self) -> usize {
        let head = self.text[..self.at].trim_end();
        head.rfind(char::is_whitespace).map_or(0, |n| n + head[n..].chars().next().map_or(1, char::len_utf8))
    }

    fn word_after(&self) -> usize {
        let tail = &self.text[self.at..];
        let blanks = tail.len() - tail.trim_start().len();
        tail[blanks..].find(char::is_whitespace).map_or(self.text.len(), |n| self.at + blanks + n)
    }

    fn line_start(&self) -> usize {
        self.text[..self.at].rfind('\n').map_or(0, |n| n + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |n| self.at + n)
    }

    fn delete_back(&mut self, from: usize) {
        self.text.replace_range(from..self.at, "");
        self.at = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut Editor, code: Code) {
        assert!(editor.key(Key::plain(code)));
    }

    #[test]
    fn typing_moving_deleting() {
        let mut editor = Editor::new("héllo 漢字");
        press(&mut editor, Code::Backspace);
        press(&mut editor, Code::Home);
        press(&mut editor, Code::Right);
        press(&mut editor, Code::Delete);
        assert_eq!(editor.text(), "hllo 漢");
        press(&mut editor, Code::Char('E'));
        assert_eq!(editor.text(), "hEllo 漢");
        assert!(editor.key(Key::ctrl('u')));
        assert_eq!(editor.text(), "llo 漢");
        press(&mut editor, Code::End);
        assert!(editor.key(Key::ctrl('w')));
        assert_eq!(editor.text(), "llo ");
        assert!(!editor.key(Key::plain(Code::F(3))));
    }

    #[test]
    fn lines_and_pastes() {
        let mut editor = Editor::default();
        editor.insert("one\r\ntwo\x1b[2J\tx");
        assert_eq!(editor.text(), "one\ntwo[2J    x");
        assert!(editor.key(Key::ctrl('j')));
        assert_eq!(editor.rows(20).1, (0, 2));
        assert!(editor.up() && editor.up() && !editor.up());
        press(&mut editor, Code::End);
        assert!(editor.down());
        press(&mut editor, Code::Char('!'));
        assert!(editor.text().starts_with("one\ntwo!["));
        let mut long = Editor::new("abcdef");
        assert_eq!(long.rows(3), (vec!["abc".into(), "def".into(), String::new()], (0, 2)));
        press(&mut long, Code::Left);
        assert_eq!(long.rows(3).1, (2, 1));
    }
}
