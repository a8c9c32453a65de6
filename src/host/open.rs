//! A host's beginning: settings, lock, journal, plan; a new run is opened, one that is there is gone on with.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::setsid;

use super::clients::Clients;
use super::clock::{RunClock, StepWatch};
use super::core::Host;
use super::eyes::Eyes;
use super::hands::Hands;
use super::input::Input;
use super::secrets::Secrets;
use super::world::Outside;
use super::{Settings, log, program};
use crate::engine::event::RunOpened;
use crate::engine::plan::{Given, Plan, compile};
use crate::engine::{Answers, Event, Recorded, State, Want, Wanted};
use crate::expr::{As, parse_value};
use crate::journal::{Journal, PresenceBoard, RunFolder, Spool, read, read_rows, repair};
use crate::runbook::kinds::FieldType;
use crate::runbook::{Memory, load_from};
use crate::words::{Actor, Sample, Stamp, Value, files};

/// How long a parameter's command may take.
const COMMAND: Duration = Duration::from_secs(30);

/// Runs the host of the run in `folder`: the hidden subcommand. Settings come on stdin; `ready` or the reason why not
/// goes to stdout.
///
/// # Errors
/// What stands in its way, for the log.
pub fn serve(folder: &Path, outside: Outside) -> std::io::Result<()> {
    crate::keeper::keep_descriptors_from_children();
    let host = match open(folder, outside) {
        Ok(host) => host,
        Err(why) => {
            say(&why.replace('\n', " "));
            log(&why);
            return Err(std::io::Error::other(why));
        }
    };
    say("ready");
    away_from_the_terminal()?;
    host.run()
}

fn say(line: &str) {
    let mut stdout = std::io::stdout();
    // The client that waits for this line may have given up.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// From here on the terminal may close: this process hears nothing of it.
fn away_from_the_terminal() -> std::io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(())
}

fn open(path: &Path, outside: Outside) -> Result<Host, String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
    let settings: Settings = serde_json::from_str(&line).map_err(|e| format!("the host's settings are not readable: {e}"))?;
    // A leader of a process group cannot become a session's leader; then it already has its own.
    let _ = setsid();
    let folder = if settings.resume { RunFolder::open(path) } else { RunFolder::begun(path) };
    let folder = folder.map_err(|e| e.to_string())?;
    let (sender, inbox) = channel();
    on_terminate(sender.clone())?;
    let root = settings.overlay.as_ref().map_or_else(|| PathBuf::from(&settings.origin), |o| PathBuf::from(&o.root));
    let mut env: BTreeMap<String, String> = settings.environment.iter().cloned().collect();
    if let Some(overlay) = &settings.overlay {
        env.extend(overlay.env.clone());
    }
    env.insert("TERM".into(), "xterm-256color".into());
    // First of all: nobody else may mend or write this journal.
    let mut lock = folder.lock(0).map_err(|e| e.to_string())?;
    let answers = answers(&folder)?;
    let announced = match &settings.announce {
        Some(what) => super::announce::announce(PresenceBoard::of_machine(), &folder, &settings.operator, what)?,
        None => None,
    };
    let world = match &settings.overlay {
        Some(_) => Some((outside.hold_world)(path).map_err(|e| format!("the sandbox does not come up: {e}"))?),
        None => None,
    };
    let start = if settings.resume { resume(&folder)? } else { fresh(&folder, &settings, &root, &env)? };
    let epoch = start.state.host.epoch + 1;
    lock.name_holder(epoch).map_err(|e| format!("{}: {e}", files::LOCK))?;
    let mut eyes = Eyes::new(sender.clone(), start.clock.speed());
    let late = take_spool(&folder, &start.state, &mut eyes);
    super::serve::listen(path, sender.clone()).map_err(|e| format!("the run's socket cannot be opened: {e}"))?;
    let hands = Hands::new(path, settings.cols, settings.rows);
    let mut host = Host {
        folder,
        _lock: lock,
        journal: start.journal,
        state: start.state,
        answers,
        clock: start.clock,
        steps: StepWatch::default(),
        clients: Clients::default(),
        hands,
        eyes,
        secrets: Secrets::new(settings.secrets),
        world,
        announced,
        outside,
        root,
        env,
        inbox,
        sender,
        queue: VecDeque::new(),
        wanted: Wanted::default(),
        by_hand_due: Some(Instant::now()),
        last_by_hand: Instant::now(),
        last_live: Instant::now(),
        last_tick: Instant::now(),
        disk_retry: None,
        leaving: false,
        alone_since: None,
        told_disk: false,
        asked_secrets: Default::default(),
        typing: vec![],
        terminating: false,
    };
    host.clients.set_plan(start.plan_json);
    let boot = crate::keeper::boot_id().unwrap_or_default();
    host.intend(Actor::host(), Want::HostStart { epoch, pid: std::process::id(), boot, program: program() });
    if let Some(bytes) = start.torn {
        host.intend(Actor::host(), Want::Tail { bytes });
    }
    for sealed in &late {
        host.intend(Actor::host(), super::eyes::sealed_want(sealed));
    }
    host.pin_places(settings.resume);
    if settings.resume {
        host.adopt();
        host.eyes.baselines(&host.state);
        host.look_again();
    } else {
        let cautions: Vec<String> = host.state.plan.cautions.clone();
        for text in cautions {
            host.intend(Actor::host(), Want::Caution { text, item: None });
        }
    }
    Ok(host)
}

