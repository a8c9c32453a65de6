//! What the keys of the table do.

use super::{App, Out};
use crate::engine::Want;
use crate::engine::event::Resolved;
use crate::engine::plan::Action;
use crate::engine::{Status, resolve};
use crate::tui::Exit;
use crate::tui::dialogs::{self, Close, Deed, Find, Metrics, Settle, Viewer};
use crate::tui::enter::{Verb, enter};
use crate::tui::facts;
use crate::tui::keymap::{Cmd, help, leaves_behind};
use crate::tui::text;
use crate::tui::tree::Node;
use crate::tui::view::Pane;

impl App {
    pub(super) fn act(&mut self, cmd: Cmd) {
        match cmd {
            Cmd::Enter => self.enter(),
            Cmd::Type => {
                self.view.typing = true;
                self.view.tape_up = 0;
            }
            Cmd::Stop => self.stop(),
            Cmd::Zoom => self.view.zoom = !self.view.zoom,
            Cmd::Edit => self.with_item(|ctx, index| Ok(Deed::Open(Box::new(dialogs::edit(ctx, index)?)))),
            Cmd::Skip => self.with_item(|ctx, index| Ok(Deed::Open(Box::new(dialogs::skip(ctx, index)?)))),
            Cmd::Defer => self.with_item(|ctx, index| Ok(Deed::Open(Box::new(dialogs::defer(ctx, index)?)))),
            Cmd::Again => self.with_item(|ctx, index| {
                let runs = matches!(ctx.model.state.plan.items[index].action, Action::Run(_) | Action::Notify(_));
                match ctx.status() {
                    Status::Failed(_) if runs => dialogs::again(ctx, index),
                    _ => Ok(Deed::Open(Box::new(dialogs::reopen(ctx, index)))),
                }
            }),
            Cmd::Note if self.model.state.rollback.as_ref().is_some_and(|r| r.reason.is_none()) => {
                let form = dialogs::back_reason();
                self.open(Box::new(form));
            }
            Cmd::Note => {
                let form = dialogs::note(&self.ctx());
                self.open(Box::new(form));
            }
            Cmd::Pause if self.model.state.paused.is_some() => self.want(Want::Continue, None),
            Cmd::Pause => self.open(Box::new(dialogs::pause())),
            Cmd::Settle => self.open(Box::new(Settle::default())),
            Cmd::Metrics => self.open(Box::new(Metrics::default())),
            Cmd::Find => self.open(Box::new(Find::default())),
            Cmd::Contacts => {
                let viewer = dialogs::contacts(&self.ctx());
                self.open(Box::new(viewer));
            }
            Cmd::Rollback => {
                let ctx = self.ctx();
                // When the program cannot go on, what remains is shown beside the way back.
                let stuck = ctx.model.state.storage_failed.is_some() || ctx.model.gone.is_some();
                if stuck {
                    let viewer = dialogs::by_hand(&ctx);
                    self.open(Box::new(viewer));
                } else {
                    self.open(Box::new(dialogs::Cockpit::default()));
                }
            }
            Cmd::Secret => {
                if let Some(name) = self.model.secrets.first() {
                    let form = dialogs::secret(name);
                    self.open(Box::new(form));
                }
            }
            Cmd::Control => {
                if let Some(menu) = dialogs::asked(&self.ctx()) {
                    self.open(Box::new(menu));
                }
            }
            Cmd::Unrecorded => self.with_item(|ctx, index| {
                let menu = dialogs::unrecorded(ctx, index).ok_or("no command is held here")?;
                Ok(Deed::Open(Box::new(menu)))
            }),
            Cmd::Help => self.help(),
            Cmd::Leave if self.model.state.ended.is_some() || self.model.gone.is_some() => self.leave_ended(),
            Cmd::Leave => {
                let menu = dialogs::leave(&self.ctx());
                self.open(Box::new(menu));
            }
            Cmd::Copy => self.copy_shown(),
            Cmd::Interrupt => self.interrupt(),
            Cmd::Suspend => self.outs.push(Out::Suspend),
            Cmd::Redraw => self.outs.push(Out::Redraw),
            Cmd::Hold | Cmd::SendLeave => {}
            Cmd::Back => self.back(),
            Cmd::Pages => self.turn(true),
            Cmd::PagesBack => self.turn(false),
            Cmd::Up | Cmd::Down | Cmd::Left | Cmd::Right | Cmd::PageUp | Cmd::PageDown | Cmd::Home | Cmd::End => {
                self.go(cmd)
            }
        }
        self.dirty = true;
    }

