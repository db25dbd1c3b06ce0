//! The menu. It offers what policy lets the caller read, and says where they are.

use domain::JobRole;

use crate::{Visit, html::escape, parts::icon::write_icon};

/// One place of the menu, also offered by the command palette.
pub(crate) struct Place {
    pub href: &'static str,
    pub words: &'static str,
    pub icon: &'static str,
    /// `g` and this letter go there.
    pub key: char,
}

/// The places this caller can go to.
pub(crate) fn places(visit: &Visit) -> impl Iterator<Item = &'static Place> + use<> {
    let rooms = visit.rooms;
    // A caller without any job role can see nothing but their own account.
    let any = JobRole::ALL.into_iter().any(|role| visit.has_role(role));
    let operator = visit.has_role(JobRole::Operator);
    PLACES.iter().filter(move |place| match place.href {
        "/" => true,
        "/audit" => rooms.audit,
        "/catalog" => rooms.catalog,
        "/environments" => rooms.environments,
        "/people" => rooms.people,
        "/attention" => operator,
        _ => any,
    })
}

const fn place(href: &'static str, words: &'static str, icon: &'static str, key: char) -> Place {
    Place {
        href,
        words,
        icon,
        key,
    }
}

const PLACES: [Place; 11] = [
    place("/", "Home", "house", 'h'),
    place("/services", "Services", "box", 's'),
    place("/changes", "Changes", "rocket", 'c'),
    place("/approvals", "Approvals", "inbox", 'a'),
    place("/attention", "Attention", "triangle-alert", 'n'),
    place("/calendar", "Calendar", "calendar-clock", 'l'),
    place("/rules", "Rules", "list-checks", 'r'),
    place("/environments", "Environments", "layers", 'e'),
    place("/catalog", "Catalogue", "folder-sync", 'k'),
    place("/people", "People", "users", 'p'),
    place("/audit", "Audit", "scroll-text", 'u'),
];

pub(super) fn write(out: &mut String, visit: &Visit) {
    out.push_str("<nav class=\"side\" aria-label=\"Main\"><ul>");
    for place in places(visit) {
        let here = if place.href == "/" {
            visit.path == "/"
        } else {
            visit.path.starts_with(place.href)
        };
        out.push_str("<li><a href=\"");
        out.push_str(place.href);
        out.push_str(if here {
            "\" aria-current=\"page\">"
        } else {
            "\">"
        });
        write_icon(out, place.icon);
        escape(out, place.words);
        out.push_str("</a></li>");
    }
    out.push_str("</ul></nav>");
}
