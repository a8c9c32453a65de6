//! `kubectl diff`: what an apply would change, as a unified diff; 0 nothing, 1 something, above 1 an error.

use serde_json::{Value, json};

use super::super::command::{Command, Ended};
use super::{is_namespace, no_namespace};
use crate::sandbox::read::manifests;

/// Lines shown around a change.
const AROUND: usize = 3;

/// `diff -f FILES -n NS`.
pub async fn diff(command: &mut Command<'_>) -> Ended {
    let objects = match manifests::read(&command.call.cwd, command.given.get("file")) {
        Ok(objects) => objects,
        Err(message) => return command.fail(2, message).await,
    };
    command.pause(300).await;
    if !is_namespace(command) {
        no_namespace(command).await?;
        return Ok(2);
    }
    let namespace = command.given.get("namespace").to_owned();
    let mut differs = false;
    for object in objects {
        let key = (object.kind.clone(), object.name.clone());
        let live = command.look(|s, _| s.cluster.objects.get(&key).map(|(value, _)| value.clone()));
        if live.as_ref() == Some(&object.value) {
            continue;
        }
        differs = true;
        let file = format!("{}.{namespace}.{}", object.kind, object.name);
        let (old, new) = match (&live, object.kind.as_str()) {
            (Some(live), "secret") => masked(live, &object.value),
            (Some(live), _) => (yaml(live), yaml(&object.value)),
            (None, _) => (String::new(), yaml(&object.value)),
        };
        let text = format!(
            "diff -u -N /tmp/LIVE/{file} /tmp/MERGED/{file}\n--- /tmp/LIVE/{file}\n+++ /tmp/MERGED/{file}\n{}",
            unified(&old, &new)
        );
        command.out(text).await?;
    }
    Ok(i32::from(differs))
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}

/// A secret's values are not shown, only which of them change.
fn masked(old: &Value, new: &Value) -> (String, String) {
    let mask = |one: &Value, other: &Value, word: &str| {
        let mut one = one.clone();
        if let Some(data) = one.get_mut("data").and_then(Value::as_object_mut) {
            for (key, value) in data {
                let same = other.pointer("/data").and_then(|d| d.get(key)) == Some(value);
                *value = json!(if same { "***".to_owned() } else { format!("*** ({word})") });
            }
        }
        yaml(&one)
    };
    (mask(old, new, "before"), mask(new, old, "after"))
}

/// A unified diff of two texts.
fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let steps = steps(&old, &new);
    let changed: Vec<usize> = (0..steps.len()).filter(|i| steps[*i].0 != ' ').collect();
    let mut text = String::new();
    let mut at = 0;
    while at < changed.len() {
        let mut last = at;
        while last + 1 < changed.len() && changed[last + 1] - changed[last] <= 2 * AROUND {
            last += 1;
        }
        let from = changed[at].saturating_sub(AROUND);
        let to = (changed[last] + AROUND + 1).min(steps.len());
        let count = |range: &[(char, &str)], skip: char| range.iter().filter(|(sign, _)| *sign != skip).count();
        let (old_from, new_from) = (count(&steps[..from], '+'), count(&steps[..from], '-'));
        let (old_len, new_len) = (count(&steps[from..to], '+'), count(&steps[from..to], '-'));
        let start = |from: usize, len: usize| if len == 0 { from } else { from + 1 };
        text.push_str(&format!(
            "@@ -{},{old_len} +{},{new_len} @@\n",
            start(old_from, old_len),
            start(new_from, new_len)
        ));
        for (sign, line) in &steps[from..to] {
            text.push_str(&format!("{sign}{line}\n"));
        }
        at = last + 1;
    }
    text
}

/// Lines that are kept, taken away and added, by a longest common subsequence (manifests are short).
fn steps<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, vec![]);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            steps.push((' ', old[i]));
            i += 1;
            j += 1;
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            steps.push(('-', old[i]));
            i += 1;
        } else {
            steps.push(('+', new[j]));
            j += 1;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_stands_in_its_surroundings() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\n";
        assert_eq!(unified(old, new), "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n");
        assert_eq!(unified("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(unified(old, old), "");
    }

    #[test]
    fn a_secret_shows_that_it_changes_and_not_what_to() {
        let secret = |a: &str| json!({ "data": { "a": a, "b": "same" } });
        let (old, new) = masked(&secret("b2xk"), &secret("bmV3"));
        assert!(old.contains("*** (before)") && new.contains("*** (after)"), "{old}{new}");
        assert!(!format!("{old}{new}").contains("b2xk") && !format!("{old}{new}").contains("same"));
    }
}
