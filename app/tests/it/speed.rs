//! How long the busiest page takes to render. Printed, not judged: machines differ.

use std::time::Instant;

use domain::{ChangeState, JobRole};

use crate::fixtures;

#[test]
fn time_of_rendering() {
    let page = fixtures::services(20);
    let facets = fixtures::facets();
    let visit = fixtures::visit(
        "/services",
        &[JobRole::Developer],
        &[("q", "cart"), ("sort", "-team")],
    );
    let rounds = 200;
    let begun = Instant::now();
    let mut bytes = 0;
    for _ in 0..rounds {
        bytes = app::services::list::view(&visit, &facets, Ok(&page))
            .into_html(&visit)
            .len();
    }
    let each = begun.elapsed() / rounds;
    println!("services, 20 rows: {each:?} and {bytes} bytes each");
    let change = fixtures::change(ChangeState::Running);
    let begun = Instant::now();
    for _ in 0..rounds {
        bytes = app::changes::detail::view(
            &visit,
            &change,
            &fixtures::log(),
            app::changes::Posted::default(),
        )
        .into_html(&visit)
        .len();
    }
    println!(
        "a change: {:?} and {bytes} bytes each",
        begun.elapsed() / rounds
    );
    assert!(bytes > 1_000);
}
