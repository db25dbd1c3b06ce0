//! Pages of a list: the token is opaque to clients and says where to go on.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page and the token of the next; `None` if the token was not made here.
pub(crate) fn cut<'a, T>(
    all: &'a [T],
    most: usize,
    token: Option<&str>,
) -> Option<(&'a [T], Option<String>)> {
    let from = match token {
        None => 0,
        Some(token) => {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            String::from_utf8(bytes)
                .ok()?
                .strip_prefix("from:")?
                .parse::<usize>()
                .ok()?
        }
    };
    let rest = all.get(from..)?;
    if rest.len() <= most {
        return Some((rest, None));
    }
    let next = URL_SAFE_NO_PAD.encode(format!("from:{}", from + most));
    Some((&rest[..most], Some(next)))
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn pages_join_to_the_whole() {
        let all: Vec<u32> = (0..10).collect();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let (page, next) = cut(&all, 4, token.as_deref()).expect("a page");
            seen.extend_from_slice(page);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(cut(&all, 4, Some("made up")).is_none());
        assert!(cut(&all, 4, Some("ZnJvbTo5OTk")).is_none());
    }
}
