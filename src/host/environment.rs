//! The environment that commands inherit: what of it stands in the journal, and how a later host's differs.

use std::collections::{BTreeMap, BTreeSet};

use super::secrets::Secrets;
use crate::engine::event::RunOpened;

/// Variables whose values are journaled: they say where and as whom commands act, and hold no secrets.
const TOLD: &[&str] = &[
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_REGION",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "COMPOSE_FILE",
    "COMPOSE_PROJECT_NAME",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "HOME",
    "KUBECONFIG",
    "LANG",
    "LOGNAME",
    "PATH",
    "PGDATABASE",
    "PGHOST",
    "PGPORT",
    "PGSERVICE",
    "PGUSER",
    "TZ",
    "USER",
];

/// Variables that differ from terminal to terminal and say nothing of where commands act; and prefixes of such.
const OF_A_TERMINAL: &[&str] = &[
    "_",
    "COLORTERM",
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GPG_AGENT_INFO",
    "GPG_TTY",
    "HISTFILE",
    "HOSTTYPE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LESS",
    "LESSCLOSE",
    "LESSOPEN",
    "LINES",
    "LS_COLORS",
    "MAIL",
    "MOTD_SHOWN",
    "OLDPWD",
    "PAGER",
    "PWD",
    "SHLVL",
    "STY",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "TMUX",
    "TMUX_PANE",
    "VTE_VERSION",
    "WAYLAND_DISPLAY",
    "WINDOW",
    "WINDOWID",
    "XAUTHORITY",
    "XDG_",
    "SSH_",
    "TERM_",
    "SUDO_",
    "KITTY_",
    "WEZTERM_",
    "ITERM_",
    "LC_",
];

/// The values that are journaled.
pub(super) fn told(env: &BTreeMap<String, String>, secrets: &Secrets) -> BTreeMap<String, String> {
    env.iter().filter(|(name, _)| TOLD.contains(&name.as_str())).map(|(n, v)| (n.clone(), secrets.mask(v))).collect()
}

/// How the environment differs from the one that the run was opened with, in words: names, none that every terminal sets
/// for itself, and of those whose values are journaled the values.
pub(super) fn difference(opened: &RunOpened, now: &BTreeMap<String, String>, secrets: &Secrets) -> Option<String> {
    let counts = |name: &&String| !OF_A_TERMINAL.iter().any(|t| *name == t || t.ends_with('_') && name.starts_with(t));
    let before: BTreeSet<&String> = opened.environment.iter().filter(counts).collect();
    let names: BTreeSet<&String> = now.keys().filter(counts).collect();
    let list = |set: Vec<&&String>| set.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
    let gone: Vec<_> = before.difference(&names).collect();
    let new: Vec<_> = names.difference(&before).collect();
    let mut words = vec![];
    if !gone.is_empty() {
        words.push(format!("without {}", list(gone)));
    }
    if !new.is_empty() {
        words.push(format!("new {}", list(new)));
    }
    let now = told(now, secrets);
    for (name, was) in &opened.values {
        if let Some(is) = now.get(name).filter(|is| *is != was) {
            words.push(format!("{name} is {is}, was {was}"));
        }
    }
    (!words.is_empty())
        .then(|| format!("commands have another environment since the host was started again: {}", words.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    fn opened(pairs: &[(&str, &str)], secrets: &Secrets) -> RunOpened {
        let env = env(pairs);
        let values = told(&env, secrets);
        RunOpened { environment: env.into_keys().collect(), values, ..RunOpened::default() }
    }

    #[test]
    fn what_a_terminal_sets_is_no_difference() {
        let none = Secrets::new(BTreeMap::new()).unwrap();
        let opened = opened(&[("PATH", "/bin"), ("KUBECONFIG", "a"), ("TMUX", "1"), ("SSH_TTY", "x")], &none);
        let same = env(&[("PATH", "/bin"), ("KUBECONFIG", "a"), ("COLUMNS", "80"), ("LC_ALL", "C")]);
        assert_eq!(difference(&opened, &same, &none), None);
        let text = difference(&opened, &env(&[("PATH", "/bin"), ("DOCKER_HOST", "x")]), &none).unwrap();
        assert!(text.ends_with("without KUBECONFIG; new DOCKER_HOST"), "{text}");
    }

    #[test]
    fn values_that_say_where_commands_act_are_compared_and_others_are_not_told() {
        let secrets = Secrets::new(BTreeMap::from([("p".into(), "correct-horse".to_owned())])).unwrap();
        let before = [("KUBECONFIG", "/a"), ("TOKEN", "abc"), ("DOCKER_HOST", "tcp://correct-horse@x")];
        let opened = opened(&before, &secrets);
        assert_eq!(opened.values.keys().collect::<Vec<_>>(), ["DOCKER_HOST", "KUBECONFIG"]);
        assert!(!opened.values["DOCKER_HOST"].contains("horse"), "{:?}", opened.values);
        let now = [("KUBECONFIG", "/b"), ("TOKEN", "other"), ("DOCKER_HOST", "tcp://correct-horse@x")];
        let text = difference(&opened, &env(&now), &secrets).unwrap();
        assert!(text.ends_with("again: KUBECONFIG is /b, was /a"), "{text}");
    }
}
