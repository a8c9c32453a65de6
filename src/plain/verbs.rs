//! Verbs typed as words.

use crate::engine::event::Return;
use crate::engine::plan::{Action, Due, Item};
use crate::words::Actor;

/// What was typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verb {
    /// Begin, start, send, close, continue: what Enter does on the screens.
    Go,
    /// Start the item; out of order too.
    Run { anyway: bool },
    /// Tick the box.
    Done,
    /// Answer, in words; without words the questions come one by one.
    Answer(String),
    /// Skip.
    Skip(String),
    /// It does not apply.
    NotApplicable(String),
    /// Defer.
    Defer(String),
    /// Override.
    Override(String),
    /// A new attempt, or open it again with a reason.
    Again(String),
    /// Edit the command.
    Edit(String),
    /// Stop what runs.
    Stop,
    /// Let what runs go on though its output cannot be kept.
    Unrecorded,
    /// Type into what runs.
    Type(String),
    /// Pause.
    Pause(String),
    /// Continue.
    Continue,
    /// Close the phase.
    Close,
    /// A note.
    Note(String),
    /// A fresh look.
    Look,
    /// Settle an unknown attempt.
    Settle(bool),
    /// Ask for approval.
    Ask,
    /// Somebody approves: who, and what they say.
    Approve(String),
    /// Somebody refuses.
    Refuse(String),
    /// Accept a limitation: its name and the reason.
    Accept(String),
    /// Go to an item.
    Open(String),
    /// What is left.
    List,
    /// The item again.
    Show,
    /// The resolved rollback.
    Rollback,
    /// Go back; why, if it is said already.
    RollBack(String),
    /// Why they went back.
    Reason(String),
    /// Contacts and links.
    Contacts,
    /// Take control.
    Take,
    /// Take over the lock at the target: why.
    TakeOver(String),
    /// Keeps control: no to who asks.
    Keep,
    /// Give control.
    Give(String),
    /// Leave; the run goes on.
    Leave,
    /// End the run.
    End(String),
    /// What can be typed.
    Help,
}

/// All verbs with what they do, for `help`.
pub(super) const HELP: &[(&str, &str)] = &[
    ("(an empty line)", "what is to be done, again"),
    ("run", "start the command or send the notice that is shown; `run anyway` goes out of order"),
    ("done", "tick the box"),
    ("answer TEXT", "answer the question; `answer` alone asks field by field"),
    ("skip REASON", "skip it"),
    ("not-applicable REASON", "say that it does not apply here"),
    ("defer REASON", "defer it"),
    ("override REASON", "go past what is red, failed or unknown"),
    ("again [REASON]", "a new attempt; or open a settled item again, with a reason"),
    ("edit COMMAND", "change the command before it runs: a deviation"),
    ("look", "look again at once"),
    ("settle happened | settle not", "say how an unknown attempt ended"),
    ("ask", "ask for the approval"),
    ("approve NAME [WORDS], refuse NAME [WORDS]", "the second person's answer, recorded as stated"),
    ("accept LIMITATION REASON", "go on despite a limitation that blocks"),
    ("stop", "stop what runs; again: harder"),
    ("unrecorded", "let what runs go on though its output cannot be written"),
    ("type TEXT", "type a line into what runs"),
    ("pause [REASON], continue", "start nothing new; go on"),
    ("close", "close the phase"),
    ("open ID", "go to an item"),
    ("list", "what is left in this phase"),
    ("note TEXT", "add a note to the record"),
    ("rollback", "show the resolved rollback"),
    ("roll-back [REASON]", "BEGIN: what was begun is undone, step after step"),
    ("reason TEXT", "say why it went back"),
    ("contacts", "show contacts and links"),
    ("take, give NAME, keep", "take control, hand it over, or keep it from who asks"),
    ("take-over REASON", "take over the lock at the target from a run whose host is dead"),
    ("leave", "leave; the run goes on"),
    ("end REASON", "end the run early"),
];

