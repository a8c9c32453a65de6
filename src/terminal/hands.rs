//! The emulator, held by its hands: every call of the parser goes through here.

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Column;
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::vte::ansi::{
    Attr, CharsetIndex, ClearMode, Handler, LineClearMode, Mode, PrivateMode, StandardCharset, TabulationClearMode,
};
use std::sync::{Arc, Mutex};
use unicode_width::UnicodeWidthChar;

use super::sanitize::is_hidden;

/// Accents that one cell takes; without a bound a single cell grows by every byte of a flood.
const MARKS: usize = 4;
/// Answers kept until they are fetched; a command that asks on without reading gets no more.
const REPLY_BYTES: usize = 4096;

/// Where the emulator's answers to the command are collected.
#[derive(Clone, Default)]
pub(super) struct Replies(Arc<Mutex<Vec<u8>>>);

impl Replies {
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().map(|mut bytes| std::mem::take(&mut *bytes)).unwrap_or_default()
    }
}

impl EventListener for Replies {
    fn send_event(&self, event: Event) {
        // Only what the emulator composed itself: fixed texts, sizes and positions. Titles, colours and clipboards
        // are not answered.
        if let Event::PtyWrite(text) = event
            && let Ok(mut bytes) = self.0.lock()
            && bytes.len() + text.len() <= REPLY_BYTES
        {
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}

/// Passes calls on to the emulator, but for those that could swell it, hang it, or make it answer with what the
/// command chose. What is not passed on: titles (kept by the screen), colours of the palette, hyperlinks, clipboard,
/// keyboard protocols, mouse shapes.
pub(super) struct Hands<'a> {
    pub(super) term: &'a mut Term<Replies>,
    /// The last character, for repeating it.
    pub(super) last: &'a mut Option<char>,
}

impl Hands<'_> {
    /// The last character again. A terminal's own use of it fills at most a row.
    pub(super) fn repeat(&mut self, count: u16) {
        if let Some(c) = *self.last {
            for _ in 0..usize::from(count).min(self.term.columns()) {
                self.term.input(c);
            }
        }
    }

    fn tabs(&self, count: u16) -> u16 {
        count.min(u16::try_from(self.term.columns()).unwrap_or(u16::MAX))
    }

    /// The cell that an accent would go to has enough of them.
    fn is_piled(&self) -> bool {
        let cursor = &self.term.grid().cursor;
        let row = &self.term.grid()[cursor.point.line];
        let mut column = cursor.point.column.0;
        if !cursor.input_needs_wrap {
            column = column.saturating_sub(1);
        }
        if row[Column(column)].flags.contains(Flags::WIDE_CHAR_SPACER) {
            column = column.saturating_sub(1);
        }
        row[Column(column)].zerowidth().is_some_and(|marks| marks.len() >= MARKS)
    }
}

macro_rules! pass {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {
        $(fn $name(&mut self, $($arg: $type),*) {
            self.term.$name($($arg),*);
        })*
    };
}

impl Handler for Hands<'_> {
    fn input(&mut self, c: char) {
        if !c.is_ascii() && (is_hidden(c) || (c.width() == Some(0) && self.is_piled())) {
            return;
        }
        *self.last = Some(c);
        self.term.input(c);
    }

    fn terminal_attribute(&mut self, attr: Attr) {
        // A colour of the underline would cost memory in every cell, and no row carries it.
        if !matches!(attr, Attr::UnderlineColor(_)) {
            self.term.terminal_attribute(attr);
        }
    }

    fn move_backward_tabs(&mut self, count: u16) {
        self.term.move_backward_tabs(self.tabs(count));
    }

    fn move_forward_tabs(&mut self, count: u16) {
        self.term.move_forward_tabs(self.tabs(count));
    }

    fn report_mode(&mut self, mode: Mode) {
        // The answer repeats the number: only for numbers of the emulator's own list.
        if matches!(mode, Mode::Named(_)) {
            self.term.report_mode(mode);
        }
    }

    fn report_private_mode(&mut self, mode: PrivateMode) {
        if matches!(mode, PrivateMode::Named(_)) {
            self.term.report_private_mode(mode);
        }
    }

    pass! {
        goto(line: i32, col: usize);
        goto_line(line: i32);
        goto_col(col: usize);
        insert_blank(count: usize);
        move_up(rows: usize);
        move_down(rows: usize);
        identify_terminal(intermediate: Option<char>);
        device_status(arg: usize);
        move_forward(cols: usize);
        move_backward(cols: usize);
        move_down_and_cr(rows: usize);
        move_up_and_cr(rows: usize);
        put_tab(count: u16);
        backspace();
        carriage_return();
        linefeed();
        newline();
        set_horizontal_tabstop();
        scroll_up(rows: usize);
        scroll_down(rows: usize);
        insert_blank_lines(count: usize);
        delete_lines(count: usize);
        erase_chars(count: usize);
        delete_chars(count: usize);
        save_cursor_position();
        restore_cursor_position();
        clear_line(mode: LineClearMode);
        clear_screen(mode: ClearMode);
        clear_tabs(mode: TabulationClearMode);
        set_tabs(interval: u16);
        reset_state();
        reverse_index();
        set_mode(mode: Mode);
        unset_mode(mode: Mode);
        set_private_mode(mode: PrivateMode);
        unset_private_mode(mode: PrivateMode);
        set_scrolling_region(top: usize, bottom: Option<usize>);
        set_keypad_application_mode();
        unset_keypad_application_mode();
        set_active_charset(index: CharsetIndex);
        configure_charset(index: CharsetIndex, charset: StandardCharset);
        decaln();
        text_area_size_chars();
    }
}
