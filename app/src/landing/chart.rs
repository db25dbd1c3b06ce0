//! The picture of the landing page: the rhumb lines of a portolan chart, two roses for the two
//! regions. Drawn once.

use std::{f64::consts::TAU, fmt::Write as _, sync::LazyLock};

use crate::Html;

static CHART: LazyLock<String> = LazyLock::new(draw);

pub(super) fn chart() -> Html {
    Html::assembled(CHART.clone())
}

/// Sixteen winds around a circle; every wind is joined to others by straight courses.
fn draw() -> String {
    let mut out = String::from(
        "<svg class=\"chart\" viewBox=\"0 0 1200 900\" preserveAspectRatio=\"xMidYMid slice\" aria-hidden=\"true\"><g class=\"chart-lines\">",
    );
    for (x, y, r) in [(330.0, 470.0, 1_900.0), (880.0, 330.0, 1_900.0)] {
        for wind in 0..32 {
            let angle = TAU * f64::from(wind) / 32.0;
            let class = if wind % 8 == 0 {
                "main-wind"
            } else if wind % 4 == 0 {
                "half-wind"
            } else {
                "quarter-wind"
            };
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "<path class=\"{class}\" d=\"M{x:.0} {y:.0}L{:.0} {:.0}\"/>",
                x + r * angle.cos(),
                y + r * angle.sin()
            );
        }
    }
    out.push_str("</g>");
    for (x, y, class) in [(330.0, 470.0, "passive"), (880.0, 330.0, "active")] {
        rose(&mut out, x, y, class);
    }
    out.push_str("<path class=\"chart-course\" d=\"M330 470C470 330 690 300 880 330\"/></svg>");
    out
}

fn rose(out: &mut String, x: f64, y: f64, class: &str) {
    let _ = write!(
        out,
        "<g class=\"chart-rose {class}\"><circle cx=\"{x}\" cy=\"{y}\" r=\"44\"/><circle cx=\"{x}\" cy=\"{y}\" r=\"34\"/>"
    );
    for point in 0..8 {
        let angle = TAU * f64::from(point) / 8.0 - TAU / 4.0;
        let long = if point % 2 == 0 { 56.0 } else { 30.0 };
        let side = |by: f64| (x + 9.0 * (angle + by).cos(), y + 9.0 * (angle + by).sin());
        let ((ax, ay), (bx, by)) = (side(-0.7), side(0.7));
        let north = if point == 0 {
            " class=\"mark-north\""
        } else {
            ""
        };
        let _ = write!(
            out,
            "<path{north} d=\"M{ax:.1} {ay:.1}L{:.1} {:.1}L{bx:.1} {by:.1}Z\"/>",
            x + long * angle.cos(),
            y + long * angle.sin()
        );
    }
    out.push_str("</g>");
}
