//! The log in the browser: follows the end, or stays where the reader is; searches what is shown.
//!
//! Lines are kept in blocks that the browser need not lay out while they are out of sight
//! (`content-visibility`), and are added a frame at a time, so that twenty thousand of them
//! neither freeze the page nor make scrolling slow.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent};

use crate::{ansi, dom};

/// Lines of one block.
const BLOCK: u32 = 250;
/// Lines added in one frame.
const A_FRAME: usize = 1_500;
/// Lines kept in the browser. The server keeps all of them.
const KEPT: u32 = 50_000;

struct Line {
    seq: f64,
    time: String,
    place: String,
    text: String,
}

/// The log panel of the page.
pub(crate) struct Log {
    scroller: HtmlElement,
    block: Option<Element>,
    in_block: u32,
    shown: u32,
    last: f64,
    waiting: VecDeque<Line>,
    drawing: bool,
    /// Keeps to the end as lines come in.
    following: bool,
    unread: u32,
    search: String,
    hits: u32,
    /// Whether lines had to go from the top to keep the browser quick.
    dropped: bool,
    /// The last step and its region: the lines of one step come together.
    place: (String, String),
    /// Steps that the stream told of, with their regions: the page may not show them yet.
    steps: Vec<(String, String)>,
}

type Shared = Rc<RefCell<Log>>;

impl Log {
    /// Takes the panel over, if the page has one.
    pub(crate) fn start(last: f64) -> Option<Self> {
        let scroller = dom::by_id("log")?;
        let shown = u32::try_from(dom::all("#log [data-l]").len()).unwrap_or(0);
        scroller.set_scroll_top(scroller.scroll_height());
        Some(Self {
            scroller,
            block: None,
            in_block: 0,
            shown,
            last,
            waiting: VecDeque::new(),
            drawing: false,
            following: true,
            unread: 0,
            search: String::new(),
            hits: 0,
            dropped: false,
            place: (String::new(), String::new()),
            steps: vec![],
        })
    }

    /// Connects the tools above the log.
    pub(crate) fn connect(log: &Shared) {
        if let Some(tools) = dom::by_id("log-tools") {
            tools.set_hidden(false);
        }
        let scroller = log.borrow().scroller.clone();
        let with = log.clone();
        dom::on(&scroller, "scroll", move |_: Event| {
            with.borrow_mut().scrolled()
        });
        // Blocks out of sight have guessed heights until they have been drawn once.
        let with = log.clone();
        dom::after(80, move || {
            let log = with.borrow();
            if log.following {
                log.scroller.set_scroll_top(log.scroller.scroll_height());
            }
        });
        if let Some(button) = dom::by_id("log-follow") {
            let with = log.clone();
            dom::on(&button, "click", move |_: MouseEvent| {
                let mut log = with.borrow_mut();
                let on = !log.following;
                log.follow(on);
            });
        }
        if let Some(button) = dom::by_id("log-unread") {
            let with = log.clone();
            dom::on(&button, "click", move |_: MouseEvent| {
                with.borrow_mut().follow(true)
            });
        }
        if let Some(field) =
            dom::by_id("log-search").and_then(|f| f.dyn_into::<HtmlInputElement>().ok())
        {
            let with = log.clone();
            let input = field.clone();
            dom::on(&field, "input", move |_: Event| {
                with.borrow_mut().find(&input.value())
            });
            let with = log.clone();
            dom::on(&field, "keydown", move |event: KeyboardEvent| {
                if event.key() == "Enter" {
                    event.prevent_default();
                    with.borrow_mut().next_hit(event.shift_key());
                }
            });
        }
    }

    /// Empties the panel: all lines come anew, from the first.
    pub(crate) fn restart(log: &Shared) {
        if let Some(part) = dom::by_id("log-part") {
            part.set_hidden(true);
        }
        let mut log = log.borrow_mut();
        log.scroller.set_text_content(None);
        log.waiting.clear();
        log.block = None;
        (log.in_block, log.shown, log.unread, log.hits) = (0, 0, 0, 0);
        log.last = 0.0;
        log.tell();
    }

    /// One step of the run, as the stream tells of it.
    pub(crate) fn know(log: &Shared, data: &str) {
        if let Ok(step) = js_sys::JSON::parse(data) {
            let (id, region) = (dom::text(&step, "id"), dom::text(&step, "region"));
            let mut log = log.borrow_mut();
            if log.steps.iter().all(|(known, _)| *known != id) {
                log.steps.push((id, region));
            }
        }
    }

    /// One event of the stream: a line, or a list of lines.
    pub(crate) fn take(log: &Shared, data: &str) {
        let Ok(value) = js_sys::JSON::parse(data) else {
            return;
        };
        {
            let mut log = log.borrow_mut();
            if js_sys::Array::is_array(&value) {
                for item in js_sys::Array::from(&value).iter() {
                    log.queue(&item);
                }
            } else {
                log.queue(&value);
            }
        }
        Self::draw_soon(log);
    }

    fn queue(&mut self, item: &wasm_bindgen::JsValue) {
        let Some(seq) = dom::number(item, "seq") else {
            return;
        };
        // After a reconnect the server may send lines again; each is shown once.
        if seq <= self.last {
            return;
        }
        self.last = seq;
        let at = dom::text(item, "at");
        let place = self.place(item);
        self.waiting.push_back(Line {
            seq,
            time: at.get(11..19).unwrap_or_default().to_owned(),
            place,
            text: ansi::plain(&dom::text(item, "text")),
        });
    }

