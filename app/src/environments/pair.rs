//! A region pair as a picture, with the same facts in words beside it.

use control::environments::EnvironmentRow;
use domain::evidence::Side;
use leptos::prelude::*;

use crate::{Html, html};

/// Every pair that an environment is in, once.
pub(crate) fn pairs(rows: &[EnvironmentRow]) -> Html {
    let mut seen: Vec<&str> = vec![];
    let mut out = vec![];
    for row in rows {
        if let Some(name) = row
            .region_pair
            .as_deref()
            .filter(|name| !seen.contains(name))
        {
            seen.push(name);
            let of = |side: Side| {
                row.regions
                    .iter()
                    .find(|r| r.side == side)
                    .map(|r| r.region.as_str())
            };
            if let (Some(active), Some(passive)) = (of(Side::Active), of(Side::Passive)) {
                let places: Vec<&str> = rows
                    .iter()
                    .filter(|r| r.region_pair.as_deref() == Some(name))
                    .map(|r| r.title.as_str())
                    .collect();
                out.push(pair(name, active, passive, &places.join(" and ")));
            }
        }
    }
    html! { {out} }
}

fn pair(name: &str, active: &str, passive: &str, places: &str) -> Html {
    let id = format!("h-pair-{name}");
    html! {
        <section class="card" aria-labelledby=id.clone()>
            <div class="card-head"><h2 id=id.clone()>"Region pair "{name}</h2><span class="muted small">{places}</span></div>
            <div class="card-body pair">
                <svg class="pair-picture" viewBox="0 0 520 132" role="img" aria-label=format!("{passive} is the passive side and is deployed first; {active} is the active side and takes the traffic.")>
                    <rect class="pair-box" x="1" y="26" width="190" height="80" rx="8"></rect>
                    <rect class="pair-box pair-active" x="329" y="26" width="190" height="80" rx="8"></rect>
                    <text class="pair-name" x="96" y="62" text-anchor="middle">{passive}</text>
                    <text class="pair-side" x="96" y="86" text-anchor="middle">"passive, deployed first"</text>
                    <text class="pair-name" x="424" y="62" text-anchor="middle">{active}</text>
                    <text class="pair-side" x="424" y="86" text-anchor="middle">"active, takes traffic"</text>
                    <path class="pair-arrow" d="M199 66h114m-9-7 9 7-9 7"></path>
                    <text class="pair-side" x="258" y="54" text-anchor="middle">"then"</text>
                </svg>
                <p>"A deployment goes to "<strong>{passive}</strong>" first and is verified there; only then does "<strong>{active}</strong>" get it. Success means that both run the same image."</p>
            </div>
        </section>
    }
}
