//! The rules in force: who must agree to which change, and where a change stops behind a canary.

use control::{Control, Result, rules::InForce};
use domain::{Approvers, Rule, rule::Demand, wave::Wave};
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, icon, note},
};

/// # Errors
/// A caller without any job role, or a fault.
pub async fn rules(control: &Control, visit: &Visit) -> Result<Document> {
    let found = control.rules_in_force(visit.caller()?).await?;
    Ok(view(&found))
}

pub fn view(found: &InForce) -> Document {
    let rules: Html = found
        .rules
        .rules()
        .iter()
        .zip(&found.of_rules)
        .map(|(one, nothing)| rule(one, nothing))
        .collect();
    let waves: Html = found
        .rules
        .waves()
        .iter()
        .zip(&found.of_waves)
        .map(|(one, nothing)| wave(one, nothing))
        .collect();
    let waves = (!found.rules.waves().is_empty()).then(|| html! {
        <section class="section" aria-labelledby="h-waves"><h2 id="h-waves">"Waves"</h2>
            <p class="hint">"Where a change stops behind a canary until its metrics, or a person, let it go on. Several that match hold together."</p>
            {parts::table("Waves", Narrow::Cards, parts::heads(&["Wave", "About", "Goes first", "Watched for", "Goes on while"]), waves)}
        </section>
    });
    let sub = html! { <span>"Version "<code>{found.rules.version().to_owned()}</code>", from the rules file. It is part of every evidence."</span> };
    let api =
        html! { <a class="btn btn-sm" href="/api/v1/rules">{icon("scroll-text")}"As JSON"</a> };
    let main = html! {
        {parts::heading(&[], "Rules", sub, api)}
        {vain(found)}
        <section class="section" aria-labelledby="h-rules"><h2 id="h-rules">"Who must agree"</h2>
            <p class="hint">"Every rule that matches a change must be satisfied, each by other people; who asked for the change never counts. What no rule matches cannot be asked for."</p>
            {parts::table("Rules", Narrow::Cards, parts::heads(&["Rule", "About", "Needs"]), rules)}
        </section>
        {waves}
    };
    Document::new("Rules", main)
}

/// Above all: that some of it takes in nothing.
fn vain(found: &InForce) -> Html {
    let count = found
        .of_rules
        .iter()
        .chain(&found.of_waves)
        .filter(|nothing| !nothing.is_empty())
        .count();
    match count {
        0 => Html::EMPTY,
        1 => note(
            "triangle-alert",
            "warn",
            html! { <p>"One of them names what is in no catalogue, and takes in nothing by it. It is marked below."</p> },
        ),
        n => note(
            "triangle-alert",
            "warn",
            html! { <p>{n}" of them name what is in no catalogue, and take in nothing by it. They are marked below."</p> },
        ),
    }
}

fn in_vain(nothing: &[String]) -> Option<Html> {
    (!nothing.is_empty()).then(|| {
        let names = nothing.join(", ");
        html! { <p class="warn-text small">"Takes in nothing by: "<span class="user-text">{names}</span>", which no service of the catalogue has."</p> }
    })
}

fn rule(rule: &Rule, nothing: &[String]) -> Html {
    let needs: Vec<_> = rule
        .demands
        .iter()
        .map(|demand| html! { <li>{needs(demand)}</li> })
        .collect();
    let needs = if needs.is_empty() {
        html! { <span class="muted">"Nobody"</span> }
    } else {
        html! { <ul class="stack-sm">{needs}</ul> }
    };
    html! {
        <tr>
            <th scope="row"><span class="user-text" dir="auto">{rule.name.as_str()}</span></th>
            <td data-label="About">{rule.matches.words()}{in_vain(nothing)}</td>
            <td data-label="Needs">{needs}</td>
        </tr>
    }
}

fn needs(demand: &Demand) -> String {
    let of = match &demand.of {
        Approvers::OwningTeam => "of the owning team".to_owned(),
        Approvers::JobRole(role) => format!("of the {role}s"),
        Approvers::Team(team) => format!("of team {team}"),
    };
    let factor = if demand.step_up {
        ", with a second factor"
    } else {
        ""
    };
    format!("{} {of}{factor}", demand.count)
}

fn wave(wave: &Wave, nothing: &[String]) -> Html {
    let thresholds: Vec<_> = wave
        .thresholds
        .iter()
        .map(|one| {
            let is = format!(
                "{} {} {}",
                one.statistic,
                one.compare.as_str().replace('_', " "),
                one.value.get()
            );
            html! { <li><span class="user-text">{one.name.as_str()}</span>": "{is}</li> }
        })
        .collect();
    let first = match wave.canary.share() {
        None => "the passive region".to_owned(),
        Some(share) => format!("{share} of the replicas of each region"),
    };
    html! {
        <tr>
            <th scope="row"><span class="user-text" dir="auto">{wave.name.as_str()}</span></th>
            <td data-label="About">{wave.matches.words()}{in_vain(nothing)}</td>
            <td data-label="Goes first">{first}</td>
            <td data-label="Watched for">{wave.bake.to_string()}</td>
            <td data-label="Goes on while"><ul class="stack-sm">{thresholds}</ul></td>
        </tr>
    }
}
