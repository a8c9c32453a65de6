//! What happened, and what the client does of itself: begin, take control, show rows.

use super::{App, Out};
use crate::engine::event::Event;
use crate::engine::plan::Action;
use crate::engine::{Recorded, Want};
use crate::link::{FromClient, Role};
use crate::tui::dialogs::Control;
use crate::tui::facts;
use crate::tui::model::News;
use crate::tui::text;
use crate::words::Outcome;

/// A command that took longer tells its end to somebody who looks away, µs (UX.md, "Looking away").
const LONG: u64 = 30_000_000;

impl App {
    pub(super) fn happened(&mut self, news: News, quiet: bool) {
        match news {
            News::Event(recorded) if !quiet => self.event(&recorded),
            News::Event(_) => {}
            News::Done(id) => self.done(id),
            News::Refused(id, why) => self.refused(id, &why),
            // Its form opens by a key, never by itself: whatever is typed now goes where it went.
            News::NeedSecret(name) => {
                self.outs.push(Out::Bell(format!("your turn: the secret {} is needed", text::line(&name))));
            }
            News::Lost(why) => {
                self.model.gone = Some(why);
                self.view.typing = false;
            }
        }
    }

    fn done(&mut self, id: u64) {
        let Some(pending) = self.pending.remove(&id) else { return };
        let Some(asked) = pending.dialog else { return };
        let Some(at) = self.dialogs.iter().position(|o| o.id == asked) else { return };
        if self.dialogs[at].dialog.done(&pending.want) {
            let opened = self.dialogs.remove(at);
            if let Some((name, _)) = opened.dialog.draft() {
                self.drafts.remove(&name);
            }
            // Menus that led here are answered too.
            while self.dialogs.last().is_some_and(|o| matches!(o.dialog.name(), "skip" | "defer" | "leave" | "unknown"))
            {
                self.dialogs.pop();
            }
        }
    }

    fn refused(&mut self, id: u64, why: &str) {
        let why = text::line(why);
        let dialog = self.pending.remove(&id).and_then(|p| p.dialog);
        match self.dialogs.iter_mut().find(|o| Some(o.id) == dialog) {
            Some(opened) => opened.dialog.refused(&why),
            None => self.say(format!("refused: {why}")),
        }
        self.armed = None;
    }

    fn event(&mut self, recorded: &Recorded) {
        let title = |id: &crate::words::ItemId| {
            self.model.state.index(id).map(|i| facts::title(&self.model, i)).unwrap_or_default()
        };
        let words = match &recorded.event {
            Event::AttemptEnded(ended) => {
                let outcome = ended.outcome.unwrap_or(Outcome::Unknown);
                let bad = !matches!(outcome, Outcome::Passed | Outcome::Cancelled);
                if !bad && ended.took < LONG {
                    return;
                }
                format!("{}: {}", outcome.words(), title(&ended.item))
            }
            Event::ApprovalRequested { item, .. } => format!("your turn: approve {}", title(item)),
            Event::PersonNeeded { why, .. } => format!("your turn: {}", text::line(why)),
            Event::ControlRequested { by, .. } if *by != self.options.who => {
                format!("{} asks for control", text::line(by.name()))
            }
            Event::StorageFailed { .. } => "the journal cannot be written".into(),
            Event::TargetChanged { kind, .. } => format!("{} has changed", text::line(kind)),
            Event::LeaseRefused { .. } => "another run holds the lock at the target".into(),
            Event::LeaseLost { .. } => "another run took over the lock at the target".into(),
            Event::RunEnded { .. } => {
                self.dialogs.clear();
                self.view.follow();
                "the run ended".into()
            }
            _ => return,
        };
        self.outs.push(Out::Bell(words.clone()));
        self.alarm = Some(words);
    }

    /// Brings what the host was told in line with what is shown.
    pub(super) fn reconcile(&mut self) {
        self.end_typing();
        self.show_attempt();
        self.begin();
        self.check_control();
        self.set_title();
        let running = self.model.running();
        if self.stopping.is_some_and(|s| Some(s) != running) {
            self.stopping = None;
        }
        if self.model.gone.is_some() && self.model.state.ended.is_none() {
            self.pending.clear();
        }
    }

