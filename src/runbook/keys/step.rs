//! Keys of steps and of each action.

use super::header::{FIELD, INHERITED, SOURCE, WHEN};
use super::key::{Key, Kind, Part, Space, key, part};
use super::probes::OWN_PROBE;

/// The keys of which a step has one at most.
pub static ACTIONS: [&str; 12] = [
    "run",
    "script",
    "check",
    "wait",
    "confirm",
    "record",
    "notify",
    "approve",
    "baseline",
    "use",
    "undo_steps",
    "steps",
];

const ACT: &[&str] = &["run", "script"];

static ACTION_KEYS: [Key; 12] = [
    key("run", Kind::Command, "One command, no shell: split into words, then filled in."),
    key("script", Kind::Script, "A script, or the path of one beside the runbook; values come from its environment."),
    key(
        "check",
        Kind::Either(&[Kind::Probe, Kind::Part(&OWN_PROBE)]),
        "A look that must be good, and stays live until its phase is closed.",
    ),
    key("wait", Kind::Plain, "A condition, a probe or a duration to wait for."),
    key("confirm", Kind::Part(&CONFIRM), "A question to the operator."),
    key("record", Kind::Named(&FIELD), "A form."),
    key("notify", Kind::Part(&NOTIFY), "A message; it never blocks the run."),
    key("approve", Kind::Part(&APPROVE), "Another person's consent."),
    key("baseline", Kind::Part(&BASELINE), "Figures to compare with later."),
    key("use", Kind::Name(Space::Block), "A block's steps."),
    key("undo_steps", Kind::Plains, "`all`, or ids: the undos of steps that were started, newest first."),
    key("steps", Kind::List(&STEP), "A group of steps, one level deep."),
];

static COMMON: [Key; 16] = [
    key("title", Kind::Text, "What the step is.").needed(),
    key("id", Kind::Plain, "Its id, on which history, answers and overrides hang.").or("from the title"),
    SOURCE,
    WHEN,
    key("for_each", Kind::Expr, "One item for each target of a group, or each item of a list."),
    key("why", Kind::Text, "Why the step exists."),
    key("help", Kind::Text, "What to do when it fails."),
    key("usually", Kind::Duration, "How long it usually takes."),
    key("due", Kind::Plain, "Where it may be deferred to beyond its phase: a phase, `watch_end`, or a duration."),
    key("required", Kind::Bool, "It is never skipped, only overridden by two people.").or("false"),
    key("stops_clock", Kind::Bool, "Its pass ends the RTO clock.").or("false"),
    key("capture", Kind::NameMap(&Kind::Part(&CAPTURE)), "Values that are taken out of what it saw, by name."),
    key("pin", Kind::NameMap(&Kind::Part(&CAPTURE)), "Captures that are written once, for `undo` and `rollback`."),
    key("expect", Kind::Exprs, "What must hold when it is done; all must."),
    key("for", Kind::Duration, "How long the check must be good.").beside(&["check"]),
    key("in_a_row", Kind::Count(1), "Good samples in a row that it needs.").beside(&["check", "wait"]),
];

static ACTING: [Key; 11] = [
    key("reads_only", Kind::Bool, "It changes nothing in the world.").or("false").beside(ACT),
    key("idempotent", Kind::Bool, "It may be run again.").or("false").beside(ACT),
    key("retry", Kind::Part(&RETRY), "Repeats on failure.").beside(&["idempotent"]),
    key("danger", Kind::Part(&DANGER), "What is asked before it starts.").beside(ACT),
    key("point_of_no_return", Kind::Text, "What data a rollback loses after it.").beside(ACT),
    key("settle", Kind::Probe, "The probe that passes only if the step took effect.").beside(ACT),
    key("undo", Kind::Either(&[Kind::Part(&STEP), Kind::List(&STEP)]), "The step or steps that undo it.").beside(ACT),
    key("hide_output", Kind::Bool, "Its output is neither shown nor kept.").or("false").beside(ACT),
    key("until", Kind::Expr, "A stream ends well when this holds.").beside(ACT),
    key("with", Kind::NameMap(&Kind::Value), "Values for the block's parameters.").beside(&["use"]),
    key("pause_after", Kind::Count(1), "Pauses once after so many items.").beside(&["steps"]),
];

