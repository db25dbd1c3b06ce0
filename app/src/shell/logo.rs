//! The mark: a compass rose as portolan charts carry it, with the north in red.

use crate::html::Html;

pub(super) const MARK: &str = "<svg class=\"mark\" viewBox=\"0 0 32 32\" aria-hidden=\"true\"><g fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.1\" opacity=\".55\"><circle cx=\"16\" cy=\"16\" r=\"11.2\"/><path d=\"M4.9 4.9l22.2 22.2M27.1 4.9L4.9 27.1\"/></g><path fill=\"currentColor\" d=\"M1 16l13-2.2L16 16l-2 2.2zM31 16l-13 2.2L16 16l2-2.2zM16 31l-2.2-13L16 16l2.2 2z\"/><path class=\"mark-north\" d=\"M16 1l2.2 13L16 16l-2.2-2z\"/></svg>";

pub fn logo() -> Html {
    Html::constant(MARK)
}