/// What a run starts from.
struct Start {
    journal: Journal,
    state: State,
    plan_json: String,
    clock: RunClock,
    torn: Option<u64>,
}

fn fresh(folder: &RunFolder, settings: &Settings, root: &Path, env: &BTreeMap<String, String>) -> Result<Start, String> {
    let clock = RunClock::new(if settings.overlay.is_some() { settings.speed } else { 1.0 });
    let name = settings.files.first().map(|(name, _)| name.clone()).ok_or("no runbook was given")?;
    let memory = Memory {
        files: settings.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect(),
    };
    let loaded = load_from(&memory, &name).map_err(|problems| {
        problems.first().map_or_else(|| "the runbook does not load".to_owned(), ToString::to_string)
    })?;
    let mut values = settings.values.clone();
    let mut from = settings.from.clone();
    for (parameter, words) in &settings.commands {
        let text = run_command(words, root, env).map_err(|why| format!("parameter `{parameter}`: {why}"))?;
        let kind = loaded.runbook.parameters.get(parameter).map(|p| &p.field.kind);
        values.insert(parameter.clone(), typed(&text, kind)?);
        from.insert(parameter.clone(), format!("command {}", words.join(" ")));
    }
    let given = Given {
        values: values.clone(),
        secrets: settings.secret_sources.clone(),
        now: Some(clock.now().at),
    };
    let plan = compile(&loaded.runbook, &given).map_err(|e| e.to_string())?;
    let plan_json = serde_json::to_string(&plan).map_err(|e| e.to_string())?;
    folder.write_atomic(files::PLAN, plan_json.as_bytes()).map_err(|e| format!("{}: {e}", files::PLAN))?;
    let mut journal = Journal::create(folder.path()).map_err(|e| e.to_string())?;
    let manifest = loaded.sources.files.iter().map(|f| (f.name.clone(), f.sha256.clone())).collect();
    let opened = RunOpened {
        run: folder.id().0.clone(),
        program: program(),
        operator: settings.operator.clone(),
        manifest,
        runbook: settings.runbook.clone(),
        workdir: root.display().to_string(),
        dir: folder.join(files::FILES).display().to_string(),
        environment: env.keys().cloned().collect(),
        speed: clock.speed(),
        overlay: settings.overlay.clone(),
        autopilot: settings.autopilot.clone(),
        usual: settings.usual.clone(),
    };
    let mut events = vec![Event::RunOpened(Box::new(opened))];
    for parameter in &plan.parameters {
        let source = from.get(&parameter.name).cloned().unwrap_or_default();
        events.push(Event::ParameterSet {
            name: parameter.name.clone(),
            value: parameter.value.clone(),
            secret: parameter.secret.clone(),
            from: source,
        });
    }
    events.push(Event::PlanFixed { sha256: sha256(plan_json.as_bytes()), items: plan.items.len() });
    let by = Actor(settings.operator.clone());
    let now = clock.now();
    let lines: Vec<(Stamp, Actor, &Event)> = events.iter().map(|e| (now, by.clone(), e)).collect();
    journal.append_all(&lines).map_err(|e| e.to_string())?;
    let mut state = State::new(Arc::new(plan));
    for (offset, event) in events.into_iter().enumerate() {
        state.apply(&Recorded { seq: offset as u64 + 1, stamp: now, by: by.clone(), event });
    }
    Ok(Start { journal, state, plan_json, clock, torn: None })
}

fn resume(folder: &RunFolder) -> Result<Start, String> {
    let torn = repair(folder.path()).map_err(|e| e.to_string())?.map(|t| t.bytes);
    let plan_json = std::fs::read_to_string(folder.join(files::PLAN)).map_err(|e| format!("{}: {e}", files::PLAN))?;
    let plan: Plan = serde_json::from_str(&plan_json).map_err(|e| format!("{}: {e}", files::PLAN))?;
    let journal_read = read::<Event>(folder.path()).map_err(|e| e.to_string())?;
    if let Some(why) = journal_read.why_read_only() {
        return Err(format!("this run can only be read: {why}"));
    }
    let mut state = State::new(Arc::new(plan));
    for line in journal_read.lines {
        state.apply(&Recorded { seq: line.seq, stamp: line.stamp, by: line.by, event: line.ev });
    }
    if let Some(sha) = &state.plan_sha256
        && *sha != sha256(plan_json.as_bytes())
    {
        return Err(format!("{} is not the plan that the journal fixed: the run can only be read", files::PLAN));
    }
    if let Some(ended) = &state.ended {
        return Err(format!("the run ended at {}", crate::words::utc_second(ended.stamp.at)));
    }
    let last = state.now.ok_or("the journal is empty")?;
    let clock = RunClock::after(last, state.speed());
    let journal = Journal::open_at(folder.path(), &journal_read.end).map_err(|e| e.to_string())?;
    Ok(Start { journal, state, plan_json, clock, torn })
}

