//! What single values of the configuration are made of: addresses, times, numbers within bounds.

use std::{fmt, path::PathBuf, time::Duration};

use url::{Host, Url};

pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("it is empty".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    self::text(text).map(PathBuf::from)
}

pub(super) fn parsed<T>(text: &str) -> Result<T, String>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    text.parse().map_err(|e: T::Err| e.to_string())
}

/// An http address without credentials, query or fragment; plain `http` only to this machine itself.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("it is no http or https address".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "it holds a user name or password, which have settings of their own".to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment".to_owned());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("plain http is for 127.0.0.1, ::1 and localhost only".to_owned());
    }
    Ok(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// `250ms`, `15s`, `5m`, `12h` or `7d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or("it has no unit")?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number
        .parse()
        .map_err(|_| "it starts with no number".to_owned())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("'{unit}' is no unit")),
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(|| "it is too long".to_owned())
}

pub(super) fn within<T: PartialOrd + fmt::Debug + Copy>(
    low: T,
    high: T,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> impl FnOnce(&str) -> Result<T, String> {
    move |text| {
        let value = parse(text)?;
        if value < low || value > high {
            return Err(format!("it is not between {low:?} and {high:?}"));
        }
        Ok(value)
    }
}
