//! Where a keystroke goes: to the command, to a dialog, or through the table.

use std::time::Duration;

use base64::Engine as _;

use super::{App, Out};
use crate::link::FromClient;
use crate::terminal::paste;
use crate::tui::dialogs::Step;
use crate::tui::input::{Code, Input, Key, Piece};
use crate::tui::keymap::{Bound, Cmd, lookup};

/// Ctrl-] a second time within this time goes to the command.
const TWICE: Duration = Duration::from_secs(1);

impl App {
    /// Takes inputs that were read at `read`.
    pub fn input(&mut self, pieces: Vec<Piece>, read: Duration) {
        self.now = self.now.max(read);
        if pieces.iter().any(|p| matches!(p.input, Input::Key(_))) {
            self.alarm = None;
        }
        let mut typed: Vec<u8> = vec![];
        for piece in pieces {
            if self.view.typing {
                self.type_piece(piece, &mut typed, read);
                if !self.view.typing {
                    self.send_typed(&mut typed);
                }
                continue;
            }
            match piece.input {
                Input::Key(key) => self.key(key, read),
                Input::Paste(bytes) => self.paste(&bytes),
                Input::Mouse(mouse) => self.mouse(mouse),
                Input::Focus(_) | Input::Other => {}
            }
        }
        self.send_typed(&mut typed);
        self.reconcile();
    }

    fn send_typed(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(bytes);
        let Some((_, attempt)) = self.ctx().running() else { return };
        let bytes = base64::engine::general_purpose::STANDARD.encode(bytes);
        self.outs.push(Out::Send(FromClient::Type { attempt, bytes }));
    }

    /// Terminal mode: bytes go to the command as they came.
    fn type_piece(&mut self, piece: Piece, typed: &mut Vec<u8>, read: Duration) {
        match piece.input {
            Input::Key(key) if key.leaves() => {
                self.view.typing = false;
                self.left_typing = (key == Key::ctrl(']')).then_some(read);
                let meaning = self.meaning();
                self.guard.own(meaning);
                self.dirty = true;
            }
            Input::Key(key) => match self.application_key(key) {
                Some(bytes) => typed.extend_from_slice(bytes),
                None => typed.extend_from_slice(&piece.raw),
            },
            Input::Paste(bytes) => typed.extend(paste(&bytes, self.model.tape.facts().bracketed_paste)),
            Input::Mouse(mouse) => self.mouse(mouse),
            // Reports that flightdeck asked its own terminal for.
            Input::Focus(_) => {}
            Input::Other => typed.extend_from_slice(&piece.raw),
        }
        if self.view.tape_up > 0 {
            self.view.tape_up = 0;
            self.dirty = true;
        }
    }

    /// Cursor keys as a program wants them that switched its terminal to application mode: the outer terminal, which
    /// never saw that switch, sends the other form.
    fn application_key(&self, key: Key) -> Option<&'static [u8]> {
        if !self.model.tape.facts().app_cursor || key.ctrl || key.alt || key.shift {
            return None;
        }
        Some(match key.code {
            Code::Up => b"\x1bOA",
            Code::Down => b"\x1bOB",
            Code::Right => b"\x1bOC",
            Code::Left => b"\x1bOD",
            Code::Home => b"\x1bOH",
            Code::End => b"\x1bOF",
            _ => return None,
        })
    }

    fn paste(&mut self, bytes: &[u8]) {
        match self.dialogs.last_mut().filter(|o| o.dialog.is_text()) {
            Some(opened) => {
                opened.dialog.paste(&String::from_utf8_lossy(bytes));
                self.dirty = true;
            }
            None => self.say("a paste is never keys: it was dropped"),
        }
    }

    fn key(&mut self, key: Key, read: Duration) {
        let is_text = self.dialogs.last().is_some_and(|o| o.dialog.is_text());
        if key.code == Code::Enter && !key.alt {
            if self.guard.is_held(read, is_text) {
                self.say("Enter is held: it counts once");
                return;
            }
        } else {
            self.guard.other();
        }
        let stale = self.guard.is_stale(&self.meaning(), read);
        if self.dialogs.is_empty() {
            self.command(key, read, stale);
        } else {
            self.dialog_key(key, stale);
        }
        let meaning = self.meaning();
        if !stale {
            self.guard.own(meaning);
        }
        self.dirty = true;
    }

    fn dialog_key(&mut self, key: Key, stale: bool) {
        if stale && !key.goes_back() {
            self.say("dropped: this had just come up; press again");
            return;
        }
        let ctx = crate::tui::view::Ctx {
            model: &self.model,
            view: &self.view,
            theme: self.theme,
            now: self.now,
            options: &self.options,
        };
        let Some(opened) = self.dialogs.last_mut() else { return };
        let (id, is_text) = (opened.id, opened.dialog.is_text());
        if key.goes_back() {
            return self.close(id);
        }
        match opened.dialog.key(key, &ctx) {
            Step::Done(deeds) => self.deeds(deeds, Some(id)),
            Step::Unused => match lookup(key).map(|b| b.cmd) {
                _ if is_text => {}
                Some(
                    cmd @ (Cmd::Leave
                    | Cmd::Help
                    | Cmd::Note
                    | Cmd::Contacts
                    | Cmd::Suspend
                    | Cmd::Redraw
                    | Cmd::Interrupt),
                ) => {
                    self.act(cmd);
                }
                _ => {}
            },
        }
    }

    fn command(&mut self, key: Key, read: Duration, stale: bool) {
        let Some(binding) = lookup(key) else {
            if key.text().is_some() {
                self.say("that key does nothing here: ? shows the keys");
            }
            return;
        };
        if binding.bound == Bound::Item && stale {
            self.say("dropped: the screen had just changed; read it, then press again");
            return;
        }
        if binding.cmd != Cmd::Enter {
            self.armed = None;
        }
        let stop_armed = self.stopping;
        if binding.cmd != Cmd::Stop {
            self.stopping = None;
        }
        if binding.cmd == Cmd::SendLeave {
            self.ctrl_bracket(read);
            return;
        }
        self.left_typing = None;
        match (binding.now)(&self.ctx()) {
            Ok(_) => {
                self.said = None;
                self.stopping = stop_armed.filter(|_| binding.cmd == Cmd::Stop);
                self.act(binding.cmd);
            }
            // The bottom row begins with what Enter would say.
            Err(_) if binding.cmd == Cmd::Enter => {}
            Err(why) => self.say(why),
        }
    }

    /// Ctrl-] right after it left Terminal mode: one goes to the command, and typing goes on.
    fn ctrl_bracket(&mut self, read: Duration) {
        let twice = self.left_typing.take().is_some_and(|left| read.saturating_sub(left) < TWICE);
        if twice && self.ctx().running().is_some() {
            self.send_typed(&mut vec![0x1d]);
            self.view.typing = true;
        }
    }
}