    /// The region that a line is from: said by the line, or known of its step on this page.
    fn place(&mut self, item: &wasm_bindgen::JsValue) -> String {
        let region = dom::text(item, "region");
        if !region.is_empty() {
            return region;
        }
        let step = dom::text(item, "step");
        if self.place.0 != step {
            let known = self.steps.iter().find(|(id, _)| *id == step);
            match known
                .map(|(_, region)| region.clone())
                .or_else(|| region_of(&step))
            {
                Some(region) => self.place = (step, region),
                None => return String::new(),
            }
        }
        self.place.1.clone()
    }

    fn draw_soon(log: &Shared) {
        if std::mem::replace(&mut log.borrow_mut().drawing, true) {
            return;
        }
        let with = log.clone();
        dom::frame(move || {
            let more = {
                let mut log = with.borrow_mut();
                log.drawing = false;
                log.draw();
                !log.waiting.is_empty()
            };
            if more {
                Self::draw_soon(&with);
            }
        });
    }

    fn draw(&mut self) {
        let take = self.waiting.len().min(A_FRAME);
        let lines: Vec<Line> = self.waiting.drain(..take).collect();
        for line in &lines {
            self.add(line);
        }
        if let Some(empty) = dom::by_id("log-empty") {
            empty.remove();
        }
        while self.shown > KEPT {
            let Some(oldest) = self.scroller.first_element_child() else {
                break;
            };
            self.shown = self
                .shown
                .saturating_sub(oldest.child_element_count().max(1));
            oldest.remove();
            self.dropped = true;
        }
        if self.following {
            self.scroller.set_scroll_top(self.scroller.scroll_height());
        } else {
            self.unread += u32::try_from(lines.len()).unwrap_or(0);
        }
        self.tell();
    }

    fn add(&mut self, line: &Line) -> Option<()> {
        if self.block.is_none() || self.in_block >= BLOCK {
            if let Some(full) = &self.block {
                full.set_class_name("log-block full");
            }
            let block = dom::make("div", "log-block", "")?;
            self.scroller.append_child(&block).ok()?;
            self.block = Some(block);
            self.in_block = 0;
        }
        let row = dom::make("div", "log-line", &line.text)?;
        row.set_id(&format!("L{}", line.seq));
        row.set_attribute("data-l", &format!("{} {}", line.time, line.place))
            .ok()?;
        if !self.search.is_empty() && has(&line.text, &self.search) {
            row.set_attribute("data-hit", "").ok()?;
            self.hits += 1;
        }
        self.block.as_ref()?.append_child(&row).ok()?;
        self.in_block += 1;
        self.shown += 1;
        Some(())
    }

    fn scrolled(&mut self) {
        let box_ = &self.scroller;
        let from_end = box_.scroll_height() - box_.scroll_top() - box_.client_height();
        if self.following && from_end > 80 {
            self.following = false;
            self.tell();
        } else if !self.following && from_end < 8 {
            self.follow(true);
        }
    }

    fn follow(&mut self, on: bool) {
        self.following = on;
        if on {
            self.unread = 0;
            self.scroller.set_scroll_top(self.scroller.scroll_height());
        }
        self.tell();
    }

    fn find(&mut self, typed: &str) {
        self.search = typed.trim().to_lowercase();
        self.hits = 0;
        for row in dom::elements_in(&self.scroller, "[data-l]") {
            let hit = !self.search.is_empty()
                && has(&row.text_content().unwrap_or_default(), &self.search);
            self.hits += u32::from(hit);
            if hit != row.has_attribute("data-hit") {
                let _ = row.toggle_attribute("data-hit");
            }
        }
        if self.hits > 0 {
            self.following = false;
            self.next_hit(false);
        }
        self.tell();
    }

    /// To the next line that was found, or the one before.
    fn next_hit(&mut self, back: bool) {
        let hits = dom::elements_in(&self.scroller, "[data-hit]");
        if hits.is_empty() {
            return;
        }
        let now = hits.iter().position(|row| row.has_attribute("data-now"));
        let next = match (now, back) {
            (None, _) => 0,
            (Some(at), false) => (at + 1) % hits.len(),
            (Some(at), true) => (at + hits.len() - 1) % hits.len(),
        };
        if let Some(row) = now.and_then(|at| hits.get(at)) {
            let _ = row.remove_attribute("data-now");
        }
        let _ = hits[next].set_attribute("data-now", "");
        self.following = false;
        hits[next].scroll_into_view_with_bool(true);
    }

    /// Says in words how the log stands.
    fn tell(&self) {
        if let Some(button) = dom::by_id("log-follow") {
            let on = if self.following { "true" } else { "false" };
            let _ = button.set_attribute("aria-pressed", on);
        }
        if let Some(pill) = dom::by_id("log-unread") {
            pill.set_hidden(self.unread == 0);
            pill.set_text_content(Some(&format!("{} new lines", self.unread)));
        }
        if let Some(count) = dom::by_id("log-count") {
            let words = if self.search.is_empty() && self.dropped {
                format!(
                    "the last {} lines; earlier ones are under “All of it”",
                    self.shown
                )
            } else if self.search.is_empty() {
                format!("{} lines", self.shown)
            } else {
                format!("{} of {} lines match", self.hits, self.shown)
            };
            count.set_text_content(Some(&words));
        }
    }
}

fn has(text: &str, lower: &str) -> bool {
    text.to_lowercase().contains(lower)
}

/// The region of the step with this id, as the page says it.
fn region_of(step: &str) -> Option<String> {
    let steps = dom::all("[data-step]");
    let found = steps
        .iter()
        .find(|e| e.get_attribute("data-step").as_deref() == Some(step))?;
    found.get_attribute("data-region")
}