    fn end_typing(&mut self) {
        if self.view.typing && self.ctx().running().is_none() {
            self.view.typing = false;
            self.say("the command ended: keys are commands again");
        }
    }

    /// The attempt whose rows belong into the item pane.
    fn wanted_attempt(&self) -> Option<u32> {
        let index = self.ctx().item()?;
        let Action::Run(run) = &self.model.state.plan.items.get(index)?.action else { return None };
        if run.acting.hide_output {
            return None;
        }
        let attempt = self.model.state.items.get(index)?.attempt()?;
        // Of one whose end nobody knows the size is not known either: what was written can be looked at.
        let unknown = attempt.outcome() == Some(Outcome::Unknown);
        let has_rows = unknown || attempt.ended.as_ref().is_none_or(|(_, ended)| ended.output_bytes > 0);
        has_rows.then_some(attempt.number)
    }

    fn show_attempt(&mut self) {
        let attempt = self.wanted_attempt();
        if attempt == self.model.tape.attempt {
            return;
        }
        self.model.tape.show(attempt);
        self.view.tape_up = 0;
        if attempt.is_none() {
            self.view.zoom = false;
        }
        self.outs.push(Out::Send(FromClient::Show { attempt }));
    }

    /// The flight that was confirmed before the host was there begins.
    fn begin(&mut self) {
        let state = &self.model.state;
        if self.begin_sent || !self.model.caught_up || state.plan_sha256.is_none() || !self.model.has_plan {
            return;
        }
        self.begin_sent = true;
        if state.begun.is_some() || state.ended.is_some() {
            return;
        }
        let Some(begin) = self.options.begin.clone() else { return };
        for (name, reason) in begin.accepted {
            self.want(Want::AcceptLimitation { name, reason }, None);
        }
        self.want(Want::Begin { target: begin.target }, None);
    }

    /// Whoever comes to a run that nobody has takes it; whoever comes to one that somebody has may ask.
    fn check_control(&mut self) {
        let state = &self.model.state;
        let settled = self.model.caught_up && self.model.live.now.is_some();
        if self.control_checked || !settled || self.options.role == Role::Observer || state.begun.is_none() {
            return;
        }
        // Beginning takes control: what is between the two events is nobody's gap.
        let Some(holder) = state.control.holder.clone() else { return };
        self.control_checked = true;
        if state.ended.is_some() || holder == self.options.who {
            return;
        }
        let epoch = state.control.epoch;
        if self.model.is_attached(&holder) {
            self.open(Box::new(Control::default()));
        } else {
            self.want(Want::TakeControl { epoch }, None);
        }
    }

    fn set_title(&mut self) {
        let plan = &self.model.state.plan;
        if !self.model.has_plan {
            return;
        }
        let target = plan.target_name().or(plan.system.as_deref()).unwrap_or(&plan.title);
        let training = if self.model.state.is_training() { "TRAINING · " } else { "" };
        let title = match &self.alarm {
            Some(alarm) => format!("{training}{alarm} · {}", text::line(target)),
            None => format!("{training}{} · flightdeck", text::line(target)),
        };
        if title != self.title {
            self.title.clone_from(&title);
            self.outs.push(Out::Title(title));
        }
    }

    /// After a frame: the size of the terminal box, and rows that were scrolled to.
    pub(super) fn after_frame(&mut self) {
        let Some(area) = self.view.drawn.tape else { return };
        let size = (area.width, area.height);
        let acts = self.options.role == Role::Operator && self.ctx().hands_off().is_none();
        if acts && self.size_sent != Some(size) && area.width >= 10 && area.height >= 2 {
            self.size_sent = Some(size);
            self.outs.push(Out::Send(FromClient::Size { cols: area.width, rows: area.height }));
        }
        let tape = &self.model.tape;
        let (Some(attempt), Some((from, count))) =
            (tape.attempt, tape.missing(self.view.drawn.tape_top, usize::from(area.height)))
        else {
            return;
        };
        let ask = (attempt, from, count, tape.facts().bytes);
        if self.scroll_asked != Some(ask) {
            self.scroll_asked = Some(ask);
            self.outs.push(Out::Send(FromClient::Scroll { attempt, from, count }));
        }
    }
}
