//! A person, by sign-in name, as others see them.

use crate::html::{Html, escape};

/// `developer`, with the full name on hover.
pub fn person(login: &str, name: Option<&str>) -> Html {
    let mut out = String::with_capacity(96);
    out.push_str("<span class=\"person\"");
    if let Some(name) = name.filter(|name| *name != login) {
        out.push_str(" title=\"");
        escape(&mut out, name);
        out.push('"');
    }
    out.push_str("><bdi>");
    escape(&mut out, login);
    out.push_str("</bdi></span>");
    Html::assembled(out)
}
