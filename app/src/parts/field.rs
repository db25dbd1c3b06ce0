//! A labelled form field with its hint and what is wrong with it.

use domain::Refusal;
use leptos::prelude::*;

use super::icon::icon;
use crate::{html, html::Html};

/// What a field of a form is, besides its control.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its name in the form, which is also the name that refusals use.
    pub name: &'a str,
    pub label: &'a str,
    pub hint: &'a str,
    pub refusal: Option<&'a Refusal>,
    /// What the browser offers while one types; anything else may be written.
    pub suggestions: &'a [String],
}

impl<'a> Field<'a> {
    pub fn new(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            hint: "",
            refusal: None,
            suggestions: &[],
        }
    }

    #[must_use]
    pub fn suggesting(mut self, suggestions: &'a [String]) -> Self {
        self.suggestions = suggestions;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Shows what `refusal` says about this field.
    #[must_use]
    pub fn refused(mut self, refusal: Option<&'a Refusal>) -> Self {
        self.refusal = refusal;
        self
    }

    fn wrong(&self) -> Option<&'a str> {
        self.refusal?.fields.get(self.name).map(String::as_str)
    }

    /// Ids of the texts that describe the control.
    fn described_by(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = self.wrong().map(|_| format!("{}-wrong", self.name));
        match (wrong, hint) {
            (Some(a), Some(b)) => Some(format!("{a} {b}")),
            (one, other) => one.or(other),
        }
    }

    fn wrap(&self, control: Html) -> Html {
        let hint = (!self.hint.is_empty())
            .then(|| html! { <p class="hint" id=format!("{}-hint", self.name)>{self.hint}</p> });
        let wrong = self.wrong().map(|wrong| {
            html! { <p class="wrong" id=format!("{}-wrong", self.name)>{icon("circle-x")}<span>{wrong}</span></p> }
        });
        html! {
            <div class="field">
                <label class="field-label" for=self.name>{self.label}</label>
                {control}{wrong}{hint}
            </div>
        }
    }

    pub fn text(&self, kind: &'static str, value: &str, required: bool) -> Html {
        let id = (!self.suggestions.is_empty()).then(|| format!("{}-suggestions", self.name));
        let list = id.clone().map(|id| {
            let options: Vec<_> = self
                .suggestions
                .iter()
                .map(|one| html! { <option value=one.as_str()></option> })
                .collect();
            html! { <datalist id=id>{options}</datalist> }
        });
        self.wrap(html! {
            <input class="input" id=self.name name=self.name type=kind value=value required=required list=id
                aria-describedby=self.described_by() aria-invalid=self.wrong().map(|_| "true") autocomplete="off" />
            {list}
        })
    }

    pub fn area(&self, value: &str, rows: u32, required: bool) -> Html {
        // Leptos 0.8 writes the children of a textarea unescaped, and browsers drop the first
        // line break: so the text is escaped here, after a break to be dropped.
        let mut text = String::from("\n");
        crate::html::escape(&mut text, value);
        self.wrap(html! {
            <textarea class="textarea" id=self.name name=self.name rows=rows required=required maxlength="2000" dir="auto"
                aria-describedby=self.described_by() aria-invalid=self.wrong().map(|_| "true") inner_html=text></textarea>
        })
    }

    /// `options` are (value, words); an empty first value says "any" or "choose".
    pub fn select(&self, options: &[(&str, &str)], chosen: &str) -> Html {
        let options: Vec<_> = options
            .iter()
            .map(|(value, words)| html! { <option value=*value selected=*value == chosen>{*words}</option> })
            .collect();
        self.wrap(html! {
            <select class="select" id=self.name name=self.name
                aria-describedby=self.described_by() aria-invalid=self.wrong().map(|_| "true")>{options}</select>
        })
    }

    /// One of several, all visible. `options` are (value, label, explanation).
    pub fn radios(&self, options: &[(&str, &str, &str)], chosen: &str) -> Html {
        let options: Vec<_> = options.iter().map(|(value, label, text)| html! {
            <label class="choice">
                <input class="radio radio-sm" type="radio" name=self.name value=*value checked=*value == chosen />
                <span><span class="choice-label">{*label}</span><span class="hint">{*text}</span></span>
            </label>
        }).collect();
        self.group(options)
    }

    /// Any of several. `options` are (value, label, explanation).
    pub fn checks(&self, options: &[(&str, &str, &str)], chosen: &[&str]) -> Html {
        let options: Vec<_> = options.iter().map(|(value, label, text)| html! {
            <label class="choice">
                <input class="checkbox checkbox-sm" type="checkbox" name=self.name value=*value checked=chosen.contains(value) />
                <span><span class="choice-label">{*label}</span><span class="hint">{*text}</span></span>
            </label>
        }).collect();
        self.group(options)
    }

    fn group(&self, options: Vec<Html>) -> Html {
        let hint = (!self.hint.is_empty())
            .then(|| html! { <p class="hint" id=format!("{}-hint", self.name)>{self.hint}</p> });
        let wrong = self.wrong().map(|wrong| {
            html! { <p class="wrong" id=format!("{}-wrong", self.name)>{icon("circle-x")}<span>{wrong}</span></p> }
        });
        html! {
            <fieldset class="field" aria-describedby=self.described_by()>
                <legend class="field-label">{self.label}</legend>
                {hint}<div class="choices">{options}</div>{wrong}
            </fieldset>
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Refusal;

    use super::*;

    #[test]
    fn a_textarea_shows_hostile_text_as_text_and_keeps_its_line_breaks() {
        let text = "\nfirst\n</textarea><script>alert(1)</script> & \u{202e}rtl \"quoted\"";
        let html = Field::new("reason", "Reason").area(text, 3, true);
        assert!(!html.as_str().contains("<script>"), "{html:?}");
        let page = scraper::Html::parse_fragment(html.as_str());
        let area = scraper::Selector::parse("textarea").expect("selector");
        let shown: String = page.select(&area).next().expect("area").text().collect();
        assert_eq!(shown, text);
    }

    #[test]
    fn what_is_wrong_is_tied_to_its_field() {
        let refusal = Refusal::field("reason", "say why");
        let html = Field::new("reason", "Reason")
            .hint("A sentence.")
            .refused(Some(&refusal))
            .area("", 3, true);
        let page = scraper::Html::parse_fragment(html.as_str());
        let area = scraper::Selector::parse("textarea").expect("selector");
        let area = page.select(&area).next().expect("area");
        assert_eq!(area.attr("aria-invalid"), Some("true"));
        assert_eq!(
            area.attr("aria-describedby"),
            Some("reason-wrong reason-hint")
        );
        for id in ["#reason-wrong", "#reason-hint"] {
            assert_eq!(
                page.select(&scraper::Selector::parse(id).expect("selector"))
                    .count(),
                1
            );
        }
        assert!(html.as_str().contains("for=\"reason\""));
    }
}
