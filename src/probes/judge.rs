//! From what was seen to what the look says: the expectations, one by one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::seen::{Means, Seen};
use crate::expr::{Expr, Over, Scope, Truth, walk};
use crate::words::{Look, Value};

/// Values that expectations use beside the fields: parameters, `item`. A key may be a whole path (`item.says`), which
/// is found before the value of its first name is walked into.
pub type Given = BTreeMap<String, Value>;

/// What a look says, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub look: Look,
    pub why: Option<String>,
    pub hint: Option<String>,
}

struct Far<'a> {
    given: &'a Given,
    now: DateTime<Utc>,
}

impl Scope for Far<'_> {
    fn value(&self, name: &str) -> Value {
        self.given.value(name)
    }

    fn member(&self, path: &[&str]) -> Value {
        // The longest path that is given; what an index adds to it is walked into (`pins.image[item]`).
        for end in (1..=path.len()).rev() {
            let (known, rest) = path.split_at(end);
            if let Some(value) = self.given.get(&known.join(".")) {
                return walk(value.clone(), rest);
            }
        }
        Value::NoData
    }

    fn now(&self) -> Option<DateTime<Utc>> {
        Some(self.now)
    }
}

/// Judges a look: all expectations true is good; one false is bad; else nothing is known. A thing that fails (refused,
/// silent) is bad where anything is expected of it, unless just that was expected (`not open`).
pub(super) fn judge(seen: &Seen, expect: &[Expr], declared: &[&str], given: &Given, now: DateTime<Utc>) -> Judged {
    let far = Far { given, now };
    let scope = Over { fields: &seen.fields, declared, far: &far };
    let truths: Vec<(&Expr, Truth)> = expect.iter().map(|e| (e, e.truth(&scope))).collect();
    let all = |truth| truths.iter().filter(move |(_, t)| *t == truth).map(|(e, _)| *e);
    let wrong: Vec<&Expr> = all(Truth::False).collect();
    let explain = |list: &[&Expr]| list.iter().map(|e| e.explain(&scope)).collect::<Vec<_>>().join("; ");

    if let Some(problem) = &seen.problem {
        let hint = problem.hint.clone();
        let nothing = |look| Judged { look, why: Some(problem.why.clone()), hint: hint.clone() };
        return match problem.means {
            Means::Nothing => nothing(Look::NoData),
            Means::Failing if expect.is_empty() => nothing(Look::NoData),
            Means::Failing if truths.iter().all(|(_, t)| t.is_true()) => {
                Judged { look: Look::Good, ..Judged::default() }
            }
            Means::Failing => {
                // `valid is false` beside "certificate expired" says nothing new.
                let more: Vec<&Expr> = wrong.iter().copied().filter(|e| e.as_path().is_none()).collect();
                let mut why = problem.why.clone();
                if !more.is_empty() {
                    why = format!("{why}; {}", explain(&more));
                }
                Judged { look: Look::Bad, why: Some(why), hint }
            }
        };
    }
    if !wrong.is_empty() {
        return Judged { look: Look::Bad, why: Some(explain(&wrong)), hint: None };
    }
    let unknown: Vec<&Expr> = all(Truth::Unknown).collect();
    if !unknown.is_empty() {
        let mut why = explain(&unknown);
        let names: Vec<String> =
            unknown.iter().flat_map(|e| e.used()).filter_map(|u| u.path.into_iter().next()).collect();
        if let Some((_, reason)) = seen.missing.iter().find(|(field, _)| names.iter().any(|n| n == field)) {
            why = format!("{why} ({reason})");
        }
        return Judged { look: Look::NoData, why: Some(why), hint: None };
    }
    if expect.is_empty() && seen.value.is_none() && seen.fields.is_empty() {
        return Judged { look: Look::NoData, why: Some("nothing was seen".into()), hint: None };
    }
    Judged { look: Look::Good, ..Judged::default() }
}

#[cfg(test)]
mod tests {
    use super::super::seen::Problem;
    use super::*;