/// Reads a typed line. None: an empty line.
///
/// # Errors
///
/// It begins with no verb, or lacks what the verb needs; what to type instead.
pub(super) fn parse(line: &str) -> Result<Option<Verb>, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim().to_owned();
    let reason = |make: fn(String) -> Verb| {
        if rest.is_empty() { Err(format!("say why: {word} REASON")) } else { Ok(make(rest.clone())) }
    };
    let text = |make: fn(String) -> Verb, what: &str| {
        if rest.is_empty() { Err(format!("say more: {word} {what}")) } else { Ok(make(rest.clone())) }
    };
    Ok(Some(match word.to_ascii_lowercase().as_str() {
        "" => return Ok(None),
        "go" | "begin" | "start" => Verb::Go,
        "run" | "send" => Verb::Run { anyway: rest == "anyway" },
        "done" => Verb::Done,
        "answer" | "fill" => Verb::Answer(rest),
        "skip" => reason(Verb::Skip)?,
        "not-applicable" | "na" => reason(Verb::NotApplicable)?,
        "defer" => reason(Verb::Defer)?,
        "override" => reason(Verb::Override)?,
        "again" => Verb::Again(rest),
        "edit" => text(Verb::Edit, "COMMAND")?,
        "stop" => Verb::Stop,
        "unrecorded" => Verb::Unrecorded,
        "type" => Verb::Type(rest),
        "pause" => Verb::Pause(rest),
        "continue" => Verb::Continue,
        "close" => Verb::Close,
        "note" => text(Verb::Note, "TEXT")?,
        "look" => Verb::Look,
        "settle" => match rest.as_str() {
            "happened" => Verb::Settle(true),
            "not" => Verb::Settle(false),
            _ => return Err("say `settle happened` or `settle not`".into()),
        },
        "ask" => Verb::Ask,
        "approve" => text(Verb::Approve, "NAME")?,
        "refuse" => text(Verb::Refuse, "NAME")?,
        "accept" => text(Verb::Accept, "LIMITATION REASON")?,
        "open" => text(Verb::Open, "ID")?,
        "list" => Verb::List,
        "show" => Verb::Show,
        "rollback" => Verb::Rollback,
        "roll-back" => Verb::RollBack(rest),
        "reason" => text(Verb::Reason, "TEXT")?,
        "contacts" => Verb::Contacts,
        "take" => Verb::Take,
        "take-over" => reason(Verb::TakeOver)?,
        "keep" => Verb::Keep,
        "give" => text(Verb::Give, "NAME")?,
        "leave" | "quit" | "q" => Verb::Leave,
        "end" => reason(Verb::End)?,
        "help" | "?" => Verb::Help,
        other => return Err(format!("`{}` is no verb here; `help` names them", crate::terminal::sanitize_line(other))),
    }))
}

/// A name and the words behind it.
pub(super) fn who(text: &str) -> (Actor, Option<String>) {
    let (name, says) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let says = says.trim();
    (Actor(name.to_owned()), (!says.is_empty()).then(|| says.to_owned()))
}

/// Where an item comes back when it is deferred now (run time in µs): where the runbook says, else at this phase's close.
pub(super) fn returns(item: &Item, now: u64) -> Return {
    match &item.due {
        Some(Due::Phase(phase)) => Return::Phase(*phase),
        Some(Due::WatchEnd) => Return::WatchEnd,
        Some(Due::After(seconds)) => Return::At(now.saturating_add((seconds.max(0.0) * 1e6) as u64)),
        None => Return::PhaseClose,
    }
}

/// What an item's own verb is.
pub(super) fn own(action: &Action) -> &'static str {
    match action {
        Action::Tick => "done",
        Action::Run(_) => "run",
        Action::Notify(_) => "run (sends it)",
        Action::Confirm(_) | Action::Record(_) => "answer",
        Action::Approve(_) => "ask, approve NAME",
        Action::Check(_) | Action::Wait(_) | Action::Baseline(_) => "look",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_words() {
        let cases = [
            ("  run ", Verb::Run { anyway: false }),
            ("run anyway", Verb::Run { anyway: true }),
            ("SKIP  not here ", Verb::Skip("not here".into())),
            ("answer", Verb::Answer(String::new())),
            ("answer 95 %", Verb::Answer("95 %".into())),
            ("settle not", Verb::Settle(false)),
            ("type", Verb::Type(String::new())),
        ];
        for (line, verb) in cases {
            assert_eq!(parse(line), Ok(Some(verb)), "{line}");
        }
        assert_eq!(parse("   "), Ok(None));
        assert_eq!(parse("skip"), Err("say why: skip REASON".into()));
        assert_eq!(parse("settle maybe"), Err("say `settle happened` or `settle not`".into()));
        assert_eq!(parse("\u{1b}[A"), Err("`␛[a` is no verb here; `help` names them".into()));
        for (verbs, _) in HELP.iter().skip(1) {
            let first = verbs.split([' ', ',']).next().unwrap();
            assert!(!matches!(parse(first), Err(why) if why.contains("no verb")), "{first}");
        }
    }
}
