//! The shell: one complete HTML document around what a page shows. Put together from
//! finished pieces, without a view, because every page pays for it.

mod account;
mod foot;
mod head;
mod logo;
mod navigation;
mod rules;

use crate::{
    Visit,
    html::{Html, escape},
    parts,
};

pub use logo::logo;

/// The menu's places as the command palette wants them.
pub(crate) fn places(visit: &Visit) -> Vec<frontend::Place> {
    navigation::places(visit)
        .map(|place| frontend::Place {
            href: place.href.to_owned(),
            words: place.words.to_owned(),
            key: place.key,
        })
        .collect()
}

/// What a page function returns: everything that is the page's own.
#[derive(Clone, Debug)]
#[must_use]
pub struct Document {
    /// What the tab and the history call it; also what a screen reader says first.
    pub title: String,
    /// The HTTP status that belongs to it.
    pub status: u16,
    pub main: Html,
    /// Without menu and frame: for those who are not signed in.
    pub bare: bool,
    /// Whether what the last form did is told: not where the page says more than that by now.
    pub notice: bool,
}

impl Document {
    pub fn new(title: impl Into<String>, main: Html) -> Self {
        Self {
            title: title.into(),
            status: 200,
            main,
            bare: false,
            notice: true,
        }
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    pub fn without_notice(mut self) -> Self {
        self.notice = false;
        self
    }

    /// The whole document. Scripts are in it only when an island is.
    pub fn into_html(self, visit: &Visit) -> String {
        let framed = !self.bare && visit.caller.is_some();
        let mut out = String::with_capacity(self.main.as_str().len() + 12 * 1024);
        let (account, islands) = if framed {
            (account::account(visit), crate::islands::of_the_shell(visit))
        } else {
            (Html::EMPTY, crate::islands::ShellIslands::default())
        };
        let scripted = framed || self.main.as_str().contains("<leptos-island");
        head::write(&mut out, visit, &self.title, scripted);
        out.push_str("<body><a class=\"skip\" href=\"#main\">Skip to the content</a>");
        if framed {
            out.push_str("<header class=\"top\"><a class=\"brand\" href=\"/\" aria-label=\"Portolan, home\">");
            out.push_str(logo::MARK);
            out.push_str("<span class=\"brand-name\">Portolan</span></a>");
            out.push_str(islands.palette.as_str());
            out.push_str(account.as_str());
            out.push_str("</header><div class=\"frame\">");
            navigation::write(&mut out, visit);
        }
        out.push_str(if framed {
            "<main id=\"main\" class=\"main\">"
        } else {
            "<main id=\"main\" class=\"bare\">"
        });
        out.push_str(rules::trouble(visit).as_str());
        out.push_str(crate::calendar::notices(visit).as_str());
        // A region of its own, so that what is told of a change goes when the change goes on.
        out.push_str("<div id=\"notice\"");
        out.push_str(if visit.notice.is_some_and(crate::Notice::passes) {
            " data-live-region>"
        } else {
            ">"
        });
        if let Some(notice) = visit.notice.filter(|_| self.notice) {
            let (class, glyph) = if notice == crate::Notice::NotConfirmed {
                ("warn", "shield-alert")
            } else {
                ("good", "circle-check")
            };
            out.push_str(&format!("<div class=\"panel {class}\" role=\"status\">"));
            parts::icon::write_icon(&mut out, glyph);
            out.push_str("<p>");
            escape(&mut out, notice.words());
            out.push_str("</p></div>");
        }
        out.push_str("</div>");
        out.push_str(self.main.as_str());
        out.push_str("</main>");
        if framed {
            out.push_str("</div>");
        }
        foot::write(&mut out, visit, framed);
        out.push_str(islands.quiet.as_str());
        out.push_str("</body></html>");
        out
    }
}
