//! Wildcards `*` and `?`, and policy variables such as `${aws:PrincipalTag/team}`.
use super::request::Context;

/// One piece of a pattern; what a variable brings in is literal, never a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    Any,
    One,
}

/// A pattern whose variables are filled in; `None` if the request lacks one that has no default.
/// With `variables` off (policy version 2008-10-17) `${…}` is text.
pub(super) fn resolve(pattern: &str, context: &Context, variables: bool) -> Option<Vec<Token>> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if variables
            && let Some(after) = rest.strip_prefix("${")
            && let Some((name, tail)) = after.split_once('}')
        {
            tokens.extend(variable(name, context)?.chars().map(Token::Char));
            rest = tail;
            continue;
        }
        tokens.push(match first {
            '*' => Token::Any,
            '?' => Token::One,
            other => Token::Char(other),
        });
        rest = &rest[first.len_utf8()..];
    }
    Some(tokens)
}

/// `name`, or `name, 'default'`; `*`, `?` and `$` stand for themselves. A key with several values has no place in a text.
fn variable(name: &str, context: &Context) -> Option<String> {
    if matches!(name, "*" | "?" | "$") {
        return Some(name.to_owned());
    }
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (
            key.trim(),
            Some(default.trim().trim_matches('\'').to_owned()),
        ),
        None => (name, None),
    };
    match context.get(key) {
        Some([value]) => Some(value.clone()),
        Some(_) => None,
        None => default,
    }
}

/// Whether the whole text matches, by the usual two-pointer walk with one remembered `*`.
pub(super) fn matches(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(Token::One) => {}
            Some(Token::Char(c)) if *c == text[t] => {}
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                    continue;
                }
                None => return false,
            },
        }
        p += 1;
        t += 1;
    }
    pattern[p..].iter().all(|token| *token == Token::Any)
}

/// The pattern as plain text, for operators without wildcards.
pub(super) fn literal(pattern: &[Token]) -> String {
    let char = |token: &Token| match token {
        Token::Char(c) => *c,
        Token::Any => '*',
        Token::One => '?',
    };
    pattern.iter().map(char).collect()
}

/// Actions: wildcards, no variables, case ignored.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    resolve(&pattern.to_ascii_lowercase(), &Context::default(), false)
        .is_some_and(|pattern| matches(&pattern, &action.to_ascii_lowercase()))
}

/// ARNs: each of the six parts on its own, so that a wildcard does not reach across a colon (the last part may hold colons).
pub(super) fn arn_matches(pattern: &[Token], text: &str) -> bool {
    if pattern == [Token::Any] {
        return true;
    }
    let mut parts = text.splitn(6, ':');
    let mut patterns = pattern.splitn(6, |token| *token == Token::Char(':'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if matches(pattern, part) => {}
            _ => return false,
        }
    }
}
