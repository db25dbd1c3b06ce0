//! `POST /preferences/…`: what a person chose for this browser.

use app::{Notice, Theme};
use axum::{extract::State, response::Response};
use domain::{Event, EventKind, Refusal, SubjectRef};
use serde_json::json;

use super::{Pages, answer, flash, form::Fields, visit::Visiting};
use crate::edge::Refused;

pub(super) async fn theme(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let caller = visit.caller()?;
    let theme = Theme::parse(fields.raw("theme"))
        .ok_or_else(|| Refusal::field("theme", "system, light or dark"))?;
    let event = Event::new(
        EventKind::ThemeChosen,
        SubjectRef::new("person", caller.person.id),
    )
    .with(json!({"theme": theme.as_str()}));
    pages.app.control().record(caller, event).await?;
    let to = back(fields.raw("return_to"));
    let mut response = answer::done(&pages, to, Notice::ThemeChosen);
    answer::add_cookie(&mut response, flash::keep_theme(theme, pages.app.is_tls()));
    Ok(response)
}

/// Back to the page the form was on, if it is one of ours.
fn back(to: &str) -> &str {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.is_ascii()
        && !to.bytes().any(|b| b.is_ascii_control() || b == b'\\');
    if ours { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::back;

    #[test]
    fn back_leads_nowhere_else() {
        assert_eq!(back("/services?q=a"), "/services?q=a");
        for bad in [
            "",
            "//evil.test",
            "/\\evil.test",
            "https://evil.test",
            "/a\r\nx: y",
            "javascript:alert(1)",
        ] {
            assert_eq!(back(bad), "/", "{bad}");
        }
    }
}
