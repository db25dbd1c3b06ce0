//! Changes as rows: what, where, by whom, how it stands. Written straight into text, like the
//! services: lists of changes are on many pages.

use std::fmt::Write as _;

use control::changes::ChangeRow;
use jiff::Timestamp;

use crate::{
    Html, Visit,
    html::escape,
    parts::{self, Narrow, Stateful, icon::write_icon, status::write_badge},
    time, words,
};

pub fn changes_table(visit: &Visit, caption: &str, rows: &[ChangeRow]) -> Html {
    let mut body = String::with_capacity(rows.len() * 1_100);
    for row in rows {
        change(&mut body, visit.now, row);
    }
    let head = parts::heads(&[
        "Change",
        "State",
        "Where",
        "Asked for by",
        "Asked",
        "Last moved",
    ]);
    parts::table(caption, Narrow::Cards, head, Html::assembled(body))
}

fn change(out: &mut String, now: Timestamp, row: &ChangeRow) {
    out.push_str("<tr><th scope=\"row\"><a class=\"link\" href=\"/changes/");
    out.push_str(&row.id.to_string());
    out.push_str("\">");
    out.push_str(words::kind(row.kind));
    out.push(' ');
    out.push_str(row.service.as_str());
    out.push_str(" <span class=\"version\">");
    out.push_str(row.version.as_str());
    out.push_str("</span></a><div class=\"about\" dir=\"auto\">");
    escape(out, first_words(&row.reason));
    out.push_str("</div></th><td data-label=\"State\">");
    write_badge(out, row.state.look());
    if row.cancel_requested && !row.state.is_final() {
        out.push_str("<div class=\"muted small\">being stopped</div>");
    }
    if let Some(queued) = &row.queued {
        out.push_str("<div class=\"muted small\">");
        if let Some(place) = queued.place.filter(|_| queued.held) {
            let _ = write!(out, "place {place}; ");
        }
        match &queued.holder {
            Some(holder) => {
                let _ = write!(
                    out,
                    "after <a class=\"link\" href=\"/changes/{}\">{}</a>",
                    holder.id, holder.version
                );
            }
            None if queued.held => out.push_str("after another change"),
            None => out.push_str("starts next"),
        }
        out.push_str("</div>");
    }
    out.push_str("</td><td data-label=\"Where\">");
    out.push_str(row.environment.as_str());
    if row.protected {
        out.push_str(" <span class=\"status quiet\">");
        write_icon(out, "lock");
        out.push_str("<span class=\"sr-only\">protected</span></span>");
    }
    out.push_str("</td><td data-label=\"Asked for by\"><span class=\"person\">");
    escape(out, row.requester.as_str());
    out.push_str("</span></td><td data-label=\"Asked\">");
    time::write_ago(out, now, row.created_at);
    out.push_str("</td><td data-label=\"Last moved\">");
    time::write_ago(out, now, row.updated_at);
    out.push_str("</td></tr>");
}

/// The beginning of a reason; the change's own page has all of it.
fn first_words(reason: &str) -> &str {
    let line = reason.trim_start().lines().next().unwrap_or_default();
    match line.char_indices().nth(120) {
        Some((at, _)) => &line[..at],
        None => line,
    }
}
