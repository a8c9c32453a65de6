//! Undos that go to "the one before" instead of to what was pinned: run twice, they return to the bad version.

use super::Lint;
use crate::runbook::Fault;
use crate::runbook::check::Place;
use crate::runbook::model::Action;

pub(super) fn look(lint: &Lint<'_>, faults: &mut Vec<Fault>) {
    for visit in lint.visits {
        if visit.undoes.is_none() && !matches!(visit.place, Place::Rollback) {
            continue;
        }
        let commands: Vec<Vec<&str>> = match &visit.step.action {
            Action::Run(run) => vec![run.command.words.iter().map(|word| word.source()).collect()],
            Action::Script(script) => script.text.lines().map(|line| line.split_whitespace().collect()).collect(),
            _ => continue,
        };
        if let Some((what, write)) = commands.iter().find_map(|words| relative(words)) {
            let message =
                format!("`{}` goes back to {what}: run twice, it returns to the bad version", visit.step.title);
            faults.push(Fault::warning(visit.step.at, message).hint(write));
        }
    }
}

/// What a command goes back to, when that depends on where it stands now; and what to write instead.
fn relative(words: &[&str]) -> Option<(&'static str, &'static str)> {
    let after = |names: &[&str]| {
        let at = words.iter().position(|word| {
            // With its path or without.
            word.rsplit('/').next() == names.first().copied()
        })?;
        let rest = &words[at + 1..];
        names[1..].iter().try_fold(rest, |rest, name| Some(&rest[rest.iter().position(|word| word == name)? + 1..]))
    };
    if let Some(rest) = after(&["kubectl", "rollout", "undo"]) {
        let number = rest.iter().enumerate().find_map(|(i, word)| match word.strip_prefix("--to-revision") {
            Some("") => rest.get(i + 1).copied(),
            Some(value) => value.strip_prefix('='),
            None => None,
        });
        // 0 is kubectl's own word for "the one before".
        return number.is_none_or(|number| number == "0").then_some((
            "the revision before the present one",
            "pin the revision before the change, and name it: `--to-revision=${{ pins.revision }}`",
        ));
    }
    if let Some(rest) = after(&["helm", "rollback"]) {
        let plain = rest.iter().filter(|word| !word.starts_with('-')).count();
        return (plain < 2).then_some((
            "the release before the present one",
            "pin the revision before the change (`helm history`), and name it: `helm rollback NAME ${{ pins.revision }}`",
        ));
    }
    if let Some(rest) = after(&["git"]) {
        let moves = rest.iter().any(|word| ["checkout", "switch", "reset"].contains(word));
        let before =
            |word: &&&str| **word == "-" || ["HEAD~", "HEAD^", "@~", "@^", "@{"].iter().any(|p| word.starts_with(p));
        return (moves && rest.iter().find(before).is_some()).then_some((
            "the commit before the present one",
            "pin the commit before the change, and name it: `git checkout ${{ pins.previous_commit }}`",
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn what_depends_on_where_it_stands_is_told_from_what_is_pinned() {
        let is = |line: &str| relative(&line.split_whitespace().collect::<Vec<_>>()).is_some();
        for line in [
            "kubectl rollout undo deployment/a -n shop",
            "kubectl -n shop rollout undo deployment/a --to-revision=0",
            "/usr/bin/kubectl rollout undo deployment/a --to-revision 0",
            "helm rollback shop --wait",
            "git checkout HEAD~1 -- config",
            "git checkout -",
        ] {
            assert!(is(line), "{line}");
        }
        for line in [
            "kubectl rollout undo deployment/a --to-revision=41",
            "kubectl rollout undo deployment/a --to-revision 41 -n shop",
            "kubectl rollout status deployment/a",
            "helm rollback shop 3 --wait",
            "git checkout 0a1b2c -- config",
            "git commit -m undo",
            "docker compose down",
        ] {
            assert!(!is(line), "{line}");
        }
    }
}
