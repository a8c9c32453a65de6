//! The plan as a tree that is read in a terminal.

use std::fmt::Write as _;

use super::gather::{ItemLine, Outline};
use crate::engine::plan::Effect;
use crate::terminal::sanitize_line;
use crate::words::{ProbeId, short_duration};

/// The whole plan.
pub fn write(plan: &Outline) -> String {
    let mut out = String::new();
    head(&mut out, plan);
    let mut last: (Option<&str>, Option<&str>, Option<&str>) = (None, None, None);
    for item in &plan.items {
        if last.0 != Some(item.phase.as_str()) {
            let title = match item.phase.as_str() {
                "" => "Steps",
                "rollback" => "Rollback (undos are flown for what was begun, newest first)",
                title => title,
            };
            let _ = writeln!(out, "\n{}", sanitize_line(title));
            last = (Some(&item.phase), None, None);
        }
        if last.1 != item.section.as_deref() {
            if let Some(section) = &item.section {
                let _ = writeln!(out, "  {}", sanitize_line(section));
            }
            last = (last.0, item.section.as_deref(), None);
        }
        if last.2 != item.group.as_deref() {
            if let Some(group) = &item.group {
                let _ = writeln!(out, "    {}", sanitize_line(group));
            }
            last.2 = item.group.as_deref();
        }
        one(&mut out, plan, item);
    }
    tail(&mut out, plan);
    out
}

fn head(out: &mut String, plan: &Outline) {
    let version = plan.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    let mut title = format!("{}{version}", plan.title);
    if let Some(system) = &plan.system {
        title.push_str(&format!(" · {system}"));
    }
    if let Some((from, to)) = &plan.change {
        title.push_str(&format!(" {from} → {to}"));
    }
    let _ = writeln!(out, "{}", sanitize_line(&title));
    if let Some(about) = &plan.about {
        let _ = writeln!(out, "{}", sanitize_line(about));
    }
    if !plan.places.is_empty() {
        let places: Vec<String> = plan.places.iter().map(|(kind, is)| format!("{kind} {is}")).collect();
        let _ = writeln!(out, "\nWhere\n  {}", sanitize_line(&places.join(" · ")));
    }
    let shown: Vec<_> = plan.parameters.iter().filter(|p| !p.off).collect();
    if !shown.is_empty() {
        out.push_str("\nParameters\n");
        let width = shown.iter().map(|p| p.name.as_str().len()).max().unwrap_or_default();
        for p in shown {
            let value = match (&p.value, p.secret, p.missing) {
                (Some(value), ..) if value.starts_with('‹') => "read at the start".into(),
                (Some(value), ..) => value.clone(),
                (None, true, _) => "secret".into(),
                (None, false, true) => format!("MISSING  {}", p.ask.as_deref().unwrap_or("give it with -p")),
                (None, false, false) => "none".into(),
            };
            let from = p.from.as_ref().map(|from| format!("   ({from})")).unwrap_or_default();
            let _ = writeln!(out, "  {:width$}  {}", p.name.as_str(), sanitize_line(&format!("{value}{from}")));
        }
    }
    if !plan.limitations.is_empty() {
        out.push_str("\nLimitations\n");
        for limitation in &plan.limitations {
            let effect = if limitation.effect == Effect::Blocks { "BLOCKS until overridden" } else { "warns" };
            let line = format!("{}: {effect}: {}", limitation.name, limitation.text);
            let _ = writeln!(out, "  {}", sanitize_line(&line));
            if let Some(workaround) = &limitation.workaround {
                let _ = writeln!(out, "    instead: {}", sanitize_line(workaround));
            }
        }
    }
    for caution in &plan.cautions {
        let _ = writeln!(out, "\nCaution: {}", sanitize_line(caution));
    }
}

