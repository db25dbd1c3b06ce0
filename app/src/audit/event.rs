//! One audit event in full; its address never changes.

use control::{Control, Result, audit::AuditRow};
use domain::{EventId, Refusal};
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit,
    changes::data,
    html,
    parts::{self, person, status},
    time, words,
};

/// # Errors
/// Not found, or a caller who may not read the log.
pub async fn event(control: &Control, visit: &Visit, id: &str) -> Result<Document> {
    let caller = visit.caller()?;
    let id: EventId = id
        .parse()
        .map_err(|_| Refusal::not_found("audit event with this id"))?;
    let row = control.audit_event(caller, id).await?;
    Ok(view(&row))
}

pub fn view(row: &AuditRow) -> Document {
    let mut about = String::new();
    super::list::subject(&mut about, &row.subject.kind, &row.subject.id);
    let who = match &row.login {
        Some(login) => {
            html! { {person(login, None)}" "<span class="muted">{format!("({})", row.door)}</span> }
        }
        None => Html::text(&row.door),
    };
    let change = row
        .change
        .map(|id| html! { <a class="link" href=format!("/changes/{id}")>{id.to_string()}</a> });
    let same = row.change.map(|id| {
        let href = Params::default().link("/audit", &[("change", &id.to_string())]);
        html! { <a class="btn btn-sm" href=href>"All events of this change"</a> }
    });
    let json = serde_json::to_string_pretty(&row.data).unwrap_or_default();
    let main = html! {
        {parts::heading(&[("/audit", "Audit")], row.kind.as_str(), html! { {status(row.outcome)}<span>{words::event_through(&row.kind, &row.door)}</span> }, html! { {same} })}
        <section class="card" aria-label="The event">
            <div class="card-body">
                {parts::facts(vec![
                    ("When", time::stamp(row.at)),
                    ("Who", who),
                    ("About", Html::assembled(about)),
                    ("Change", html! { {change} }),
                    ("Request", html! { <code class="user-text">{row.request_id.to_string()}</code> }),
                    ("From address", html! { <code>{row.ip.clone().unwrap_or_else(|| "inside the portal".to_owned())}</code> }),
                    ("Policy", html! { <code>{row.policy_version.as_str()}</code> }),
                    ("Event", html! { <code class="user-text">{row.id.to_string()}</code> }),
                ])}
                {data(&row.data)}
                <details class="more"><summary>"As JSON"</summary><pre class="json" tabindex="0">{json}</pre></details>
            </div>
        </section>
    };
    Document::new(format!("{} · Audit", row.kind), main)
}
