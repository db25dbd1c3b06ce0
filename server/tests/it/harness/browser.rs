//! A browser as far as sessions need one: it keeps cookies, follows nothing by itself, and says where a request comes from.

use std::collections::BTreeMap;

use reqwest::{Client, Method, header::HeaderMap};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |v| v.to_str().expect("a header is text"))
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {} {}", self.status, self.text))
    }

    /// The stable code of the problem.
    pub fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text
        );
        self.json()["code"].as_str().expect("a code").to_owned()
    }

    pub fn set_cookies(&self) -> Vec<String> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .map(|v| v.to_str().expect("text").to_owned())
            .collect()
    }
}

#[derive(Clone, Debug)]
pub struct Browser {
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
    client: Client,
}

impl Browser {
    pub fn new(origin: &str) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            client,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// What one of our own pages would send: same origin, with the session's token.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .append_pair("csrf", &token)
            .finish();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("origin", &self.origin.clone()),
        ];
        self.send(Method::POST, path, &headers, Some(form)).await
    }

    /// What a script of one of our own pages would send.
    pub async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let (token, origin) = (self.csrf(), self.origin.clone());
        let mut headers = vec![
            ("sec-fetch-site", "same-origin"),
            ("origin", &origin),
            ("x-csrf-token", &token),
        ];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        self.send(
            method,
            &format!("/api/v1{path}"),
            &headers,
            body.map(ToString::to_string),
        )
        .await
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.origin)
        };
        let mut request = self.client.request(method, url);
        if !self.cookies.is_empty() {
            let all: Vec<_> = self
                .cookies
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            request = request.header("cookie", all.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer {
            status,
            headers,
            text: response.text().await.expect("a body"),
        };
        for cookie in answer.set_cookies() {
            self.keep(&cookie);
        }
        answer
    }

    /// The head of an answer that does not end by itself.
    pub async fn head_of(&self, path: &str) -> Answer {
        let all: Vec<_> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let request = self
            .client
            .get(format!("{}{path}", self.origin))
            .header("cookie", all.join("; "));
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let stream = headers
            .get("content-type")
            .is_some_and(|v| v == "text/event-stream");
        Answer {
            status,
            headers,
            text: if stream {
                String::new()
            } else {
                response.text().await.expect("a body")
            },
        }
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a pair");
        if attributes.to_lowercase().contains("max-age=0") || value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    pub fn session_cookie(&self) -> Option<&String> {
        self.cookies.get("portolan")
    }

    /// The token that the portal puts into this session's forms.
    pub fn csrf(&self) -> String {
        self.session_cookie().map_or_else(String::new, |id| {
            portolan_server::edge::csrf::token_of(id).expect("a session id")
        })
    }

    /// Whether the portal knows who this is.
    pub async fn is_signed_in(&mut self) -> bool {
        let answer = self.clone().get("/auth/step-up").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        !answer.location().starts_with("/auth/login")
    }
}
