//! Input that no SDK sends: broken signatures, odd bodies, doubled headers. Each gets a clear error, none a hang or a 500.
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use jiff::Timestamp;
use portolan_sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{IRELAND, conformance_world, root};

/// A request signed by hand at any time: `GetCallerIdentity`, `ListClusters`, or an ECR target with an empty object.
pub(crate) fn signed(
    sandbox: &Sandbox,
    who: &Credentials,
    service: &'static str,
    target: Option<&'static str>,
    at: Timestamp,
) -> reqwest::RequestBuilder {
    let (method, path, body, kind) = match service {
        "sts" => (
            "POST",
            "/",
            "Action=GetCallerIdentity&Version=2011-06-15",
            "application/x-www-form-urlencoded",
        ),
        "eks" => ("GET", "/clusters", "", "application/json"),
        _ => ("POST", "/", "{}", "application/x-amz-json-1.1"),
    };
    let mut headers = vec![("content-type", kind)];
    headers.extend(target.map(|target| ("x-amz-target", target)));
    signed_request(
        sandbox,
        who,
        service,
        (method, path),
        &headers,
        body.as_bytes(),
        at,
    )
}

fn signed_request(
    sandbox: &Sandbox,
    who: &Credentials,
    service: &'static str,
    (method, path): (&str, &str),
    headers: &[(&'static str, &str)],
    body: &[u8],
    at: Timestamp,
) -> reqwest::RequestBuilder {
    let url = format!("{}{path}", sandbox.url());
    let identity = who.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(IRELAND)
        .name(service)
        .time(SystemTime::from(at))
        .settings(SigningSettings::default())
        .build()
        .expect("complete")
        .into();
    let host = sandbox.url().trim_start_matches("http://").to_owned();
    let all = headers.iter().copied().chain([("host", host.as_str())]);
    let request =
        SignableRequest::new(method, &url, all, SignableBody::Bytes(body)).expect("signable");
    let (instructions, _) = sign(request, &params).expect("signed").into_parts();
    let mut call = reqwest::Client::new()
        .request(method.parse().expect("a method"), &url)
        .body(body.to_vec());
    for (name, value) in headers.iter().copied().chain(instructions.headers()) {
        call = call.header(name, value);
    }
    call
}

async fn text(call: reqwest::RequestBuilder) -> (u16, String) {
    let answer = call.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    assert!(headers.contains_key("x-amzn-requestid"), "{headers:?}");
    let code = headers
        .get("x-amzn-errortype")
        .map(|code| code.to_str().expect("text").to_owned());
    (
        status,
        code.unwrap_or_default() + " " + &answer.text().await.expect("text"),
    )
}

/// Sends bytes, reads everything that comes back.
async fn raw(sandbox: &Sandbox, bytes: &[u8]) -> String {
    let mut socket = tokio::net::TcpStream::connect(sandbox.url().trim_start_matches("http://"))
        .await
        .expect("connected");
    socket.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await;
    read.expect("the connection ends").expect("read");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn malformed_authorization_is_answered_not_crashed_on() {
    let sandbox = conformance_world().await;
    let long = "A".repeat(20_000);
    let unicode = "AWS4-HMAC-SHA256 Credential=ключ/20260101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=00";
    for (authorization, code) in [
        ("", "IncompleteSignature"),
        ("Bearer x", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 ", "IncompleteSignature"),
        (
            "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;;;, Signature=",
            "IncompleteSignature",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/sts/aws4_request, SignedHeaders=host, Signature=00",
            "IncompleteSignature",
        ),
        (long.as_str(), "IncompleteSignature"),
        (unicode, "IncompleteSignature"),
    ] {
        let call = reqwest::Client::new()
            .post(sandbox.url())
            .header("authorization", authorization.as_bytes())
            .header("x-amz-date", "now");
        let (status, body) = text(call).await;
        assert!(
            (400..500).contains(&status) && body.contains(code),
            "{authorization:.60}: {status} {body}"
        );
        assert!(
            body.len() < 2_000,
            "a hostile header does not come back whole"
        );
    }
    let (status, body) = text(reqwest::Client::new().post(sandbox.url())).await;
    assert!(
        status == 403 && body.contains("MissingAuthenticationToken"),
        "{status} {body}"
    );
}

#[tokio::test]
async fn bodies_are_bounded_and_hashed() {
    let sandbox = conformance_world().await;
    let now = sandbox.world().now();
    let big = vec![b'a'; 10 * 1024 * 1024];
    let call = signed_request(&sandbox, &root(), "sts", ("POST", "/"), &[], &big, now);
    let (status, body) = text(call).await;
    assert!(
        status == 413 && body.contains("RequestEntityTooLarge"),
        "{status} {body}"
    );

    let call = signed(&sandbox, &root(), "sts", None, now)
        .body("Action=GetCallerIdentity&Version=2011-06-15&x=1");
    let (status, body) = text(call).await;
    assert!(
        status == 403 && body.contains("SignatureDoesNotMatch"),
        "{status} {body}"
    );

    for (form, code) in [
        (
            b"Action=GetCallerIdentity&Action=AssumeRole&Version=2011-06-15".as_slice(),
            "MalformedInput",
        ),
        (
            b"Action=GetCallerIdentity&Version=2010-01-01",
            "InvalidAction",
        ),
        (b"Version=2011-06-15", "MissingAction"),
        (b"", "MissingAction"),
        (b"\xff\xfe", "MalformedQueryString"),
        (b"Action=%ff&Version=2011-06-15", "MalformedQueryString"),
        (
            "Action=Ünicode&Version=2011-06-15".as_bytes(),
            "NotImplemented",
        ),
        (b"Action=<script>&Version=2011-06-15", "&lt;script&gt;"),
        (
            b"Action=AssumeRole&Version=2011-06-15&Tags.member.2.Key=a",
            "MalformedInput",
        ),
        (
            b"Action=AssumeRole&Version=2011-06-15&Tags.member.1.Key=a",
            "ValidationError",
        ),
        (
            b"Action=AssumeRole&Version=2011-06-15&DurationSeconds=long",
            "MalformedInput",
        ),
        (
            b"Action=AssumeRole&Version=2011-06-15",
            "2 validation errors detected: Value null at 'roleArn'",
        ),
    ] {
        let (status, body) = text(signed_request(
            &sandbox,
            &root(),
            "sts",
            ("POST", "/"),
            &[],
            form,
            now,
        ))
        .await;
        assert!(
            body.contains(code) && (400..=501).contains(&status) && status != 500,
            "{}: {status} {body}",
            String::from_utf8_lossy(form)
        );
    }
    let target = [(
        "x-amz-target",
        "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
    )];
    for (json, code) in [
        ("", "SerializationException"),
        ("[]", "SerializationException"),
        ("{\"repositoryName\": 7}", "SerializationException"),
        ("{}", "InvalidParameterException"),
        (
            "{\"repositoryName\":\"shop/cart\",\"imageIds\":[]}",
            "InvalidParameterException",
        ),
        (
            "{\"repositoryName\":\"shop/cart\",\"imageIds\":[{}]}",
            "InvalidParameterException",
        ),
        (
            "{\"repositoryName\":\"shop/cart\",\"imageIds\":[{\"imageDigest\":\"sha256:xyz\"}]}",
            "InvalidParameterException",
        ),
        (
            "{\"repositoryName\":\"shop/cart\",\"maxResults\":-1}",
            "InvalidParameterException",
        ),
    ] {
        let (status, body) = text(signed_request(
            &sandbox,
            &super::workloads(&sandbox).await,
            "ecr",
            ("POST", "/"),
            &target,
            json.as_bytes(),
            now,
        ))
        .await;
        assert!(
            status == 400 && body.contains(code),
            "{json}: {status} {body}"
        );
    }
    let deep = format!("{{\"repositoryName\":{}}}", "[".repeat(100_000));
    let (status, _) = text(signed_request(
        &sandbox,
        &root(),
        "ecr",
        ("POST", "/"),
        &target,
        deep.as_bytes(),
        now,
    ))
    .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_wire_itself_may_be_odd() {
    let sandbox = conformance_world().await;
    let now = sandbox.world().now();
    // A chunked body verifies like any other.
    let call = signed(&sandbox, &root(), "sts", None, now)
        .build()
        .expect("a request");
    let host = sandbox.url().trim_start_matches("http://");
    let mut lines = vec![
        "POST / HTTP/1.1".to_owned(),
        "connection: close".to_owned(),
        "transfer-encoding: chunked".to_owned(),
        format!("host: {host}"),
    ];
    for (name, value) in call.headers() {
        lines.push(format!("{name}: {}", value.to_str().expect("text")));
    }
    let request = lines.join("\r\n") + "\r\n";
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let (first, second) = body.split_at(7);
    let chunks = format!(
        "{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let answer = raw(&sandbox, format!("{request}\r\n{chunks}").as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("root-of-tests"),
        "{answer}"
    );
    // A doubled Authorization or date is refused, not guessed at.
    for double in ["authorization", "x-amz-date"] {
        let value = call.headers()[double].to_str().expect("text");
        let answer = raw(
            &sandbox,
            format!("{request}{double}: {value}\r\n\r\n{chunks}").as_bytes(),
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("more than once"),
            "{double}: {answer}"
        );
    }
    // A signed header sent twice is another value than the one signed.
    let answer = raw(
        &sandbox,
        format!("{request}content-type: text/plain\r\n\r\n{chunks}").as_bytes(),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    // A body that breaks off, and what is no HTTP at all.
    let answer = raw(&sandbox, format!("{request}\r\nzz\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let answer = raw(&sandbox, b"\x16\x03\x01 nonsense\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    // After all of it, the next client is served.
    assert_eq!(
        signed(&sandbox, &root(), "sts", None, now)
            .send()
            .await
            .expect("an answer")
            .status(),
        200
    );
}

#[tokio::test]
async fn unknown_services_and_regions_are_named() {
    let sandbox = conformance_world().await;
    let (status, body) = text(signed(
        &sandbox,
        &root(),
        "dynamodb",
        Some("DynamoDB_20120810.ListTables"),
        sandbox.world().now(),
    ))
    .await;
    assert!(
        status == 501 && body.contains("\\\"dynamodb\\\""),
        "{status} {body}"
    );
    let config = super::sdk(&sandbox, root(), "us-gov-west-1", 1).await;
    let error = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .expect_err("no such region here");
    assert!(
        format!("{error:?}").contains("scoped to a valid region"),
        "{error:?}"
    );
}
