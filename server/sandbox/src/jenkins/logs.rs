//! The two shapes of a progressive log answer.

use serde_json::json;

use super::answer::Answer;
use super::log::{Chunk, crlf};
use super::server::header;

/// The classic shape: text with CRLF, the rest in headers.
pub(crate) fn progressive(chunk: &Chunk) -> Answer {
    let answer =
        Answer::text(crlf(&chunk.text)).with(header("x-text-size"), chunk.next.to_string());
    if chunk.more {
        answer.with(header("x-more-data"), "true")
    } else {
        answer
    }
}

/// The shape since core 2.534: parts `text` and `meta`, LF ends.
pub(crate) fn multipart(chunk: &Chunk) -> Answer {
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    let meta = json!({
        "completed": !chunk.more,
        "start": chunk.start,
        "end": chunk.next,
        "startFromNewLine": true,
    });
    let mut body = Vec::with_capacity(chunk.text.len() + 512);
    for (name, kind, content) in [
        ("text", "text/plain;charset=UTF-8", chunk.text.as_slice()),
        (
            "meta",
            "application/json;charset=utf-8",
            meta.to_string().as_bytes(),
        ),
    ] {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Answer::body(&format!("multipart/form-data; boundary={boundary}"), body)
}
