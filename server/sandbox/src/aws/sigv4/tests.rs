//! Against the vectors of AWS's own test suite, and against everything that is not a signature.
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use super::{Message, Refusal, Signed, verify};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: &str = "2015-08-30T12:36:00Z";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        map.append(
            name,
            HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
        );
    }
    map
}

fn authorization(signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={signed}, Signature={signature}"
    )
}

fn check(
    method: &Method,
    target: &str,
    map: &HeaderMap,
    body: &str,
    now: &str,
) -> Result<(), Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let signed = Signed::read(map, query)?;
    let message = Message {
        method,
        path,
        query,
        headers: map,
        body: body.as_bytes(),
    };
    verify(
        &signed,
        &message,
        SECRET,
        now.parse::<Timestamp>().expect("a time"),
    )
}

/// Name in the AWS test suite, method, target, extra headers, signed headers, signature.
type Vector = (
    &'static str,
    Method,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const VECTORS: &[Vector] = &[
    (
        "get-vanilla",
        Method::GET,
        "/",
        &[],
        "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "get-vanilla-query-order-key-case",
        Method::GET,
        "/?Param2=value2&Param1=value1",
        &[],
        "host;x-amz-date",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "post-vanilla",
        Method::POST,
        "/",
        &[],
        "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    (
        "get-header-value-trim",
        Method::GET,
        "/",
        &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
];

#[test]
fn the_published_vectors_verify() {
    for (name, method, target, extra, signed, signature) in VECTORS {
        let authorization = authorization(signed, signature);
        let mut pairs = vec![
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", &authorization),
        ];
        pairs.extend_from_slice(extra);
        assert_eq!(
            check(method, target, &headers(&pairs), "", NOW),
            Ok(()),
            "{name}"
        );
        // The same signature covers nothing else.
        assert!(
            check(method, &format!("{target}x"), &headers(&pairs), "", NOW).is_err(),
            "{name}: path"
        );
        assert!(
            check(method, target, &headers(&pairs), "x", NOW).is_err(),
            "{name}: body"
        );
        assert!(
            check(&Method::DELETE, target, &headers(&pairs), "", NOW).is_err(),
            "{name}: method"
        );
    }
}

#[test]
fn the_clock_decides_to_the_second() {
    let (_, method, target, _, signed, signature) = &VECTORS[0];
    let authorization = authorization(signed, signature);
    let map = headers(&[
        ("host", "example.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        ("authorization", &authorization),
    ]);
    for (now, want) in [
        ("2015-08-30T12:41:00Z", None),
        (
            "2015-08-30T12:41:01Z",
            Some(
                "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)",
            ),
        ),
        ("2015-08-30T12:31:00Z", None),
        (
            "2015-08-30T12:30:59Z",
            Some(
                "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)",
            ),
        ),
    ] {
        let want = want.map_or(Ok(()), |message| Err(Refusal::Mismatch(message.to_owned())));
        assert_eq!(check(method, target, &map, "", now), want, "{now}");
    }
}

#[test]
fn what_is_no_signature_is_named() {
    let good = authorization("host;x-amz-date", "00");
    let cases: Vec<(Vec<(&str, String)>, &str)> = vec![
        (vec![], "Missing"),
        (
            vec![("authorization", String::new())],
            "Unsupported signing algorithm",
        ),
        (
            vec![("authorization", "Basic YTpi".into())],
            "Unsupported signing algorithm",
        ),
        (
            vec![("authorization", "AWS4-HMAC-SHA256".into())],
            "Unsupported signing algorithm",
        ),
        (
            vec![("authorization", "AWS4-HMAC-SHA256x Credential=a".into())],
            "Unsupported signing algorithm",
        ),
        (
            vec![("authorization", "AWS4-HMAC-SHA256 nonsense".into())],
            "missing equal-sign",
        ),
        (
            vec![("authorization", "AWS4-HMAC-SHA256 Credential=a".into())],
            "requires 'Signature'",
        ),
        (
            vec![("authorization", format!("{good}, Signature=00"))],
            "twice",
        ),
        (
            vec![
                ("authorization", good.clone()),
                ("authorization", good.clone()),
            ],
            "more than once",
        ),
        (vec![("authorization", good.clone())], "X-Amz-Date"),
        (
            vec![
                ("authorization", good.clone()),
                ("x-amz-date", "yesterday".into()),
            ],
            "basic format",
        ),
        (
            vec![
                ("authorization", good.clone()),
                ("x-amz-date", "20150831T123600Z".into()),
            ],
            "Date in Credential scope",
        ),
        (
            vec![
                ("authorization", good.replace("/service/", "/")),
                ("x-amz-date", "20150830T123600Z".into()),
            ],
            "exactly 5",
        ),
        (
            vec![
                ("authorization", good.replace("us-east-1", "")),
                ("x-amz-date", "20150830T123600Z".into()),
            ],
            "empty element",
        ),
        (
            vec![
                ("authorization", good.replace("host;", "host;host;")),
                ("x-amz-date", "20150830T123600Z".into()),
            ],
            "each once",
        ),
        (
            vec![
                ("authorization", good.replace("=00", "=zz")),
                ("x-amz-date", "20150830T123600Z".into()),
            ],
            "does not match",
        ),
        (
            vec![
                ("authorization", good.replace("host;", "")),
                ("x-amz-date", "20150830T123600Z".into()),
            ],
            "'Host' must be",
        ),
        (
            vec![
                ("authorization", good.clone()),
                ("x-amz-date", "20150830T123600Z".into()),
                ("x-amz-target", "A.B".into()),
            ],
            "'x-amz-target' must be",
        ),
        (
            vec![
                ("authorization", good.replace("host;", "host;x-absent;")),
                ("x-amz-date", "20150830T123600Z".into()),
            ],
            "was not sent",
        ),
        (vec![("authorization", "é".into())], "not ASCII"),
    ];
    for (pairs, want) in cases {
        let mut borrowed: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        borrowed.push(("host", "example.amazonaws.com"));
        let refused = check(&Method::GET, "/", &headers(&borrowed), "", NOW).expect_err(want);
        assert!(
            format!("{refused:?}").contains(want),
            "{pairs:?}: {refused:?}, want {want}"
        );
    }
    let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Algorithm=AWS4-HMAC-SHA256";
    assert!(matches!(
        check(&Method::GET, query, &headers(&[]), "", NOW),
        Err(Refusal::Incomplete(_))
    ));
    let both = headers(&[("authorization", &good)]);
    assert!(matches!(
        check(&Method::GET, query, &both, "", NOW),
        Err(Refusal::Incomplete(_))
    ));
}
