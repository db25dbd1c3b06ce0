//! What stands on top of every page while something holds what the viewer can see.

use control::schedule::Holding;
use domain::schedule::Class;
use leptos::prelude::*;

use super::words::{name, short};
use crate::{Html, Visit, html, parts::icon};

/// So many are told; the calendar has all.
const TOLD: usize = 2;

pub fn notices(visit: &Visit) -> Html {
    let all = &visit.holding;
    let told: Html = all.iter().take(TOLD).map(notice).collect();
    let more = (all.len() > TOLD).then(|| {
        html! { <p class="small"><a class="link" href="/calendar">{format!("{} more hold changes now", all.len() - TOLD)}</a></p> }
    });
    html! { {told}{more} }
}

fn notice(holding: &Holding) -> Html {
    let entry = &holding.entry;
    let until = holding.until.map_or_else(
        || "until somebody ends it".to_owned(),
        |until| format!("until {} {}", entry.zone.written(until), entry.zone),
    );
    let (tone, glyph, what) = match entry.class {
        Class::Stop => (
            "panel bad",
            "ban",
            "The line is stopped: nothing starts for",
        ),
        Class::Freeze | Class::Window => {
            ("panel warn", "circle-pause", "Freeze: nothing starts for")
        }
    };
    html! {
        <div class=tone role="note" aria-label=name(entry.class)>
            {icon(glyph)}
            <p><strong>{what}" "{entry.reach.words()}</strong>" "{until}". “"<bdi>{short(&entry.reason, 120)}</bdi>"”, says "{entry.author.as_str()}". "
                <a class="link" href=format!("/calendar/{}", entry.id)>"Details"</a></p>
        </div>
    }
}
