//! What runs where: one service, every environment and region.

use std::collections::BTreeSet;

use control::{
    environments::EnvironmentRow,
    services::{Cell, ServiceRow},
};
use domain::{ChangeId, RegionName};
use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    Html, html,
    parts::{self, Narrow, Tone, image_digest, mark},
    time,
};

/// Environments down, regions across the row in the order of a deployment. `undoable` are the changes with a way back, and where.
pub fn matrix(
    now: Timestamp,
    row: &ServiceRow,
    environments: &[EnvironmentRow],
    undoable: &BTreeSet<(ChangeId, RegionName)>,
) -> Html {
    if row.cells.is_empty() {
        return parts::empty(
            "layers",
            "There are no environments",
            "Environments come from the portal's configuration.",
            None,
        );
    }
    let head = parts::heads(&[
        "Environment",
        "Region",
        "Version",
        "Image",
        "Running for",
        "Verified",
        "Change",
    ]);
    let mut body = vec![];
    let mut last = "";
    for cell in &row.cells {
        let first = cell.environment.as_str() != last;
        last = cell.environment.as_str();
        let known = environments.iter().find(|e| e.name == cell.environment);
        let span = row
            .cells
            .iter()
            .filter(|c| c.environment == cell.environment)
            .count();
        let place = first.then(|| environment(row, cell, known, span));
        body.push(html! { <tr>{place}{region(now, cell, undoable)}</tr> });
    }
    parts::table(
        "What runs where",
        Narrow::Scroll,
        head,
        body.into_iter().collect(),
    )
}

fn environment(row: &ServiceRow, cell: &Cell, known: Option<&EnvironmentRow>, span: usize) -> Html {
    let protected = known
        .filter(|e| e.protected)
        .map(|_| html! { <div>{mark("lock", "Protected", Tone::Quiet)}</div> });
    let of = || {
        row.cells
            .iter()
            .filter(|c| c.environment == cell.environment)
    };
    let deployed = of().filter(|c| c.version.is_some()).count();
    let parity = match (span, deployed) {
        _ if of().any(|c| c.doubt.is_some()) => {
            Some(mark("triangle-alert", "Not known what runs", Tone::Warn))
        }
        (1, _) | (_, 0) => None,
        _ if cell.parity => Some(mark("equal", "Regions agree", Tone::Good)),
        _ => Some(mark("equal-not", "Regions differ", Tone::Warn)),
    };
    html! {
        <th scope="rowgroup" rowspan=span>
            {cell.environment.as_str()}
            {protected}
            {parity.map(|mark| html! { <div>{mark}</div> })}
        </th>
    }
}

fn region(now: Timestamp, cell: &Cell, undoable: &BTreeSet<(ChangeId, RegionName)>) -> Html {
    let place = html! { <td><span class="region">{cell.region.as_str()}</span><div class="muted small">{format!("{} side", cell.side)}</div></td> };
    if let Some(doubt) = &cell.doubt {
        let label = format!("this change: {} in {}", cell.environment, cell.region);
        let before = doubt.last_verified.as_ref().map(|version| {
            html! { <div class="muted small">{format!("{version} was verified before")}</div> }
        });
        return html! {
            {place}
            <td colspan="5">
                "unknown since "{time::stamp(doubt.since)}", by "
                <a class="link" href=format!("/changes/{}", doubt.change) aria-label=label>"this change"</a>
                {before}
            </td>
        };
    }
    let Some(version) = &cell.version else {
        return html! { {place}<td colspan="5" class="muted">"not deployed by Portolan"</td> };
    };
    let digest = cell.digest.as_ref().map(image_digest);
    let since = cell.since.map(|at| time::age(now, at));
    let verified = cell.verified_at.map(|at| time::ago(now, at));
    let change = cell.change.map(|id| {
        let label = format!("its change: {} in {}", cell.environment, cell.region);
        let back = undoable.contains(&(id, cell.region.clone())).then(|| {
            let label = format!("roll back {} in {}", cell.environment, cell.region);
            html! { " · "<a class="link" href=format!("/changes/{id}/rollback") aria-label=label>"roll back"</a> }
        });
        html! { <a class="link" href=format!("/changes/{id}") aria-label=label>"its change"</a>{back} }
    });
    html! {
        {place}
        <td><span class="version">{version.as_str()}</span></td>
        <td>{digest}</td>
        <td>{since}</td>
        <td>{verified}</td>
        <td>{change}</td>
    }
}