    fn judged(seen: &Seen, expect: &[&str]) -> Judged {
        let expect: Vec<Expr> = expect.iter().map(|e| Expr::parse(e).unwrap()).collect();
        let given =
            Given::from([("item".into(), Value::Text("kms".into())), ("item.says".into(), Value::Text("ok".into()))]);
        judge(seen, &expect, &["status", "json", "latency", "open", "valid"], &given, Utc::now())
    }

    fn answer(status: f64) -> Seen {
        Seen::text("x").field("status", Value::Number(status)).field("latency", Value::Duration(0.142))
    }

    #[test]
    fn all_true_is_good_and_the_false_one_is_named_with_its_value() {
        assert_eq!(judged(&answer(200.0), &["status == 200", "latency < 500ms"]).look, Look::Good);
        let bad = judged(&answer(200.0), &["status == 200", "latency < 100ms"]);
        assert_eq!(bad.look, Look::Bad);
        assert_eq!(bad.why.as_deref(), Some("latency 142 ms, wanted < 100 ms"));
    }

    #[test]
    fn an_index_reaches_into_a_given_path() {
        let pins = Value::Map([("kms".to_owned(), Value::Number(200.0))].into());
        let given = Given::from([("item".into(), Value::Text("kms".into())), ("pins.code".into(), pins)]);
        let of =
            |text: &str| judge(&answer(200.0), &[Expr::parse(text).unwrap()], &["status"], &given, Utc::now()).look;
        assert_eq!(of("status == pins.code[item]"), Look::Good);
        assert_eq!(of("status == pins.code.kms"), Look::Good);
        assert_eq!(of("status == pins.code['idp']"), Look::NoData);
        assert_eq!(of("status == pins.other[item]"), Look::NoData);
    }

    #[test]
    fn a_field_that_is_missing_is_no_data_with_its_reason() {
        let seen = answer(200.0).missing("json", "the body is no JSON: <html>");
        let nothing = judged(&seen, &["status == 200", "json.status == item.says"]);
        assert_eq!(nothing.look, Look::NoData);
        assert!(nothing.why.as_deref().unwrap().ends_with("(the body is no JSON: <html>)"), "{nothing:?}");
        let seen = answer(503.0).missing("json", "the body is empty");
        assert_eq!(judged(&seen, &["status == 200", "json.status == item.says"]).look, Look::Bad);
    }

    #[test]
    fn an_item_is_its_key_and_its_fields() {
        let json = Value::Map(
            [("status".to_owned(), Value::Text("ok".into())), ("name".to_owned(), Value::Text("kms".into()))].into(),
        );
        let seen = answer(200.0).field("json", json);
        assert_eq!(judged(&seen, &["json.status == item.says", "json.name == item"]).look, Look::Good);
    }

    #[test]
    fn what_is_refused_is_bad_where_something_is_expected() {
        let refused = || {
            Seen::text("connection refused")
                .field("open", Value::Bool(false))
                .problem(Problem::failing("connection refused"))
        };
        let bad = judged(&refused(), &["open"]);
        assert_eq!((bad.look, bad.why.as_deref()), (Look::Bad, Some("connection refused")));
        assert_eq!(judged(&refused(), &["latency < 1s"]).look, Look::Bad);
        assert_eq!(judged(&refused(), &["not open"]).look, Look::Good);
        assert_eq!(judged(&refused(), &[]).look, Look::NoData);
    }

    #[test]
    fn a_look_that_could_not_be_made_is_never_good_or_bad() {
        let seen = Seen::from(Problem::nothing("no such file").hint("look there"));
        for expect in [&["status == 200"][..], &["1 == 1"], &["1 == 2"], &[]] {
            let nothing = judged(&seen, expect);
            assert_eq!(nothing.look, Look::NoData);
            assert_eq!(nothing.hint.as_deref(), Some("look there"));
        }
    }

    #[test]
    fn a_gauge_without_expectations_is_good_when_it_has_a_figure() {
        assert_eq!(judged(&Seen::text("5").value(5.0), &[]).look, Look::Good);
        assert_eq!(judged(&Seen::text(""), &[]).look, Look::NoData);
    }
}