fn one(out: &mut String, plan: &Outline, item: &ItemLine) {
    let indent = if item.group.is_some() { "      " } else { "    " };
    let mark = if item.on == Some(false) { "·" } else { "○" };
    let mut line = format!("{mark} {}", item.title);
    let mut notes = vec![];
    match item.on {
        Some(false) => {
            let off: Vec<&str> = item.when.iter().filter(|w| w.holds == Some(false)).map(|w| w.when.as_str()).collect();
            notes.push(format!("off: needs {}", off.join(" and ")));
        }
        None => {
            let open: Vec<&str> = item.when.iter().filter(|w| w.holds.is_none()).map(|w| w.when.as_str()).collect();
            notes.push(format!("when {}", open.join(" and ")));
        }
        Some(true) => {}
    }
    if item.changes && item.on != Some(false) {
        notes.push("changes the world".into());
    }
    if !notes.is_empty() {
        line.push_str(&format!("   ({})", notes.join("; ")));
    }
    let _ = writeln!(out, "{indent}{}", sanitize_line(&line));
    if item.on == Some(false) {
        return;
    }
    let _ = writeln!(out, "{indent}    {}", sanitize_line(&detail(plan, item)));
    if let Some(danger) = &item.danger {
        let _ = writeln!(out, "{indent}    danger: {}", sanitize_line(danger));
    }
    if let Some(incomplete) = &item.incomplete {
        let _ = writeln!(out, "{indent}    waits for: {}", sanitize_line(incomplete));
    }
}

/// Kind, id, and what it does in one line.
fn detail(plan: &Outline, item: &ItemLine) -> String {
    let mut line = format!("{} {}", item.kind, item.id);
    let does = match (&item.command, &item.what) {
        (Some(words), _) if item.kind == "script" => {
            let text = words.get(1).map(String::as_str).unwrap_or_default().trim_end();
            let lines = text.lines().count();
            let first = text.lines().next().unwrap_or_default();
            Some(if lines > 1 { format!("$ {first} … ({lines} lines)") } else { format!("$ {first}") })
        }
        (Some(words), _) => Some(format!("$ {}", quoted(words))),
        (None, Some(what)) => Some(what.clone()),
        (None, None) if !item.probes.is_empty() => {
            let looks: Vec<String> = item.probes.iter().map(|id| look(plan, item, id)).collect();
            Some(looks.join(", "))
        }
        (None, None) => None,
    };
    if let Some(does) = does {
        line.push_str("  ");
        line.push_str(&does);
    }
    line
}

/// A probe: its name unless it is the item's own, its kind, what is expected.
fn look(plan: &Outline, item: &ItemLine, id: &ProbeId) -> String {
    let Some(probe) = plan.probes.iter().find(|p| p.id == *id) else { return id.to_string() };
    let name = if id.as_str() == item.id.as_str() { String::new() } else { format!("{id}: ") };
    match (probe.members.is_empty(), probe.expect.is_empty()) {
        (false, _) => format!("{name}{}", probe.members.iter().map(ProbeId::as_str).collect::<Vec<_>>().join(", ")),
        (true, true) => format!("{name}{}", probe.kind),
        (true, false) => format!("{name}{}: {}", probe.kind, probe.expect.join(", ")),
    }
}

/// A command's words as a shell would need them.
pub fn quoted(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

fn tail(out: &mut String, plan: &Outline) {
    if let Some(seconds) = plan.watch_seconds {
        let _ = writeln!(out, "\nWatch for {}", short_duration(seconds));
        for expect in &plan.watch {
            let _ = writeln!(out, "    {}", sanitize_line(expect));
        }
    }
    if !plan.triggers.is_empty() {
        out.push_str("\nTriggers\n");
        for trigger in &plan.triggers {
            let hold = if trigger.for_seconds > 0.0 { format!(" for {}", short_duration(trigger.for_seconds)) } else { String::new() };
            let line = format!("{:<8} {}: {}{hold}", trigger.severity, trigger.name, trigger.when);
            let _ = writeln!(out, "  {}", sanitize_line(&line));
        }
    }
    let flown = plan.items.iter().filter(|i| i.phase != "rollback");
    let all = flown.clone().count();
    let off = flown.clone().filter(|i| i.on == Some(false)).count();
    let changing = flown.clone().filter(|i| i.on != Some(false) && i.changes).count();
    let people = flown.filter(|i| i.on != Some(false) && matches!(i.kind, "tick" | "confirm" | "record" | "approve")).count();
    let back = plan.items.iter().filter(|i| i.phase == "rollback" && i.on != Some(false)).count();
    let _ = writeln!(
        out,
        "\n{} items fly, {off} are off; {changing} change the world, {people} ask a person; {}",
        all - off,
        if plan.rollback.is_some() { format!("the rollback has {back}") } else { "there is no rollback".into() }
    );
    let missing: Vec<&str> = plan.parameters.iter().filter(|p| p.missing).map(|p| p.name.as_str()).collect();
    if !missing.is_empty() {
        let _ = writeln!(out, "Missing to fly it: {}", missing.join(", "));
    }
}
