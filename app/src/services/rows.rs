//! The rows of the list. Written straight into text: it is the busiest page, and every cell of
//! twenty services would otherwise be a value of its own first.

use control::services::{Cell, ServiceRow};
use jiff::Timestamp;

use crate::{
    html::{Html, escape},
    parts::icon::write_icon,
    time,
};

/// The environments that the rows have cells for, in order of promotion.
pub(super) fn environments(rows: &[ServiceRow]) -> Vec<&str> {
    let mut names: Vec<&str> = vec![];
    for cell in rows.first().map_or(&[][..], |row| &row.cells) {
        if names.last() != Some(&cell.environment.as_str()) {
            names.push(cell.environment.as_str());
        }
    }
    names
}

pub(super) fn rows(now: Timestamp, rows: &[ServiceRow], environments: &[&str]) -> Html {
    let mut out = String::with_capacity(rows.len() * 1_400);
    for row in rows {
        service(&mut out, now, row, environments);
    }
    Html::assembled(out)
}

fn service(out: &mut String, now: Timestamp, row: &ServiceRow, environments: &[&str]) {
    out.push_str("<tr><th scope=\"row\"><a class=\"link\" href=\"/services/");
    // A service's name needs no encoding in an address: its type allows no such character.
    out.push_str(row.name.as_str());
    out.push_str("\">");
    out.push_str(row.name.as_str());
    out.push_str("</a>");
    if row.orphaned_at.is_some() {
        out.push_str(" <span class=\"status warn\">");
        write_icon(out, "file-warning");
        out.push_str("Orphaned</span>");
    }
    let about = if row.title.is_empty() || row.title == row.name.as_str() {
        &row.description
    } else {
        &row.title
    };
    if !about.is_empty() {
        out.push_str("<div class=\"about\" dir=\"auto\">");
        escape(out, clipped(about));
        out.push_str("</div>");
    }
    out.push_str("</th><td data-label=\"Team\">");
    out.push_str(row.team.as_str());
    out.push_str("</td><td data-label=\"System\">");
    match &row.system {
        Some(system) => escape(out, system),
        None => out.push_str("<span class=\"muted\">none</span>"),
    }
    out.push_str("</td>");
    for environment in environments {
        out.push_str("<td data-label=\"");
        escape(out, environment);
        out.push_str("\">");
        place(
            out,
            now,
            row.cells
                .iter()
                .filter(|c| c.environment.as_str() == *environment),
        );
        out.push_str("</td>");
    }
    out.push_str("<td data-label=\"Catalogue entry\" class=\"muted\">");
    time::write_ago(out, now, row.updated_at);
    out.push_str("</td></tr>");
}

/// One environment: one version when its regions agree, else each region with its own.
fn place<'a>(out: &mut String, now: Timestamp, cells: impl Iterator<Item = &'a Cell> + Clone) {
    let doubtful = cells.clone().any(|cell| cell.doubt.is_some());
    let mut known = cells
        .clone()
        .filter(|cell| cell.version.is_some() || cell.doubt.is_some());
    let Some(first) = known.next() else {
        out.push_str("<span class=\"muted\">not deployed</span>");
        return;
    };
    if first.parity {
        version(out, now, first);
        return;
    }
    out.push_str("<ul class=\"split\">");
    for cell in cells {
        out.push_str("<li>");
        if cell.version.is_some() {
            version(out, now, cell);
        } else if let Some(doubt) = &cell.doubt {
            out.push_str("<span class=\"muted\">unknown since ");
            time::write_ago(out, now, doubt.since);
            out.push_str("</span>");
        } else {
            out.push_str("<span class=\"muted\">not deployed</span>");
        }
        out.push_str(" <span class=\"muted small\">");
        out.push_str(cell.region.as_str());
        out.push_str("</span></li>");
    }
    out.push_str("</ul><span class=\"status warn\">");
    let (icon, words) = if doubtful {
        ("triangle-alert", "Not known what runs")
    } else {
        ("equal-not", "Regions differ")
    };
    write_icon(out, icon);
    out.push_str(words);
    out.push_str("</span>");
}

fn version(out: &mut String, now: Timestamp, cell: &Cell) {
    out.push_str("<span class=\"version\">");
    if let Some(version) = &cell.version {
        // Neither does a version's type allow anything to escape.
        out.push_str(version.as_str());
    }
    out.push_str("</span>");
    if let Some(since) = cell.since {
        out.push_str(" <span class=\"muted small\">");
        time::write_age(out, now, since);
        out.push_str("</span>");
    }
}

/// The beginning of a long text; the service's own page has all of it.
fn clipped(text: &str) -> &str {
    match text.char_indices().nth(160) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}
