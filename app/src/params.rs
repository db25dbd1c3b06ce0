//! The query of an address: every filter, order and page of a list lives there, so that a
//! list can be linked, reloaded and gone back to.

use crate::html::escape;

/// The parameters of a query in their order. Reading never fails: what is unknown is ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of `name`; an empty one counts as absent, as forms send empty fields.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(k, v)| k == name && !v.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// Every value of `name` that is not empty.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim())
    }

    /// The value exactly as sent, spaces and all: for fields that go back into a form.
    pub fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Whether any of `names` narrows the list.
    pub fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The address of the same list with `changes` made. Any change but of the cursor itself
    /// leads back to the first page: a cursor belongs to its filters.
    pub fn link(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let turns_page = changes.iter().any(|(key, _)| key.ends_with("cursor"));
        let mut out = String::from(path);
        let mut separator = '?';
        let kept = self.pairs().filter(|(key, value)| {
            !value.is_empty()
                && !changes.iter().any(|(changed, _)| changed == key)
                && (turns_page || !key.ends_with("cursor"))
        });
        for (key, value) in kept.chain(changes.iter().copied().filter(|(_, v)| !v.is_empty())) {
            out.push(separator);
            separator = '&';
            encode(&mut out, key);
            out.push('=');
            encode(&mut out, value);
        }
        out
    }

    /// Hidden fields for what a form must carry along besides its own fields.
    pub fn hidden(&self, except: &[&str]) -> crate::html::Html {
        let mut out = String::new();
        for (key, value) in self.pairs() {
            if value.is_empty() || except.contains(&key) || key.ends_with("cursor") {
                continue;
            }
            out.push_str("<input type=\"hidden\" name=\"");
            escape(&mut out, key);
            out.push_str("\" value=\"");
            escape(&mut out, value);
            out.push_str("\">");
        }
        crate::html::Html::assembled(out)
    }
}

/// Percent-encodes for a path segment or a query value.
pub fn encode(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        Params::new(pairs.iter().map(owned).collect())
    }

    #[test]
    fn a_changed_filter_goes_back_to_the_first_page() {
        let now = params(&[("q", "a b&c"), ("team", ""), ("cursor", "xyz")]);
        assert_eq!(
            now.link("/services", &[("team", "x")]),
            "/services?q=a%20b%26c&team=x"
        );
        assert_eq!(
            now.link("/services", &[("cursor", "next")]),
            "/services?q=a%20b%26c&cursor=next"
        );
        assert_eq!(now.link("/services", &[("q", "")]), "/services");
    }

    #[test]
    fn empty_is_absent_but_raw_is_kept() {
        let now = params(&[("q", "  "), ("reason", " two \n lines ")]);
        assert_eq!(now.get("q"), None);
        assert_eq!(now.raw("reason"), " two \n lines ");
    }

    #[test]
    fn hidden_fields_are_escaped() {
        let html = params(&[("q", "\"><script>"), ("cursor", "x")]).hidden(&[]);
        assert_eq!(
            html.as_str(),
            "<input type=\"hidden\" name=\"q\" value=\"&quot;&gt;&lt;script&gt;\">"
        );
    }
}
