//! [`Html`]: finished HTML, as text. Views are turned into it at once, so that pages
//! borrow what they show, types stay small, and a constant piece costs one copy.

use std::borrow::Cow;

use leptos::{
    prelude::{AddAnyAttr, Render, RenderHtml},
    tachys::{
        html::{
            InertElement, InertElementState,
            attribute::{Attribute, any_attribute::AnyAttribute},
        },
        hydration::Cursor,
        view::{Position, PositionState},
    },
};

/// HTML that is ready to be sent. Made from a view, which escapes its texts, from a constant
/// of this program, or by [`Html::text`]; never from a text that somebody else wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(Cow<'static, str>);

impl Html {
    pub const EMPTY: Self = Self(Cow::Borrowed(""));

    /// A view, rendered now. Use the macro `html!`.
    pub fn of(view: impl RenderHtml) -> Self {
        Self(Cow::Owned(view.to_html()))
    }

    /// A piece of HTML that stands in this program.
    pub const fn constant(html: &'static str) -> Self {
        Self(Cow::Borrowed(html))
    }

    /// HTML assembled by this crate with every foreign text escaped by [`escape`].
    pub(crate) fn assembled(html: String) -> Self {
        Self(Cow::Owned(html))
    }

    /// A foreign text.
    pub fn text(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        escape(&mut out, text);
        Self(Cow::Owned(out))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Self {
        let mut out = String::new();
        for piece in pieces {
            out.push_str(&piece.0);
        }
        Self(Cow::Owned(out))
    }
}

/// Adds `text` to `out` so that it is only text there, in an element or in a quoted attribute.
pub fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// `html! { <p>"a view"</p> }`: a view as finished [`Html`].
#[macro_export]
macro_rules! html {
    ($($view:tt)*) => { $crate::html::Html::of(::leptos::prelude::view! { $($view)* }) };
}

// What Leptos asks of a view. On the server only `to_html_with_buf` is ever called; the
// rest is passed on to the view that Leptos itself has for finished HTML.

impl Render for Html {
    type State = InertElementState;

    fn build(self) -> Self::State {
        InertElement::new(self.0).build()
    }
    fn rebuild(self, state: &mut Self::State) {
        InertElement::new(self.0).rebuild(state);
    }
}

impl AddAnyAttr for Html {
    type Output<SomeNewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Self {
        self
    }
}

impl RenderHtml for Html {
    type AsyncOutput = Self;
    type Owned = Self;
    const MIN_LENGTH: usize = 0;

    fn html_len(&self) -> usize {
        self.0.len()
    }
    fn dry_resolve(&mut self) {}
    async fn resolve(self) -> Self {
        self
    }
    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        _escape: bool,
        _mark_branches: bool,
        _extra_attrs: Vec<AnyAttribute>,
    ) {
        buf.push_str(&self.0);
        *position = Position::NextChild;
    }
    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        InertElement::new(self.0).hydrate::<FROM_SERVER>(cursor, position)
    }
    fn into_owned(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use leptos::prelude::*;

    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        let hostile = r#"<script>alert("x")</script> & 'y'"#;
        let escaped = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;";
        assert_eq!(Html::text(hostile).as_str(), escaped);
        let view = html! { <p title=hostile>{hostile}</p> };
        assert!(!view.as_str().contains("<script"), "{view:?}");
        assert!(!view.as_str().contains("alert(\"x\")</script>"), "{view:?}");
    }

    #[test]
    fn finished_html_goes_in_as_it_is() {
        let badge = Html::constant("<b>1</b>");
        let list = vec![badge.clone(), badge.clone()];
        let view = html! { <p>{badge.clone()}{Some(badge)}{None::<Html>}{list}</p> };
        assert_eq!(view.as_str().matches("<b>1</b>").count(), 4, "{view:?}");
    }
}
