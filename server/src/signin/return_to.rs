//! Where to go after signing in: a place of ours, whatever the address says.

use url::Url;

/// `wanted`, if it is a path of this portal; else the home page.
pub(super) fn local(wanted: Option<&str>, public_url: &Url) -> String {
    wanted
        .filter(|path| is_local(path, public_url))
        .unwrap_or("/")
        .to_owned()
}

/// Whether `path` is a place of this portal that a browser may be sent to.
pub(crate) fn is_local(path: &str, public_url: &Url) -> bool {
    let mut chars = path.chars();
    let begins = chars.next() == Some('/') && !matches!(chars.next(), Some('/' | '\\'));
    // Browsers drop tabs and line ends and read a backslash as a slash, which makes `/\t/host` another host.
    let plain = path.len() <= 2_000
        && path.is_ascii()
        && !path
            .chars()
            .any(|c| c.is_ascii_control() || c == '\\' || c == ' ');
    let ours = || {
        public_url
            .join(path)
            .is_ok_and(|url| url.origin() == public_url.origin())
    };
    begins && plain && ours() && !path.starts_with("/auth/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours() {
        let ours = Url::parse("https://portolan.example.com").expect("an address");
        for good in [
            "/",
            "/changes?state=approved&q=a%20b",
            "/services/cart#releases",
        ] {
            assert_eq!(local(Some(good), &ours), good);
        }
        for bad in [
            "",
            "changes",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https://evil.test",
            "javascript:alert(1)",
            "/\t/evil.test",
            "/a\r\nSet-Cookie: x",
            "/\u{0}",
            "/é",
            "/auth/login",
            "///evil.test",
            "/a\\..\\b",
            " /",
            "/ /evil.test",
        ] {
            assert_eq!(local(Some(bad), &ours), "/", "{bad:?}");
        }
        assert_eq!(local(None, &ours), "/");
        assert_eq!(local(Some(&format!("/{}", "a".repeat(3_000))), &ours), "/");
    }
}