/// A step.
pub static STEP: Part =
    part("step", "One thing to do; a plain line is a box to tick.", &[&COMMON, &INHERITED, &ACTION_KEYS, &ACTING])
        .at_most_one(&ACTIONS)
        .lone("title");

static CONFIRM: Part = part(
    "confirm",
    "A question to the operator.",
    &[&[
        key("ask", Kind::Text, "The question.").needed(),
        key(
            "answer",
            Kind::Words(&[
                ("none", "yes, and nothing else"),
                ("text", "a text"),
                ("number", "a number"),
                ("date", "a day"),
                ("time", "a point in time"),
                ("duration", "a duration"),
                ("link", "an address"),
                ("file", "a file's path"),
            ]),
            "What is answered.",
        )
        .or("none"),
        key("one_of", Kind::Plains, "The answers to choose from."),
        key("pattern", Kind::Regex, "A regular expression that the whole answer matches."),
        key("expect", Kind::Exprs, "What must hold of `answer`."),
    ]],
)
.at_most_one(&["answer", "one_of"])
.lone("ask");

static NOTIFY: Part = part(
    "notify",
    "A message.",
    &[&[
        key("to", Kind::Names(Space::Channel), "The channels.").needed(),
        key("title", Kind::Text, "Its first line."),
        key("text", Kind::Text, "Its text.").needed(),
    ]],
);

static APPROVE: Part = part(
    "approve",
    "Another person's consent, never the operator's.",
    &[&[
        key("by", Kind::Names(Space::Contact), "The contacts who may give it.").needed(),
        key("count", Kind::Count(1), "How many of them.").or("1"),
        key(
            "proof",
            Kind::Words(&[
                ("stated", "a name is typed"),
                ("login", "their own login on this machine"),
                ("key", "a signature by their SSH key"),
            ]),
            "How they must be known, at least.",
        )
        .or("stated"),
        key("within", Kind::Duration, "After how long the request is void."),
    ]],
)
.lone("by");

static BASELINE: Part = part(
    "baseline",
    "Figures to compare with later.",
    &[&[
        key("probes", Kind::Probes, "The probes.").needed(),
        key("over", Kind::Duration, "How long is looked.").needed(),
    ]],
);

static RETRY: Part = part(
    "retry",
    "Repeats on failure.",
    &[&[
        key("times", Kind::Count(1), "How often it is tried again.").needed(),
        key("every", Kind::Duration, "The time between two tries.").needed(),
    ]],
);

static DANGER: Part = part(
    "danger",
    "What is asked before a step starts.",
    &[&[
        key("text", Kind::Text, "What is dangerous about it.").needed(),
        key("type", Kind::Text, "What the operator types to confirm.")
            .or("the namespace, else the context, else the environment"),
    ]],
)
.lone("text");

static CAPTURE: Part = part(
    "capture",
    "A value that is taken out of what a step saw.",
    &[&[
        key("of", Kind::Plain, "A field: `stdout`, `output`, `json`, `answer`, or any of the check's.").or("stdout"),
        key("match", Kind::Regex, "A regular expression with one group, which is the value."),
        key("at", Kind::Plain, "A JSON pointer: `/metadata/name`."),
        key("value", Kind::Value, "A text instead of a field."),
        key(
            "as",
            Kind::Words(&[
                ("text", "a text"),
                ("number", "a number"),
                ("percent", "a percentage"),
                ("duration", "a duration"),
                ("size", "a size"),
                ("time", "a point in time"),
                ("bool", "`true` or `false`"),
                ("list", "a list, an item a line"),
                ("json", "JSON"),
                ("version", "a version, compared part by part"),
                ("go_test", "`go test -json`"),
            ]),
            "How it is read.",
        ),
    ]],
)
.lone("of");
