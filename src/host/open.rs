//! A host's beginning: settings, lock, journal, plan, socket; a new run is opened, one that is there is gone on with.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::setsid;

use super::clients::Clients;
use super::clock::{RunClock, StepWatch};
use super::core::Host;
use super::disk::DiskWatch;
use super::eyes::Eyes;
use super::hands::Hands;
use super::input::Input;
use super::refused::Refused;
use super::secrets::Secrets;
use super::typing::Typing;
use super::world::{Held, Outside};
use super::{Settings, program};
use crate::engine::event::Overlay;
use crate::engine::{Answers, State, Want, Wanted};
use crate::journal::{Journal, LockError, PresenceBoard, RunFolder};
use crate::words::{Actor, files};

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
            say(&why.line());
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

/// From here on the terminal may close: this process hears nothing of it, and holds nothing of it.
fn away_from_the_terminal() -> std::io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(())
}

/// What a run starts from.
pub(super) struct Start {
    pub journal: Journal,
    pub state: State,
    pub plan_json: String,
    pub clock: RunClock,
    /// Bytes of a torn last line that were set aside.
    pub torn: Option<u64>,
}

/// Where commands and probes are at home.
pub(super) struct Home {
    pub root: PathBuf,
    pub env: BTreeMap<String, String>,
    pub overlay: Option<Overlay>,
}

impl Home {
    fn new(settings: &Settings, overlay: Option<Overlay>, workdir: Option<&str>) -> Self {
        let root = match &overlay {
            Some(overlay) => PathBuf::from(&overlay.root),
            None => PathBuf::from(workdir.unwrap_or(&settings.origin)),
        };
        let mut env: BTreeMap<String, String> = settings.environment.iter().cloned().collect();
        if let Some(overlay) = &overlay {
            env.extend(overlay.env.clone());
        }
        env.insert("TERM".into(), "xterm-256color".into());
        // Nobody pages through what a command of the run prints: one that opened a pager would wait for a key.
        for pager in ["PAGER", "GIT_PAGER", "SYSTEMD_PAGER"] {
            env.insert(pager.into(), "cat".into());
        }
        Self { root, env, overlay }
    }
}

fn open(path: &Path, outside: Outside) -> Result<Host, Refused> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
    let settings: Settings =
        serde_json::from_str(&line).map_err(|e| format!("the host's settings are not readable: {e}"))?;
    drop(line);
    // A leader of a process group cannot become a session's leader; then it already has its own.
    let _ = setsid();
    let folder = if settings.resume { RunFolder::open(path) } else { RunFolder::begun(path) };
    let folder = folder.map_err(Refused::disk)?;
    let secrets = Secrets::new(settings.secrets.clone())?;
    let (sender, inbox) = channel();
    on_terminate(sender.clone())?;
    // First of all: nobody else may mend or write this journal.
    let mut lock = folder.lock(0).map_err(|e| match e {
        held @ LockError::Held(_) => held.to_string().into(),
        other => Refused::disk(other),
    })?;
    let answers = answers(&folder)?;
    let announced = match &settings.announce {
        Some(what) => super::announce::announce(PresenceBoard::of_machine(), &folder, &settings.operator, what)?,
        None => None,
    };
    // A run that is gone on with is at home where its journal says, whoever goes on with it.
    let resumed = if settings.resume { Some(super::resume::resume(&folder)?) } else { None };
    let home = match resumed.as_ref().and_then(|start| start.state.opened.as_ref()) {
        Some(opened) => Home::new(&settings, opened.overlay.clone(), Some(&opened.workdir)),
        None => Home::new(&settings, settings.overlay.clone(), None),
    };
    let world = match &home.overlay {
        Some(_) => {
            let world = (outside.hold_world)(path).map_err(|e| format!("the sandbox does not come up: {e}"))?;
            Some(Held::new(world))
        }
        None => None,
    };
    let start = match resumed {
        Some(start) => start,
        None => super::fresh::fresh(&folder, &settings, &home, &secrets)?,
    };
    let epoch = start.state.host.epoch + 1;
    lock.name_holder(epoch).map_err(|e| Refused::disk(format!("{}: {e}", files::LOCK)))?;
    let mut eyes = Eyes::new(sender.clone(), start.clock.speed());
    let late = eyes.open_spool(&folder, &start.state, start.clock.up());
    let disk = Arc::new(DiskWatch::default());
    super::serve::listen(path, sender.clone(), Arc::clone(&disk))
        .map_err(|e| Refused::disk(format!("the run's socket cannot be opened: {e}")))?;
    let mut clients = Clients::default();
    clients.set_plan(start.plan_json);
    let now = Instant::now();
    let mut host = Host {
        hands: Hands::new(folder.path(), settings.cols, settings.rows),
        folder,
        _lock: lock,
        journal: start.journal,
        disk,
        state: start.state,
        answers,
        clock: start.clock,
        steps: StepWatch::default(),
        clients,
        eyes,
        secrets,
        world,
        announced,
        lease: None,
        held_starts: vec![],
        outside,
        root: home.root,
        env: home.env,
        looking: None,
        last_bound: now,
        inbox,
        sender,
        queue: VecDeque::new(),
        wanted: Wanted::default(),
        told_timers: Default::default(),
        by_hand_due: true,
        last_by_hand: now,
        by_hand_took: Duration::ZERO,
        last_live: now,
        last_tick: now,
        last_places: now,
        recorded: 0,
        failed: None,
        leaving: false,
        alone_since: None,
        telemetry: super::telemetry::Telemetry::default(),
        was_attached: false,
        typing: Typing::default(),
        terminating: false,
    };
    let boot = crate::keeper::boot_id().unwrap_or_default();
    host.intend(Actor::host(), Want::HostStart { epoch, pid: std::process::id(), boot, program: program() });
    if let Some(bytes) = start.torn {
        host.intend(Actor::host(), Want::Tail { bytes });
    }
    for sealed in &late {
        host.intend(Actor::host(), super::eyes::sealed_want(sealed));
    }
    host.pin_places();
    if settings.resume {
        host.go_on()?
    } else {
        host.tell_cautions()
    }
    Ok(host)
}

fn answers(folder: &RunFolder) -> Result<Answers, Refused> {
    match std::fs::read_to_string(folder.join(files::ANSWERS)) {
        Ok(text) => serde_json::from_str(&text).map_err(|e| format!("{}: {e}", files::ANSWERS).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Answers::default()),
        Err(error) => Err(Refused::disk(format!("{}: {error}", files::ANSWERS))),
    }
}

/// SIGTERM makes the host leave in order; a closed terminal and a Ctrl-C there are nothing to it.
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

impl Host {
    /// Pins what the plan says of its places, once; then compares.
    fn pin_places(&mut self) {
        let plan = self.state.plan.clone();
        for place in &plan.places {
            let kind = place.kind.key();
            if !self.state.pinned.contains_key(kind) {
                self.intend(Actor::host(), Want::Pinned { kind: kind.to_owned(), is: place.is.clone() });
            }
        }
        self.look_at_places();
    }

    /// What the plan itself warns of.
    fn tell_cautions(&mut self) {
        for text in self.state.plan.clone().cautions.clone() {
            self.intend(Actor::host(), Want::Caution { text, item: None });
        }
    }

    /// A host that goes on finds what the one before left, and looks at everything sensed again.
    fn go_on(&mut self) -> Result<(), String> {
        let opened = self.state.opened.clone();
        if let Some(text) = opened.and_then(|o| super::environment::difference(&o, &self.env, &self.secrets)) {
            self.caution(&text);
        }
        self.adopt()?;
        self.ask_again();
        Ok(())
    }
}
