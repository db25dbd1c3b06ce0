//! What a visitor sees who has not signed in.

use leptos::prelude::*;

use crate::{Document, Params, Visit, html, parts::icon, shell};

mod chart;

/// `return_to` of the address is where signing in leads.
pub fn landing(visit: &Visit) -> Document {
    let back = visit.params.get("return_to").unwrap_or("/");
    let href = Params::default().link("/auth/login", &[("return_to", back)]);
    let main = html! {
        <div class="landing">
            {chart::chart()}
            <div class="landing-text">
                <p class="landing-brand">{shell::logo()}"Portolan"</p>
                <h1 id="title" tabindex="-1">"One road for every change, in both regions."</h1>
                <p class="landing-lead">"Ask for a deployment, see exactly what it will do, let the right people agree, and watch it go to the passive region first and then to the active one. Under your own name, all the way into AWS."</p>
                <div class="row"><a class="btn btn-primary btn-lg" href=href id="sign-in">"Sign in"{icon("arrow-right")}</a></div>
                <dl class="landing-points">
                    <div><dt>"Evidence first"</dt><dd>"An approval counts for one digest of what will be done. If anything in it moves, the approval is void."</dd></div>
                    <div><dt>"Your rights, not ours"</dt><dd>"Every AWS call is made with a short-lived session of the person who asked, narrowed to what was approved."</dd></div>
                    <div><dt>"Nothing forgotten"</dt><dd>"Who asked, who agreed, what ran and what was refused stay in one log that is only ever added to."</dd></div>
                </dl>
            </div>
        </div>
    };
    Document::new("Sign in", main).bare()
}
