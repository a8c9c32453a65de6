//! Keys of phases, sections, blocks, panes, triggers and the watch.

use super::header::{INHERITED, PARAMETER, SOURCE, WHEN};
use super::key::{Kind, Part, Space, key, part};
use super::step::STEP;

/// A phase.
pub static PHASE: Part = part(
    "phase",
    "A part of the flight that is opened and closed.",
    &[
        &[
            key("title", Kind::Text, "Its heading.").needed(),
            key("id", Kind::Plain, "Its name for `due`.").or("from the title"),
            WHEN,
            SOURCE,
            key("needs_pins", Kind::Bool, "It does not open while a pin is missing.").or("false"),
            key("sections", Kind::List(&SECTION), "Its sections, in order."),
            key("steps", Kind::List(&STEP), "Its steps, when it has no sections."),
        ],
        &INHERITED,
    ],
)
.exactly_one(&["sections", "steps"]);

/// The rollback: a phase whose title may be left out.
pub static ROLLBACK: Part = part(
    "rollback",
    "The way back.",
    &[
        &[
            key("title", Kind::Text, "Its heading.").or("Rollback"),
            WHEN,
            SOURCE,
            key("needs_pins", Kind::Bool, "It does not open while a pin is missing.").or("false"),
            key("sections", Kind::List(&SECTION), "Its sections, in order."),
            key("steps", Kind::List(&STEP), "Its steps, when it has no sections."),
        ],
        &INHERITED,
    ],
)
.exactly_one(&["sections", "steps"])
.lone("steps");

/// A section.
pub static SECTION: Part = part(
    "section",
    "A heading with steps.",
    &[
        &[
            key("title", Kind::Text, "Its heading.").needed(),
            WHEN,
            SOURCE,
            key("steps", Kind::List(&STEP), "Its steps, in order.").needed(),
        ],
        &INHERITED,
    ],
);

/// A block with parameters.
pub static BLOCK: Part = part(
    "block",
    "Steps used in more than one place.",
    &[&[
        key("parameters", Kind::Named(&PARAMETER), "What its users hand it with `with`."),
        key("steps", Kind::List(&STEP), "Its steps, in order.").needed(),
        SOURCE,
    ]],
);

/// A pane.
pub static PANE: Part = part(
    "pane",
    "A pane of the live column.",
    &[&[
        key("title", Kind::Text, "Its heading.").needed(),
        key("probes", Kind::Probes, "What it shows.").needed(),
        WHEN,
        SOURCE,
    ]],
);

/// A trigger.
pub static TRIGGER: Part = part(
    "trigger",
    "A condition that says: go back.",
    &[&[
        key(
            "severity",
            Kind::Words(&[("critical", "roll back now"), ("high", "decide soon"), ("medium", "look at it")]),
            "How urgent it is.",
        )
        .needed(),
        key("when", Kind::Expr, "The condition that fires it."),
        key("manual", Kind::Text, "What a person saw who fires it by hand."),
        key("for", Kind::Duration, "How long the condition must hold.").or("0s").beside(&["when"]),
        key("clear_for", Kind::Duration, "How long it must not hold to be cleared.").or("0s").beside(&["when"]),
        key("armed", Kind::Expr, "From when on it counts.")
            .or("from the first step that changes something")
            .beside(&["when"]),
        key("unless", Kind::Name(Space::Trigger), "The trigger that inhibits it.").beside(&["when"]),
        key(
            "no_data",
            Kind::Words(&[("waits", "its clock stands still"), ("counts", "no data counts as the condition")]),
            "What no data does.",
        )
        .or("waits")
        .beside(&["when"]),
        key("then", Kind::Plain, "What it proposes: `rollback`, or a block.").or("rollback"),
        key(
            "mode",
            Kind::Words(&[("arm", "it opens the way back and asks"), ("notify", "it tells"), ("auto", "it goes back")]),
            "What it does by itself.",
        )
        .or("arm"),
        key("to", Kind::Names(Space::Channel), "Channels told when it fires with nobody attached."),
        SOURCE,
    ]],
)
.exactly_one(&["when", "manual"]);

/// The watch.
pub static WATCH: Part = part(
    "watch",
    "What is watched after the last phase.",
    &[&[
        key("for", Kind::Duration, "How long.").needed(),
        key("expect", Kind::Exprs, "What must hold at its end."),
        SOURCE,
    ]],
);

/// The parts that the documentation page and the schema begin with.
pub static PARTS: [&Part; 2] = [&super::RUNBOOK, &super::INCLUDED];
