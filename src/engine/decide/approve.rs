//! Approvals: a second person's yes or no to exactly this.

use sha2::{Digest, Sha256};

use super::{Decision, find_open, is_own, not_settled};
use crate::engine::event::{Answered, Event, Resolved};
use crate::engine::intent::{Intent, Refusal};
use crate::engine::plan::Action;
use crate::engine::scope::PlanScope;
use crate::engine::state::{Settled, State, Status};
use crate::words::{Actor, ItemId, Proof};

/// Asks for an approval: bound to the item, its text and hash.
pub(super) fn request(state: &State, intent: &Intent, item: &ItemId) -> Decision {
    let index = find_open(state, item)?;
    let plan = &state.plan.items[index];
    let Action::Approve(approve) = &plan.action else { return Err(Refusal::new("nothing is to be approved here")) };
    match state.status(index) {
        Status::Busy => return Err(Refusal::new("it was asked for already")),
        Status::Failed(_) | Status::Deferred => {}
        _ => not_settled(state, index)?,
    }
    let text = approval_text(state, index);
    let hash = format!("{:x}", Hex(Sha256::digest(text.as_bytes()).as_slice()));
    let of = if approve.by.is_empty() {
        vec!["anybody but the operator".to_owned()]
    } else {
        approve
            .by
            .iter()
            .map(|name| {
                let contact = state.plan.contacts.iter().find(|c| c.name == name.as_str());
                contact.and_then(|c| c.role.clone()).unwrap_or_else(|| name.0.clone())
            })
            .collect()
    };
    let until = intent.stamp.up.saturating_add((approve.within * 1e6) as u64);
    Ok(vec![Event::ApprovalRequested { item: item.clone(), of, until, text, hash }])
}

/// The text that is approved: bound to the item and to what is going to be done.
fn approval_text(state: &State, index: usize) -> String {
    let plan = &state.plan;
    let mut text = format!("{}\n{}\n", plan.title, PlanScope::new(state, index).title());
    if let Some((from, to)) = &plan.change {
        text.push_str(&format!("{from} -> {to}\n"));
    }
    for place in &plan.places {
        text.push_str(&format!("{}: {}\n", place.kind.key(), place.is));
    }
    if let Some(opened) = &state.opened {
        text.push_str(&format!("run: {}\noperator: {}\n", opened.run, opened.operator));
    }
    for below in index + 1..plan.items.len() {
        if let (Some(edited), true) = (&state.items[below].edited, covering(state, below) == Some(index)) {
            let title = PlanScope::new(state, below).title();
            text.push_str(&format!("edited, \"{title}\": {}\n", command(edited)));
        }
    }
    text
}

fn command(what: &Resolved) -> String {
    match what {
        Resolved::Argv(words) => crate::words::shell_words(words),
        Resolved::Script { shell, text } => format!("{shell}\n{}", text.trim_end()),
        Resolved::Notice { text, .. } => text.clone(),
        Resolved::Watching => String::new(),
    }
}

/// The approval that covers a command of the flight: the nearest above it that applies.
fn covering(state: &State, index: usize) -> Option<usize> {
    let plan = &state.plan;
    if plan.items.get(index)?.phase >= plan.rollback_phase() {
        return None;
    }
    (0..index)
        .rev()
        .find(|i| matches!(plan.items[*i].action, Action::Approve(_)) && state.status(*i) != Status::Off)
}

/// Whoever approved, approved another command than the one that it was edited to: the approval is open again.
pub(super) fn voided_by_edit(state: &State, edited: usize) -> Option<Event> {
    let index = covering(state, edited)?;
    let given = matches!(state.items[index].settled, Some(Settled::Answered(_)));
    if !given && state.status(index) != Status::Busy {
        return None;
    }
    let word = if given { "approved" } else { "asked for" };
    Some(Event::ItemReopened {
        item: state.plan.items[index].id.clone(),
        reason: format!("the command of \"{}\" was edited after this was {word}", super::title(state, edited)),
    })
}

/// Refuses to run an edited command as long as the approval that covers it is open.
pub(super) fn covers_edit(state: &State, index: usize) -> Result<(), Refusal> {
    let Some(approval) = state.items[index].edited.as_ref().and_then(|_| covering(state, index)) else {
        return Ok(());
    };
    if state.status(approval).is_settled() {
        return Ok(());
    }
    let title = super::title(state, approval);
    Err(Refusal { why: format!("its command was edited, so \"{title}\" has to be approved before it runs"), person: true })
}

/// Lower-case hex of bytes.
struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// An answer to a request.
pub(super) fn decide(
    state: &State,
    intent: &Intent,
    (item, hash): (&ItemId, &str),
    yes: bool,
    by: &Actor,
    proof: Proof,
    says: &Option<String>,
) -> Decision {
    let index = find_open(state, item)?;
    let Action::Approve(approve) = &state.plan.items[index].action else {
        return Err(Refusal::new("nothing is to be approved here"));
    };
    let Some(request) = &state.items[index].request else {
        return Err(Refusal::new("no approval was asked for"));
    };
    if request.expired || intent.stamp.up > request.until {
        return Err(Refusal::new("the request has expired: ask again"));
    }
    if request.no.is_some() || state.items[index].settled.is_some() {
        return Err(Refusal::new("it was answered already"));
    }
    if request.hash != hash {
        return Err(Refusal::new("this answer is for another text"));
    }
    if is_own(state, by) {
        return Err(Refusal::new("an approval is never the operator's own"));
    }
    if by.name().trim().is_empty() {
        return Err(Refusal::new("who approves? a name is needed"));
    }
    if !may_approve(state, &approve.by, by) {
        return Err(Refusal::new(format!(
            "{} is not among those who may approve: {}",
            by.name(),
            request.of.join(", ")
        )));
    }
    if request.yes.iter().any(|who| who.name() == by.name()) {
        return Err(Refusal::new(format!("{} has answered already", by.name())));
    }
    if proof < approve.proof {
        let needed = match approve.proof {
            Proof::Key => "signed with the approver's key",
            _ => "given in the approver's own login",
        };
        return Err(Refusal::new(format!("this approval has to be {needed}")));
    }
    let enough = request.yes.len() as u32 + 1 >= approve.count;
    Ok(vec![Event::ItemAnswered(Box::new(Answered {
        item: item.clone(),
        by: Some(by.clone()),
        yes,
        proof: Some(proof),
        from_file: intent.from_file,
        settled: yes && enough,
        says: says.clone(),
        ..Answered::default()
    }))])
}

/// A contact without people may be anybody; one with people is just these.
fn may_approve(state: &State, by: &[crate::words::Name], who: &Actor) -> bool {
    if by.is_empty() {
        return true;
    }
    by.iter().any(|name| {
        let people = state
            .plan
            .contacts
            .iter()
            .find(|c| c.name == name.as_str())
            .map(|c| c.people.as_slice())
            .unwrap_or_default();
        people.is_empty()
            || people.iter().any(|p| p == who.name() || *p == who.0)
            || (state.is_training() && *who == Actor::sandbox())
    })
}
