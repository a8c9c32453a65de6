//! A flight that is being prepared: what was given, the sandbox that it is flown in, and its start.

use std::path::PathBuf;

use super::draft::Draft;
use super::open::Opening;
use super::values::{self, Texts};
use super::{answers, compiled, target};
use crate::cli::args::FlyArgs;
use crate::cli::book::Book;
use crate::cli::client::{Client, Mode};
use crate::cli::{Exit, Stop, note, person, prompt};
use crate::engine::event::Overlay;
use crate::engine::plan::{Effect, Plan};
use crate::journal::runs_dir;
use crate::link::Role;
use crate::runbook::parameters::{Resolved, read};
use crate::sandbox::Scenario;
use crate::tui::start::{Session, Waiting};
use crate::tui::{self, Begin};
use crate::words::{Actor, Name};

/// A flight before its start. Nothing is started, and what was made goes away with it.
pub struct Flight<'a> {
    pub(super) book: &'a Book,
    pub(super) args: &'a FlyArgs,
    pub(super) scenario: Option<&'a Scenario>,
    pub(super) texts: Texts,
    pub(super) operator: Actor,
    answers: Option<answers::Given>,
    runs: PathBuf,
    draft: Option<Draft>,
}

impl<'a> Flight<'a> {
    /// Reads what the command line names, and makes the sandbox's world when it is flown in one.
    pub fn new(book: &'a Book, args: &'a FlyArgs, scenario: Option<&'a Scenario>) -> Result<Self, Stop> {
        if args.speed.is_some() && scenario.is_none() {
            return Err(Stop::usage("--speed is for simulated runs: real time cannot be hurried; add --sandbox"));
        }
        let answers = args.answers.as_deref().map(|path| answers::read(path, &book.loaded.runbook)).transpose()?;
        let mut texts = Texts::of(args)?;
        texts.scenario = scenario.iter().flat_map(|s| s.parameters.clone()).collect();
        let runs = runs_dir(args.runs.as_deref()).map_err(|e| Stop::disk(e.to_string()))?;
        let mut flight = Self { book, args, scenario, texts, operator: person::operator(), answers, runs, draft: None };
        flight.make_world()?;
        Ok(flight)
    }

    /// What the sandbox gives.
    pub(super) fn overlay(&self) -> Option<&Overlay> {
        self.draft.as_ref().and_then(|d| d.overlay.as_ref())
    }

    /// All values as they are now.
    pub(super) fn resolved(&self) -> Resolved {
        self.texts.resolve(self.book, self.overlay())
    }

    /// Makes the world that the values want, unless it is there.
    pub(super) fn make_world(&mut self) -> Result<(), Stop> {
        let Some(scenario) = self.scenario else { return Ok(()) };
        // Sources that the world will give cannot be read yet: what they say is not looked at here.
        let resolved = self.texts.resolve(self.book, None);
        if self.draft.as_ref().is_some_and(|draft| !draft.is_outdated(&resolved)) {
            return Ok(());
        }
        self.draft = None;
        let speed = self.args.speed.unwrap_or(1.0);
        self.draft = Some(Draft::simulated(&self.runs, self.book, scenario, &resolved, speed)?);
        Ok(())
    }

    /// Values that are complete: what is missing is asked for at the terminal, else it is an error that names it.
    pub fn complete(&mut self) -> Result<(), Stop> {
        let runbook = &self.book.loaded.runbook;
        loop {
            let resolved = self.resolved();
            values::refuse_problems(&resolved)?;
            let Some(name) = values::unanswered(&resolved).first().map(|n| (*n).clone()) else { break };
            let Some(parameter) = runbook.parameters.get(&name).filter(|_| prompt::can_ask()) else {
                return values::refuse_missing(runbook, &resolved);
            };
            let ask = parameter.field.ask.as_ref();
            let ask = ask.map_or_else(|| name.0.clone(), |ask| format!("{} [{name}]", ask.source()));
            let text = if parameter.is_secret() { prompt::secret(&ask) } else { prompt::line(&ask) };
            let Ok(Some(text)) = text else { return values::refuse_missing(runbook, &resolved) };
            match read(&parameter.field, &text) {
                Ok(_) => drop(self.texts.typed.insert(name, text)),
                Err(why) => note(&format!("  {why}")),
            }
        }
        self.make_world()
    }

    /// The plan of these values, as far as it is known before the start.
    pub(super) fn plan(&self, resolved: &Resolved) -> Result<Plan, Stop> {
        compiled(self.book, &values::preview(&self.book.loaded.runbook, resolved))
    }

    /// Stops when another run has the target.
    pub(super) fn refuse_held(&self, plan: &Plan) -> Result<(), Stop> {
        if self.scenario.is_some() { Ok(()) } else { target::refuse_held(&target::announce(plan), None) }
    }

    /// Starts the run and stays with it; `session`: the terminal is taken already, and is not given back between.
    pub fn start(self, mode: Mode, begin: Option<Begin>, mut session: Option<Session>) -> Result<Exit, Stop> {
        let resolved = self.resolved();
        values::refuse_problems(&resolved)?;
        values::refuse_missing(&self.book.loaded.runbook, &resolved)?;
        let plan = self.plan(&resolved)?;
        self.refuse_held(&plan)?;
        let begin = begin.or_else(|| self.begins_by_itself(&plan).then(Begin::default));
        let waiting_world = self.world(&plan);
        let draft = match self.draft {
            Some(draft) => draft,
            None => Draft::real(&self.runs, self.book)?,
        };
        let who = self.operator;
        let opening = Opening {
            book: self.book,
            args: self.args,
            texts: &self.texts,
            resolved,
            plan: &plan,
            answers: self.answers,
            operator: who.clone(),
        };
        if let Some(session) = &mut session {
            let mut waiting = Waiting {
                world: waiting_world,
                training: self.scenario.is_some(),
                title: plan.title.clone(),
                words: "starting the run…".into(),
            };
            session.wait(&mut waiting).map_err(|e| Stop::usage(e.to_string()))?;
        }
        let folder = opening.launch(draft)?;
        Client { mode, who, role: Role::Operator, begin, history: true }.attach(&folder, session)
    }

    /// As lines a flight begins at once where nothing has to be typed for it.
    fn begins_by_itself(&self, plan: &Plan) -> bool {
        let blocked = plan.limitations.iter().any(|l| l.effect == Effect::Blocks);
        !blocked && (self.scenario.is_some() || plan.target_name().is_none())
    }

    /// The header's first word.
    pub(super) fn world(&self, plan: &Plan) -> String {
        let environment = plan.place(crate::engine::plan::WhereKind::Environment);
        tui::world(self.scenario.is_some(), environment, &person::machine())
    }

    /// Takes what a form gave.
    pub(super) fn fill(&mut self, name: &str, typed: std::collections::BTreeMap<Name, String>) {
        self.texts.typed = typed;
        self.operator = person::named(name);
    }
}
