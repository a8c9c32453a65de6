//! The record as Markdown, for people who were not there.

mod head;
mod items;
mod parts;
mod text;

use super::document::Document;

/// The whole text.
pub(super) fn write(document: &Document) -> String {
    let mut out = String::new();
    head::head(&mut out, document);
    head::findings(&mut out, document);
    parts::limitations(&mut out, document);
    parts::cautions(&mut out, document);
    parts::notes(&mut out, document);
    for (number, phase) in document.phases.iter().enumerate() {
        items::phase(&mut out, document, number, phase);
    }
    items::rollback(&mut out, document);
    parts::triggers(&mut out, document);
    parts::values(&mut out, document);
    parts::contacts(&mut out, document);
    parts::hosts(&mut out, document);
    parts::chain(&mut out, document);
    out
}
