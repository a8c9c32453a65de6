//! The forms of a login or consent page: where they go, and what a browser would send.

use std::sync::OnceLock;

use regex::Regex;

/// A form of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it goes; the page's own address when empty.
    pub action: String,
    /// Whether it is sent by POST.
    pub post: bool,
    /// What is sent as it stands: hidden fields, ticked boxes.
    pub fields: Vec<(String, String)>,
    /// The first field for a text, where a user's name goes.
    pub user: Option<String>,
    /// The field for a password.
    pub password: Option<String>,
    /// The buttons that send it, by name and value.
    pub buttons: Vec<(String, String)>,
}

/// Words of a button that says yes.
const YES: [&str; 8] = ["approve", "allow", "accept", "authorize", "grant", "consent", "continue", "yes"];

impl Form {
    /// The button that says yes; `decision=approve` where the page has none with a name.
    pub fn yes(&self) -> (String, String) {
        let says = |text: &str| YES.contains(&text.to_lowercase().as_str());
        let button = self.buttons.iter().find(|(_, value)| says(value));
        let button = button.or_else(|| self.buttons.iter().find(|(name, _)| says(name)));
        button.cloned().unwrap_or_else(|| ("decision".into(), "approve".into()))
    }
}

/// The forms of a page, in order.
pub(super) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = vec![];
    let Some([comments, tags, pairs]) = patterns() else { return forms };
    let mut inside = false;
    for tag in tags.captures_iter(&comments.replace_all(page, "")) {
        let (name, attributes) = (tag[1].to_lowercase(), attributes(pairs, &tag[2]));
        let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        match name.as_str() {
            "form" => {
                inside = true;
                let post = get("method").is_some_and(|m| m.eq_ignore_ascii_case("post"));
                forms.push(Form { action: get("action").unwrap_or_default(), post, ..Form::default() });
            }
            "/form" => inside = false,
            _ if !inside => {}
            kind => {
                let (Some(form), Some(name)) = (forms.last_mut(), get("name").filter(|n| !n.is_empty())) else {
                    continue;
                };
                let value = get("value").unwrap_or_default();
                let of = get("type").unwrap_or_else(|| if kind == "button" { "submit" } else { "text" }.into());
                match of.to_lowercase().as_str() {
                    "hidden" => form.fields.push((name, value)),
                    "password" => form.password = form.password.take().or(Some(name)),
                    "submit" => form.buttons.push((name, value)),
                    "checkbox" | "radio" if get("checked").is_some() => {
                        form.fields.push((name, if value.is_empty() { "on".into() } else { value }));
                    }
                    "text" | "email" | "tel" if kind == "input" => form.user = form.user.take().or(Some(name)),
                    _ => {}
                }
            }
        }
    }
    forms
}

/// The title of a page, for words.
pub(super) fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower[start..].find("</title>")?;
    Some(unescape(page.get(start..end)?.trim())).filter(|t| !t.is_empty())
}

fn attributes(pairs: &Regex, text: &str) -> Vec<(String, String)> {
    let value = |found: &regex::Captures<'_>| {
        (2..=4).find_map(|i| found.get(i)).map(|m| unescape(m.as_str())).unwrap_or_default()
    };
    pairs.captures_iter(text).map(|found| (found[1].to_lowercase(), value(&found))).collect()
}

/// The entities that stand in attributes.
fn unescape(text: &str) -> String {
    let mut out = text.to_owned();
    for (entity, plain) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#43;", "+"),
        ("&#61;", "="),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, plain);
    }
    out
}

/// Comments, tags of forms, attributes of a tag; none only if one of these constants were no pattern.
fn patterns() -> Option<&'static [Regex; 3]> {
    static CELL: OnceLock<Option<[Regex; 3]>> = OnceLock::new();
    let read = || {
        let comments = Regex::new(r"(?s)<!--.*?-->").ok()?;
        let tags = Regex::new(r#"(?is)<(form|/form|input|button)\b((?:[^>"']|"[^"]*"|'[^']*')*)>"#).ok()?;
        let pairs = r#"(?s)([a-zA-Z][\w:.-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?"#;
        Some([comments, tags, Regex::new(pairs).ok()?])
    };
    CELL.get_or_init(read).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_reads_it() {
        let page = r#"<!doctype html><title>Log in &amp; go</title><!-- <form action=/old> -->
            <form action="/search"><input name=q></form>
            <FORM method="POST" action='/login?a=1&amp;b=2'>
              <input type="hidden" name="csrf" value="a&quot;b>c"><input type=hidden name=request_id value=42>
              <input name=username autofocus><input type=password name=pass>
              <input type=checkbox name=stay value=1 checked><input type=checkbox name=other>
              <button>Go</button></FORM><input type=hidden name=outside value=1>"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 2);
        let login = &forms[1];
        assert_eq!((login.action.as_str(), login.post), ("/login?a=1&b=2", true));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(login.fields, [pair("csrf", "a\"b>c"), pair("request_id", "42"), pair("stay", "1")]);
        assert_eq!((login.user.as_deref(), login.password.as_deref()), (Some("username"), Some("pass")));
        assert_eq!(title(page).as_deref(), Some("Log in & go"));
    }

    #[test]
    fn the_button_that_says_yes_is_pressed() {
        let yes = |page: &str| forms(&format!("<form method=post>{page}</form>"))[0].yes();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            yes("<button name=decision value=deny>No</button><button name=decision value=approve>Yes</button>"),
            pair("decision", "approve")
        );
        assert_eq!(
            yes("<input type=submit name=no value=No><input type=submit name=allow value=OK>"),
            pair("allow", "OK")
        );
        assert_eq!(yes("<button>Go on</button>"), pair("decision", "approve"));
    }

    #[test]
    fn a_page_without_forms_has_none() {
        assert_eq!(forms("{\"error\":\"x\"}"), []);
        assert_eq!(forms("<form"), []);
        assert_eq!(title("<title>"), None);
    }
}