/// The spool, with what it holds given to the eyes; segments that were not journaled as sealed.
fn take_spool(folder: &RunFolder, state: &State, eyes: &mut Eyes) -> Vec<crate::journal::Sealed> {
    let samples = folder.join(files::SAMPLES);
    if state.begun.is_some() {
        eyes.learn(&state.plan);
        let taken = read_rows(&samples, 0, |row| {
            eyes.remember(&Sample {
                probe: row.probe.into_owned().into(),
                up: row.up_ms * 1000,
                look: row.look,
                value: row.value,
                ..Sample::default()
            });
        });
        if let Err(error) = taken {
            log(&format!("samples cannot be read again: {error}"));
        }
    }
    match Spool::open(&samples, |name| state.sealed.contains(name)) {
        Ok((spool, late)) => {
            eyes.keep(spool);
            late
        }
        Err(error) => {
            log(&format!("{error}"));
            vec![]
        }
    }
}

fn answers(folder: &RunFolder) -> Result<Answers, String> {
    match std::fs::read_to_string(folder.join(files::ANSWERS)) {
        Ok(text) => serde_json::from_str(&text).map_err(|e| format!("{}: {e}", files::ANSWERS)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Answers::default()),
        Err(error) => Err(format!("{}: {error}", files::ANSWERS)),
    }
}

fn on_terminate(inbox: Sender<Input>) -> Result<(), String> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(|e| e.to_string())?;
    std::thread::Builder::new()
        .name("signals".into())
        .stack_size(64 << 10)
        .spawn(move || {
            for signal in signals.forever() {
                if signal == SIGTERM && inbox.send(Input::Terminate).is_err() {
                    break;
                }
            }
        })
        .map_err(|e| e.to_string())?;
    Ok(())
}

/// Runs a parameter's command; its output without the last line's end.
fn run_command(words: &[String], root: &Path, env: &BTreeMap<String, String>) -> Result<String, String> {
    let (name, arguments) = words.split_first().ok_or("an empty command")?;
    let mut command = Command::new(name);
    // A bare name is looked up on the run's own PATH.
    if !name.contains('/')
        && let Some(found) = env.get("PATH").and_then(|path| {
            path.split(':').map(|dir| Path::new(dir).join(name)).find(|candidate| candidate.is_file())
        })
    {
        command = Command::new(found);
    }
    let mut child = command
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{name}: {e}"))?;
    let mut out = child.stdout.take();
    let mut err = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(out) = &mut out {
            let _ = out.take(1 << 20).read_to_string(&mut text);
        }
        text
    });
    let until = Instant::now() + COMMAND;
    let status = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None if Instant::now() > until => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} took longer than 30 s", words.join(" ")));
            }
            None => std::thread::park_timeout(Duration::from_millis(5)),
        }
    };
    if !status.success() {
        let mut said = String::new();
        if let Some(err) = &mut err {
            let _ = err.take(4096).read_to_string(&mut said);
        }
        return Err(format!("{} failed ({status}): {}", words.join(" "), said.trim()));
    }
    let text = reader.join().unwrap_or_default();
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn typed(text: &str, kind: Option<&FieldType>) -> Result<Value, String> {
    let kind = match kind {
        Some(FieldType::Number) => As::Number,
        Some(FieldType::Bool) => As::Bool,
        Some(FieldType::Duration) => As::Duration,
        Some(FieldType::Size) => As::Size,
        Some(FieldType::Percent) => As::Percent,
        Some(FieldType::Time) => As::Time,
        Some(FieldType::List) => As::List,
        _ => return Ok(Value::Text(text.to_owned())),
    };
    parse_value(text, kind)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl Host {
    /// Pins what stands at the places of the plan, once; then compares.
    fn pin_places(&mut self, again: bool) {
        let plan = self.state.plan.clone();
        if !again {
            for place in &plan.places {
                self.intend(
                    Actor::host(),
                    Want::Pinned { kind: place.kind.key().to_owned(), is: place.is.clone() },
                );
            }
        }
        self.look_at_places();
    }

    /// A host that goes on looks at everything sensed again.
    fn look_again(&mut self) {
        if let Some(phase) = self.state.phase {
            let items: Vec<_> = self.state.plan.items_of(phase).map(|(_, item)| item.id.clone()).collect();
            let state = self.state.clone();
            for item in items {
                self.eyes.look_at_item(&state, &item);
            }
        }
    }
}
