//! What the outer world sees of a screen: rows of styled text.

use serde::{Deserialize, Serialize};

/// A row of a screen, from its first column; blanks at the end that no style shows are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row {
    /// Pieces of one style each, from left to right, without gaps.
    pub runs: Vec<Run>,
}

/// Text of one style. It has no control character and no invisible one, and it is as wide as the sum of its characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// The text, blanks included.
    #[serde(rename = "t")]
    pub text: String,
    /// How it looks.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub style: Style,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Colour of the text; none is the terminal's own.
    #[serde(rename = "f", skip_serializing_if = "is_default")]
    pub fg: Option<Color>,
    /// Colour behind the text; none is the terminal's own.
    #[serde(rename = "b", skip_serializing_if = "is_default")]
    pub bg: Option<Color>,
    /// Bold.
    #[serde(rename = "bo", skip_serializing_if = "is_default")]
    pub bold: bool,
    /// Faint.
    #[serde(rename = "di", skip_serializing_if = "is_default")]
    pub dim: bool,
    /// Italic.
    #[serde(rename = "it", skip_serializing_if = "is_default")]
    pub italic: bool,
    /// Underlined, in whatever manner.
    #[serde(rename = "un", skip_serializing_if = "is_default")]
    pub underline: bool,
    /// Text and background colour are exchanged.
    #[serde(rename = "inv", skip_serializing_if = "is_default")]
    pub inverse: bool,
    /// Not to be drawn: show blanks.
    #[serde(rename = "hid", skip_serializing_if = "is_default")]
    pub hidden: bool,
    /// Struck through.
    #[serde(rename = "st", skip_serializing_if = "is_default")]
    pub strike: bool,
}

/// A colour: a number on the wire for an indexed one, a list of three for red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Color {
    /// Of the terminal's palette: 0 to 7 plain, 8 to 15 bright, then the usual cube and greys.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Row {
    /// Width in columns.
    pub fn width(&self) -> usize {
        self.runs.iter().map(|run| unicode_width::UnicodeWidthStr::width(run.text.as_str())).sum()
    }

    /// Nothing to see.
    pub fn is_blank(&self) -> bool {
        self.runs.iter().all(|run| run.text.bytes().all(|b| b == b' '))
    }
}

/// The text of a row, without styles and without blanks at the end.
pub fn plain(row: &Row) -> String {
    let mut text: String = row.runs.iter().map(|run| run.text.as_str()).collect();
    text.truncate(text.trim_end_matches(' ').len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_small_on_the_wire_and_comes_back() {
        let style =
            Style { fg: Some(Color::Indexed(1)), bg: Some(Color::Rgb(1, 2, 3)), bold: true, ..Style::default() };
        let row =
            Row { runs: vec![Run { text: "plain ".into(), style: Style::default() }, Run { text: "x".into(), style }] };
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(json, r#"[{"t":"plain "},{"t":"x","s":{"f":1,"b":[1,2,3],"bo":true}}]"#);
        assert_eq!(serde_json::from_str::<Row>(&json).unwrap(), row);
        assert_eq!((plain(&row).as_str(), row.width(), row.is_blank()), ("plain x", 7, false));
    }
}