    fn with_item(&mut self, make: impl Fn(&crate::tui::view::Ctx<'_>, usize) -> Result<Deed, String>) {
        let ctx = self.ctx();
        match ctx.item().ok_or_else(|| "there is no item here".to_owned()).and_then(|index| make(&ctx, index)) {
            Ok(deed) => self.deeds(vec![deed], None),
            Err(why) => self.say(text::line(&why)),
        }
    }

    fn enter(&mut self) {
        let ctx = self.ctx();
        let what = enter(&ctx);
        let item = ctx.item();
        match (what.verb, item) {
            (Verb::Leave, _) => self.leave_ended(),
            (Verb::Begin, _) => match dialogs::begin(&ctx) {
                Ok(form) => self.open(Box::new(form)),
                Err(want) => self.want(want, None),
            },
            (Verb::Fold, _) => self.fold(),
            (Verb::Show, _) => self.view.chosen = None,
            (Verb::Close(phase), _) => self.open(Box::new(Close::new(phase))),
            (Verb::Continue, _) => self.want(Want::Continue, None),
            (Verb::TakeOver, _) => {
                let form = dialogs::take_over(&ctx);
                self.open(Box::new(form));
            }
            (Verb::CheckAgain, _) => self.want(Want::CheckPlaces, None),
            (verb, Some(index)) => self.enter_item(verb, index),
            (_, None) => {}
        }
    }

    fn enter_item(&mut self, verb: Verb, index: usize) {
        let ctx = self.ctx();
        let id = ctx.model.state.plan.items[index].id.clone();
        let seen = ctx.seen(index);
        match verb {
            Verb::Start | Verb::Danger => self.start(index, seen, verb == Verb::Danger),
            Verb::ReadOn => {
                let drawn = &self.view.drawn;
                let page = usize::from(drawn.item.height).saturating_sub(4).max(1);
                self.view.text_down = (self.view.text_down + page).min(drawn.text_most);
            }
            Verb::Tick => self.want(Want::Answer { item: id, seen, fields: Default::default() }, None),
            Verb::Fill => {
                let form = dialogs::answer(&ctx, index);
                self.open(Box::new(form));
            }
            Verb::Look => {
                self.want(Want::Look { item: id }, None);
                self.say("looking once more…");
            }
            Verb::Preview => match dialogs::preview(&ctx, index) {
                Ok(viewer) => self.open(Box::new(viewer)),
                Err(why) => self.say(text::line(&why)),
            },
            Verb::Ask => self.want(Want::RequestApproval { item: id }, None),
            Verb::Decide => {
                if let Some(form) = dialogs::approval(&ctx, index) {
                    self.open(Box::new(form));
                }
            }
            Verb::Output => {
                let words = ["error", "fail", "fatal", "panic"];
                let line = self.model.tape.find_last(&words);
                self.view.zoom = self.model.tape.attempt.is_some();
                let window = self.view.drawn.tape.map_or(20, |area| usize::from(area.height));
                self.view.tape_up = match line {
                    Some(line) => self
                        .model
                        .tape
                        .content_end()
                        .saturating_sub(line + window / 2 + 1)
                        .min(self.model.tape.most_up(window, false)),
                    None => 0,
                };
            }
            Verb::Settle => {
                if let Some(menu) = dialogs::unknown(&ctx, index) {
                    self.open(Box::new(menu));
                }
            }
            Verb::Details => {
                let viewer = dialogs::details(&ctx, index);
                self.open(Box::new(viewer));
            }
            Verb::Open => {
                self.view.follow();
                self.want(Want::OpenItem { item: id }, None);
            }
            _ => {}
        }
    }

    /// Starts exactly what was shown: its digest is the one that was drawn.
    fn start(&mut self, index: usize, seen: u32, danger: bool) {
        let shown = match &self.view.drawn.command {
            Some((drawn, drawn_seen, digest)) if *drawn == index && *drawn_seen == seen => digest.clone(),
            _ => return self.say("read the command first: it is not on the screen"),
        };
        let ctx = self.ctx();
        if danger {
            return match facts::danger_words(&self.model, index) {
                Some(Ok(words)) => {
                    let form = dialogs::danger(&ctx, index, &words, &shown);
                    self.open(Box::new(form));
                }
                Some(Err(why)) => self.say(text::line(&why)),
                None => {}
            };
        }
        let above = facts::unsettled_above(&self.model, index);
        let out_of_order = !above.is_empty();
        if out_of_order && self.armed != Some((index, seen)) {
            self.armed = Some((index, seen));
            let more = if above.len() > 1 { format!(" and {} more", above.len() - 1) } else { String::new() };
            return self.say(format!("not settled above it: \"{}\"{more}; Enter again goes out of order", above[0]));
        }
        self.armed = None;
        let item = self.model.state.plan.items[index].id.clone();
        self.want(Want::Start { item, seen, shown, typed: None, out_of_order }, None);
    }

    fn stop(&mut self) {
        let Some((index, attempt)) = self.ctx().running() else { return };
        let item = &self.model.state.items[index];
        let under_way = item.attempts.iter().any(|a| a.number == attempt && a.stopping.is_some());
        if under_way || self.stopping == Some((index, attempt)) {
            self.stopping = None;
            let item = self.model.state.plan.items[index].id.clone();
            self.want(Want::Stop { item, attempt }, None);
        } else {
            self.stopping = Some((index, attempt));
            let words = leaves_behind(&self.ctx());
            self.say(words);
        }
    }

    fn interrupt(&mut self) {
        let Some((index, attempt)) = self.model.running() else {
            return self.say("Ctrl-C never ends flightdeck: q leaves");
        };
        match self.ctx().hands_off() {
            Some(why) => self.say(why),
            None => {
                let item = self.model.state.plan.items[index].id.clone();
                self.want(Want::Stop { item, attempt }, None);
            }
        }
    }

    fn leave_ended(&mut self) {
        let exit = match (&self.model.state.ended, &self.model.gone) {
            (Some(ended), _) => Exit::Ended { how: ended.how, failed: ended.failed },
            (None, Some(why)) => Exit::HostGone(text::line(why)),
            (None, None) => Exit::Left,
        };
        self.outs.push(Out::Exit(exit));
    }

    fn help(&mut self) {
        use crate::tui::dialogs::Kind;
        let ctx = self.ctx();
        let mut lines: Vec<(String, Kind)> = vec![];
        if let Some(help) = ctx.item().and_then(|index| ctx.model.state.plan.items[index].help.as_ref()) {
            lines.push(("If this step fails, the runbook says:".into(), Kind::Heading));
            lines.extend(text::lines(help).into_iter().map(|l| (format!("  {l}"), Kind::Text)));
            lines.push((String::new(), Kind::Text));
        }
        // What does something here is read first; the rest says why not.
        let (not_now, now): (Vec<_>, Vec<_>) = help(&ctx).into_iter().partition(|(.., why_not)| why_not.is_some());
        for (heading, keys) in [("Keys (letters in any case)", now), ("Not now", not_now)] {
            lines.push((heading.into(), Kind::Heading));
            for (label, words, why_not) in keys {
                let label = ctx.theme.key(label);
                let pad = " ".repeat(11usize.saturating_sub(text::width(label)));
                lines.push(match why_not {
                    None => (format!("  {label}{pad}{words}"), Kind::Text),
                    Some(why) => (format!("  {label}{pad}{words}: {why}"), Kind::Faint),
                });
            }
            lines.push((String::new(), Kind::Text));
        }
        lines.push((
            "In a form: Enter next field, on the last one it answers; Alt-Enter or Ctrl-J a new line; Esc back.".into(),
            Kind::Text,
        ));
        lines.push(("While typing into a command every key goes to it but Ctrl-] and F12.".into(), Kind::Text));
        self.open(Box::new(Viewer::new("help", "Keys", lines)));
    }

    fn copy_shown(&mut self) {
        let ctx = self.ctx();
        let Some(index) = ctx.item() else { return };
        if (self.view.pane() == Pane::Item || self.view.zoom) && self.model.tape.attempt.is_some() {
            let text = self.model.tape.text();
            return self.copy(text);
        }
        let text = match resolve(&self.model.state, index).map(|s| s.what) {
            Ok(Resolved::Argv(words)) => words.iter().map(|w| text::quote(w)).collect::<Vec<_>>().join(" "),
            Ok(Resolved::Script { text, .. }) => text,
            _ => facts::title(&self.model, index),
        };
        self.copy(text);
    }

    fn fold(&mut self) {
        let node = self.ctx().shown();
        if !matches!(node, Node::Item(_) | Node::Watch) {
            let open = crate::tui::tree::rows(&self.model, &self.view.folds)
                .iter()
                .find(|r| r.node == node)
                .and_then(|r| r.open)
                .unwrap_or(false);
            self.view.folds.insert(node, !open);
        }
    }
}
