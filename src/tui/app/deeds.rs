//! Carrying out what keys and dialogs asked for.

use super::{App, Opened, Out, Pending};
use crate::engine::Want;
use crate::link::FromClient;
use crate::tui::Exit;
use crate::tui::dialogs::{Deed, Dialog};

impl App {
    pub(super) fn deeds(&mut self, deeds: Vec<Deed>, dialog: Option<u64>) {
        for deed in deeds {
            match deed {
                Deed::Want(want) => self.want(want, dialog),
                Deed::Send(message) => {
                    if let FromClient::Secret { name, .. } = &message {
                        self.model.secrets.retain(|needed| needed != name);
                    }
                    self.outs.push(Out::Send(message));
                }
                Deed::Copy(text) => self.copy(text),
                Deed::Go(node) => {
                    self.view.go(&self.model, node);
                    self.view.chosen = None;
                }
                Deed::Open(dialog) => self.open(dialog),
                Deed::Close => {
                    if let Some(id) = dialog {
                        self.close(id);
                    }
                }
                Deed::CloseAll => {
                    while let Some(opened) = self.dialogs.last() {
                        self.close(opened.id);
                    }
                }
                Deed::Zoom => self.view.zoom = self.model.tape.attempt.is_some(),
                Deed::Leave => {
                    self.outs.push(Out::Send(FromClient::Leave));
                    self.outs.push(Out::Exit(Exit::Left));
                }
                Deed::Say(words) => self.say(words),
            }
        }
    }

    /// Opens a dialog; what was typed into it before is there again.
    pub(super) fn open(&mut self, mut dialog: Box<dyn Dialog>) {
        if let Some(texts) = dialog.draft().and_then(|(name, _)| self.drafts.get(&name)) {
            dialog.restore(texts);
        }
        self.next += 1;
        self.dialogs.push(Opened { id: self.next, dialog });
        self.dirty = true;
    }

    /// Closes a dialog; what was typed into it is kept.
    pub(super) fn close(&mut self, id: u64) {
        if let Some(at) = self.dialogs.iter().position(|o| o.id == id) {
            let opened = self.dialogs.remove(at);
            if let Some((name, texts)) = opened.dialog.draft() {
                self.drafts.insert(name, texts);
            }
        }
        self.dirty = true;
    }

    /// Asks the host for something.
    pub(super) fn want(&mut self, want: Want, dialog: Option<u64>) {
        if self.pending.values().any(|p| p.want == want) {
            self.say("asked already: waiting for the host");
            return;
        }
        self.next += 1;
        let (id, control) = (self.next, self.model.state.control.epoch);
        self.outs.push(Out::Send(FromClient::Do { id, control, want: Box::new(want.clone()) }));
        self.pending.insert(id, Pending { want, dialog });
    }

    pub(super) fn copy(&mut self, text: String) {
        let lines = text.lines().count();
        self.outs.push(Out::Copy(text));
        self.say(format!(
            "copied {lines} line{}, if your terminal allows it (OSC 52)",
            crate::tui::facts::plural(lines)
        ));
    }
}
