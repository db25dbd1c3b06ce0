//! A service's releases, newest first.

use control::{Page, releases::ReleaseRow};
use domain::{Refusal, ServiceName};
use leptos::prelude::*;

use crate::{
    Html, Params, Visit, html,
    parts::{self, Narrow, commit, icon, image_digest, person},
    time,
    words::external,
};

pub(super) fn releases(
    visit: &Visit,
    service: &ServiceName,
    page: &Page<ReleaseRow>,
    may_request: &std::result::Result<(), Refusal>,
) -> Html {
    let path = format!("/services/{service}");
    if page.items.is_empty() {
        return parts::empty(
            "tag",
            "No release has been registered",
            "CI registers a release when it has pushed an image: POST /api/v1/services/{name}/releases with version, commit and digest.",
            None,
        );
    }
    let rows = page
        .items
        .iter()
        .map(|row| release(visit, row, may_request.is_ok()))
        .collect();
    let head = parts::heads(&[
        "Version",
        "Commit",
        "Image",
        "Registered",
        "By",
        "Build",
        "",
    ]);
    html! {
        {parts::table("Releases, newest first", Narrow::Cards, head, rows)}
        {parts::pager(&visit.params, &path, "releases_cursor", page.items.len(), page.total, page.next_cursor.as_deref())}
    }
}

fn release(visit: &Visit, row: &ReleaseRow, may_request: bool) -> Html {
    let build = row
        .build_url
        .as_deref()
        .map_or(Html::EMPTY, |url| external(url, "build"));
    let deploy = may_request.then(|| {
        let mut query = Params::default().link(&format!("/services/{}/deploy", row.service), &[("version", row.version.as_str())]);
        query.push_str("#version");
        html! { <a class="btn btn-sm" href=query aria-label=format!("Deploy {} {}", row.service, row.version)>{icon("rocket")}"Deploy"</a> }
    });
    html! {
        <tr>
            <th scope="row"><span class="version">{row.version.as_str()}</span></th>
            <td data-label="Commit">{commit(row.commit.as_str())}</td>
            <td data-label="Image">{image_digest(&row.digest)}</td>
            <td data-label="Registered">{time::ago(visit.now, row.created_at)}</td>
            <td data-label="By">{person(row.registered_by.as_str(), None)}</td>
            <td data-label="Build">{build}</td>
            <td>{deploy}</td>
        </tr>
    }
}
