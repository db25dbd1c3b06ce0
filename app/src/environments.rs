//! The places services run in, as configured: environments, their regions, the region pair.

use control::{Control, Result, environments::EnvironmentRow};
use leptos::prelude::*;

mod pair;

pub(crate) use pair::pairs;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, Tone, mark},
};

/// # Errors
/// A caller without any job role, or a fault.
pub async fn environments(control: &Control, visit: &Visit) -> Result<Document> {
    let rows = control.environments_ever(visit.caller()?).await?;
    Ok(view(visit, &rows))
}

pub fn view(visit: &Visit, rows: &[EnvironmentRow]) -> Document {
    let body = if rows.is_empty() {
        parts::empty(
            "layers",
            "There are no environments",
            "Environments come from the portal's configuration.",
            None,
        )
    } else {
        let body = rows.iter().map(environment).collect();
        parts::table(
            "Environments",
            Narrow::Scroll,
            parts::heads(&[
                "Environment",
                "Account",
                "Namespace",
                "Region",
                "Side",
                "EKS cluster",
            ]),
            body,
        )
    };
    let pairs = pairs(rows);
    let main = html! {
        {parts::heading(&[], "Environments and regions", html! { <span>"From the portal's configuration, as of "{crate::time::stamp(visit.now)}"."</span> }, Html::EMPTY)}
        {pairs}
        <section class="section" aria-labelledby="h-env"><h2 id="h-env">"Environments"</h2>{body}</section>
    };
    Document::new("Environments and regions", main)
}

fn environment(row: &EnvironmentRow) -> Html {
    let protected = row
        .protected
        .then(|| html! { <div>{mark("lock", "Protected", Tone::Quiet)}</div> });
    let retired = row.retired_at.map(|_| {
        html! { <div>{mark("circle-x", "Retired", Tone::Quiet)}</div> }
    });
    let span = row.regions.len().max(1);
    let mut lines: Vec<Html> = row
        .regions
        .iter()
        .map(|r| {
            html! {
                <td><span class="region">{r.region.as_str()}</span></td>
                <td>{side(r.side)}</td>
                <td><code>{r.cluster.as_str()}</code></td>
            }
        })
        .collect();
    if lines.is_empty() {
        lines.push(Html::constant(
            "<td colspan=\"3\" class=\"muted\">no region configured</td>",
        ));
    }
    let mut lines = lines.into_iter();
    let first = lines.next();
    let rest: Vec<_> = lines.map(|line| html! { <tr>{line}</tr> }).collect();
    html! {
        <tr>
            <th scope="rowgroup" rowspan=span>{row.title.as_str()}<div class="muted small"><code>{row.name.as_str()}</code></div>{protected}{retired}</th>
            <td rowspan=span><code>{row.account.as_str()}</code></td>
            <td rowspan=span><code>{row.namespace.as_str()}</code></td>
            {first}
        </tr>
        {rest}
    }
}

fn side(side: domain::evidence::Side) -> Html {
    match side {
        domain::evidence::Side::Active => mark("radio", "Active", Tone::Good),
        domain::evidence::Side::Passive => mark("circle-pause", "Passive", Tone::Quiet),
    }
}
