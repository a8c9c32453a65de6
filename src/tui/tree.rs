//! The checklist as a tree: which rows there are, and what is folded.

use std::collections::BTreeMap;

use super::model::Model;
use crate::engine::Status;

/// Something that a row of the tree stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A phase.
    Phase(usize),
    /// A section of a phase.
    Section(usize, usize),
    /// A group.
    Group(usize),
    /// An item.
    Item(usize),
    /// The watch after the last box.
    Watch,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeRow {
    /// What it stands for.
    pub node: Node,
    /// How deep.
    pub depth: usize,
    /// Of what can be folded: it is open.
    pub open: Option<bool>,
    /// Of what holds items: settled and all that apply.
    pub count: (usize, usize),
    /// The worst status in it.
    pub worst: Status,
}

/// How many are settled, how bad the worst is.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    settled: usize,
    all: usize,
    rank: u8,
}

impl Count {
    fn add(&mut self, status: &Status) {
        if *status == Status::Off {
            return;
        }
        self.all += 1;
        self.settled += usize::from(status.is_settled());
        self.rank = self.rank.max(rank(status));
    }

    fn worst(self) -> Status {
        match self.rank {
            5 => Status::Failed(crate::words::Outcome::Failed),
            4 => Status::Unknown,
            3 => Status::NoData,
            2 => Status::Busy,
            _ if self.all == 0 => Status::Off,
            _ if self.settled == self.all => Status::Passed,
            _ => Status::Open,
        }
    }
}

fn rank(status: &Status) -> u8 {
    match status {
        Status::Failed(_) => 5,
        Status::Unknown => 4,
        Status::NoData => 3,
        Status::Busy => 2,
        _ => 1,
    }
}

/// What the operator folded or unfolded.
pub type Folds = BTreeMap<Node, bool>;

/// The rows, from top to bottom. Open by itself is only what holds the box.
pub fn rows(model: &Model, folds: &Folds) -> Vec<TreeRow> {
    let plan = &model.state.plan;
    let mut counts: BTreeMap<Node, Count> = BTreeMap::new();
    for (index, item) in plan.items.iter().enumerate() {
        if is_hidden(model, index) {
            continue;
        }
        // What was settled when the phase was closed stays so: going red later is a caution.
        let status = match model.status(index) {
            status if status == Status::Off || !model.state.is_closed(item.phase) => status,
            _ => Status::Passed,
        };
        for node in ancestors(model, index) {
            counts.entry(node).or_default().add(&status);
        }
        counts.entry(Node::Phase(item.phase)).or_default();
    }
    let boxed = model.state.current.map(|index| ancestors(model, index)).unwrap_or_default();
    let first = model.state.phase.unwrap_or(0);
    let is_open =
        |node: Node| folds.get(&node).copied().unwrap_or_else(|| boxed.contains(&node) || node == Node::Phase(first));
    let mut rows: Vec<TreeRow> = vec![];
    let row = |node: Node, depth: usize, open: bool| {
        let count = counts.get(&node).copied().unwrap_or_default();
        TreeRow { node, depth, open: Some(open), count: (count.settled, count.all), worst: count.worst() }
    };
    let mut previous: Vec<Node> = vec![];
    for phase in 0..=plan.phases.len() {
        let Some(heading) = plan.phase(phase) else { continue };
        let titled = !heading.title.is_empty() || phase == plan.rollback_phase();
        let open = !titled || is_open(Node::Phase(phase));
        if titled {
            rows.push(row(Node::Phase(phase), 0, open));
        }
        previous.clear();
        if !open {
            continue;
        }
        for (index, _) in plan.items_of(phase).filter(|(index, _)| !is_hidden(model, *index)) {
            let chain: Vec<Node> = ancestors(model, index).into_iter().skip(1).collect();
            let base = usize::from(titled);
            let mut shown = true;
            for (at, node) in chain.iter().enumerate() {
                let open = is_open(*node);
                if shown && previous.get(at) != Some(node) {
                    rows.push(row(*node, base + at, open));
                    previous.truncate(at);
                    previous.push(*node);
                }
                shown &= open;
            }
            previous.truncate(chain.len());
            if shown {
                let status = model.status(index);
                rows.push(TreeRow {
                    node: Node::Item(index),
                    depth: base + chain.len(),
                    open: None,
                    count: (0, 0),
                    worst: status,
                });
            }
        }
    }
    if plan.watch.is_some() {
        let at = rows.iter().position(|r| r.node == Node::Phase(plan.rollback_phase())).unwrap_or(rows.len());
        let watch = TreeRow { node: Node::Watch, depth: 0, open: None, count: (0, 0), worst: Status::Open };
        rows.insert(at, watch);
    }
    rows
}

/// An undo stands in the tree only when its step was begun.
fn is_hidden(model: &Model, index: usize) -> bool {
    model.state.plan.items.get(index).is_some_and(|item| !model.state.is_flown(item))
}

/// Phase, section and groups of an item, from the outside.
pub fn ancestors(model: &Model, index: usize) -> Vec<Node> {
    let plan = &model.state.plan;
    let Some(item) = plan.items.get(index) else { return vec![] };
    let mut nodes = vec![Node::Phase(item.phase)];
    let titled =
        |s: &usize| plan.phase(item.phase).and_then(|p| p.sections.get(*s)).is_some_and(|s| !s.title.is_empty());
    nodes.extend(item.section.filter(titled).map(|s| Node::Section(item.phase, s)));
    let mut groups = vec![];
    let mut group = item.group;
    while let Some(g) = group {
        groups.push(Node::Group(g));
        group = plan.groups.get(g).and_then(|g| g.parent);
        if groups.len() > 8 {
            break;
        }
    }
    nodes.extend(groups.into_iter().rev());
    nodes
}
