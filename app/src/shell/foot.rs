//! The foot: how old the page is and the id to give when asking for help.

use crate::{Visit, time};

pub(super) fn write(out: &mut String, visit: &Visit, framed: bool) {
    out.push_str(if framed {
        "<footer class=\"foot\">"
    } else {
        "<footer class=\"foot foot-bare\">"
    });
    out.push_str("<span id=\"made\" data-live-region>As of ");
    out.push_str(time::stamp(visit.now).as_str());
    out.push_str("</span><span>Request <code>");
    out.push_str(&visit.request_id.to_string());
    out.push_str("</code></span>");
    if framed {
        out.push_str("<span><a class=\"link-quiet\" href=\"/keys\">Keys</a></span>");
        out.push_str("<span><a class=\"link-quiet\" href=\"/api/v1/openapi.json\">API</a></span>");
    }
    out.push_str("</footer>");
}
