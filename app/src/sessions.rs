//! How this person is signed in, here and elsewhere, and the ways out.

use control::{Control, Result, sessions::SessionRow};
use domain::{CallerKind, Refusal};
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, Tone, icon, mark},
    time,
};

/// # Errors
/// Refused when nobody has signed in; a fault.
pub async fn sessions(control: &Control, visit: &Visit) -> Result<Document> {
    let rows = control.sessions(visit.caller()?).await?;
    Ok(view(visit, &rows)?)
}

/// # Errors
/// Refused when nobody has signed in.
pub fn view(visit: &Visit, rows: &[SessionRow]) -> std::result::Result<Document, Refusal> {
    let caller = visit.caller()?;
    let authentication = match &caller.kind {
        CallerKind::Person { authentication, .. } => Some(authentication),
        _ => None,
    };
    let factor = if visit.is_stepped_up() {
        mark("shield-check", "Fresh second factor", Tone::Good)
    } else if authentication.is_some_and(|a| a.mfa) {
        mark(
            "clock",
            "Second factor, older than five minutes",
            Tone::Quiet,
        )
    } else {
        mark("minus", "No second factor", Tone::Quiet)
    };
    let person = &caller.person;
    let chips = |words: Vec<&str>| {
        if words.is_empty() {
            return Html::constant("<span class=\"muted\">none</span>");
        }
        let chips: Vec<_> = words
            .into_iter()
            .map(|word| html! { <span class="chip">{word}</span> })
            .collect();
        html! { <span class="row">{chips}</span> }
    };
    let facts = parts::facts(vec![
        ("Name", html! { <bdi>{person.name.as_str()}</bdi> }),
        ("Sign-in name", html! { <bdi>{person.login.as_str()}</bdi> }),
        (
            "Job roles",
            chips(person.job_roles.iter().map(|r| r.as_str()).collect()),
        ),
        (
            "Teams",
            chips(person.teams.iter().map(domain::TeamName::as_str).collect()),
        ),
        ("Second factor", factor),
    ]);
    let heads = parts::heads(&["Browser", "From", "Signed in", "Last used", "Ends", ""]);
    let list = rows.iter().map(|row| session(visit, row)).collect();
    let main = html! {
        {parts::heading(&[], "Sessions", html! { <span>"Job roles and teams come from your groups at the identity provider, as of each sign-in."</span> }, Html::EMPTY)}
        <div class="columns">
            <section class="section" aria-labelledby="h-open"><h2 id="h-open">"Open sessions"</h2>{parts::table("Open sessions", Narrow::Cards, heads, list)}</section>
            <div class="stack-lg">
                <section class="card" aria-labelledby="h-who"><div class="card-head"><h2 id="h-who">"You, in this session"</h2></div><div class="card-body">{facts}</div></section>
                <section class="card" aria-labelledby="h-out">
                    <div class="card-head"><h2 id="h-out">"Sign out"</h2></div>
                    <div class="card-body">
                        <form class="stack-sm" method="post" action="/auth/logout">{visit.csrf_field()}
                            <div><button class="btn" type="submit">{icon("log-out")}"Sign out here"</button></div></form>
                        <form class="stack-sm" method="post" action="/auth/logout-everywhere">{visit.csrf_field()}
                            <div><button class="btn btn-danger" type="submit">{icon("log-out")}"Sign out everywhere"</button></div>
                            <p class="hint">"Ends every session of yours, in all browsers. Tokens stay; revoke them on their own page."</p></form>
                    </div>
                </section>
            </div>
        </div>
    };
    Ok(Document::new("Sessions", main))
}

fn session(visit: &Visit, row: &SessionRow) -> Html {
    let here = matches!(&visit.caller, Some(caller) if matches!(&caller.kind, CallerKind::Person { session, .. } if *session == row.id));
    let agent = row.user_agent.clone().unwrap_or_default();
    let browser = browser(&agent);
    let act = if here {
        mark("circle-check", "This one", Tone::Good)
    } else {
        let label = format!("End the session of {browser}");
        html! {
            <form method="post" action=format!("/sessions/{}/end", row.id)>
                {visit.csrf_field()}
                <button class="btn btn-sm btn-danger" type="submit" aria-label=label>"End"</button>
            </form>
        }
    };
    let ip = row.ip.clone().unwrap_or_else(|| "not known".to_owned());
    html! {
        <tr>
            <th scope="row"><span title=agent.clone()>{browser.clone()}</span></th>
            <td data-label="From"><bdi>{ip}</bdi></td>
            <td data-label="Signed in">{time::ago(visit.now, row.auth_time)}</td>
            <td data-label="Last used">{time::ago(visit.now, row.last_seen_at)}</td>
            <td data-label="Ends">{time::ago(visit.now, row.expires_at)}</td>
            <td>{act}</td>
        </tr>
    }
}

/// What a browser calls itself, in the words of people: enough to know one's own. Most claim to
/// be several others too, so the order matters.
fn browser(agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(sign, _)| agent.contains(sign))
            .map(|(_, name)| *name)
    };
    let program = find(&[
        ("Edg", "Edge"),
        ("OPR", "Opera"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
        ("curl", "curl"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn browsers_in_words() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36 Edg/142.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(edge), "Edge on Windows");
        assert_eq!(browser(phone), "Safari on iPhone");
        assert_eq!(browser("<script>"), "An unknown browser");
    }
}
