//! Two small cookies: the colours a person chose, and what the last form did, told once.

use app::{Notice, Theme};
use axum::http::{HeaderMap, HeaderValue, header};

const THEME: &str = "portolan_theme";
const NOTICE: &str = "portolan_notice";

/// What the cookies of a request say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cookies {
    pub theme: Theme,
    pub notice: Option<Notice>,
}

pub(super) fn read(headers: &HeaderMap) -> Cookies {
    let mut found = Cookies::default();
    let all = headers.get_all(header::COOKIE).iter();
    for pair in all
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
    {
        match pair.trim().split_once('=') {
            Some((THEME, value)) => found.theme = Theme::parse(value).unwrap_or_default(),
            Some((NOTICE, value)) => found.notice = Notice::parse(value),
            _ => {}
        }
    }
    found
}

/// Tells `notice` on the next page.
pub(super) fn tell(notice: Notice, tls: bool) -> Option<HeaderValue> {
    cookie(NOTICE, notice.as_str(), 30, tls)
}

/// It has been told.
pub(super) fn told(tls: bool) -> Option<HeaderValue> {
    cookie(NOTICE, "", 0, tls)
}

pub(super) fn keep_theme(theme: Theme, tls: bool) -> Option<HeaderValue> {
    // 400 days is the longest that browsers keep a cookie.
    cookie(THEME, theme.as_str(), 400 * 24 * 3_600, tls)
}

fn cookie(name: &str, value: &str, seconds: u32, tls: bool) -> Option<HeaderValue> {
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_values_are_read() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=b; portolan_theme=dark; portolan_notice=<b>"),
        );
        assert_eq!(
            read(&headers),
            Cookies {
                theme: Theme::Dark,
                notice: None
            }
        );
        let set = tell(Notice::Approved, true).expect("a header");
        assert_eq!(
            set,
            "portolan_notice=approved; Path=/; Max-Age=30; HttpOnly; SameSite=Lax; Secure"
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("portolan_notice=approved"),
        );
        assert_eq!(read(&headers).notice, Some(Notice::Approved));
    }
}
