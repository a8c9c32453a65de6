//! Ids from titles.

use crate::expr::{Piece, Template};

/// The words of a title as an id, without what is filled in; empty when no word is left.
///
/// Other scripts are transliterated; an id that would begin with a digit gets an `s` before it.
pub fn id_of(title: &Template) -> String {
    let mut id = String::new();
    for piece in title.pieces() {
        let mut gap = true;
        let Piece::Plain(text) = piece else { continue };
        for c in deunicode::deunicode(text).chars() {
            if c.is_ascii_alphanumeric() {
                if gap && !id.is_empty() {
                    id.push('_');
                }
                gap = false;
                id.push(c.to_ascii_lowercase());
            } else if c != '\'' {
                gap = true;
            }
        }
    }
    if id.starts_with(|c: char| c.is_ascii_digit()) {
        id.insert(0, 's');
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_titles_words() {
        for (title, id) in [
            ("Restart nginx", "restart_nginx"),
            ("Revision of ${{ item }} saved", "revision_of_saved"),
            ("${{ item }}", ""),
            ("95 % coverage, or more!", "s95_coverage_or_more"),
            ("Überprüfen: Müller's Datei", "uberprufen_mullers_datei"),
            ("数据库 backup", "shu_ju_ku_backup"),
            ("…", ""),
        ] {
            assert_eq!(id_of(&Template::parse(title).unwrap()), id, "{title}");
        }
    }
}
