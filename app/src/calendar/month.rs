//! A month of the calendar: days side by side where there is room, a list of days where there is not.

use control::{
    Control, Result,
    schedule::{DayChange, Month, ScheduleQuery},
};
use domain::{
    Refusal,
    policy::{ManageSchedule, Room, StopTheLine},
    schedule::{Entry, Span, Zone},
};
use jiff::{Timestamp, ToSpan, civil::Date};
use leptos::prelude::*;

use super::words;
use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, Tone, icon, mark, status},
};

/// Of one day so many changes are shown; the rest is counted.
const SHOWN: usize = 4;

/// # Errors
/// A caller who may not see the calendar, or a fault.
pub async fn month(control: &Control, visit: &Visit) -> Result<Document> {
    let caller = visit.caller()?;
    let zone = visit
        .params
        .get("zone")
        .and_then(|name| Zone::parse(name).ok())
        .unwrap_or_else(Zone::utc);
    let first = asked(visit.params.get("month"))
        .unwrap_or_else(|| zone.wall(visit.now).date().first_of_month());
    let days =
        days(first, &zone).ok_or_else(|| Refusal::field("month", "a month such as 2026-12"))?;
    let within = Span {
        from: days[0].1.from,
        until: days[days.len() - 1].1.until,
    };
    let month = control.month(caller, within).await?;
    let query = ScheduleQuery {
        in_force: true,
        limit: Some(100),
        ..ScheduleQuery::default()
    };
    let in_force = control.schedule(caller, query).await?.items;
    let may = May {
        schedule: control
            .policies()
            .may(caller, ManageSchedule, &Room::Schedule, visit.now)
            .is_ok(),
        stop: control
            .policies()
            .may(caller, StopTheLine, &Room::Schedule, visit.now)
            .is_ok(),
    };
    Ok(view(visit, first, &zone, &days, &month, &in_force, may))
}

#[derive(Clone, Copy)]
struct May {
    schedule: bool,
    stop: bool,
}

/// `2026-12`, within years that people plan in.
fn asked(text: Option<&str>) -> Option<Date> {
    let (year, month) = text?.split_once('-')?;
    let year: i16 = year.parse().ok().filter(|y| (1970..=9000).contains(y))?;
    Date::new(year, month.parse().ok()?, 1).ok()
}

/// The days of a month with the time that each is by the zone's clock.
fn days(first: Date, zone: &Zone) -> Option<Vec<(Date, Span)>> {
    let next = first.checked_add(1.month()).ok()?;
    let mut days = vec![];
    let mut day = first;
    while day < next {
        let tomorrow = day.tomorrow().ok()?;
        let midnight = |date: Date| zone.first_instant(date.at(0, 0, 0, 0));
        days.push((
            day,
            Span {
                from: midnight(day)?,
                until: midnight(tomorrow)?,
            },
        ));
        day = tomorrow;
    }
    Some(days)
}

fn view(
    visit: &Visit,
    first: Date,
    zone: &Zone,
    days: &[(Date, Span)],
    month: &Month,
    in_force: &[Entry],
    may: May,
) -> Document {
    let name = first.strftime("%B %Y").to_string();
    let make = may.schedule.then(|| html! {
        <a class="btn btn-sm" href="/calendar/new?class=freeze">{icon("circle-pause")}"New freeze"</a>
        <a class="btn btn-sm" href="/calendar/new?class=window">{icon("calendar-clock")}"New window"</a>
    });
    let stop = may.stop.then(|| html! { <a class="btn btn-sm btn-danger" href="/calendar/new?class=stop">{icon("ban")}"Stop the line"</a> });
    let sub =
        html! { <span>"When changes may start. Days are of "{zone.as_str().to_owned()}"."</span> };
    let empty = (month.entries.is_empty() && month.changes.is_empty()).then(|| {
        parts::empty(
            "calendar-clock",
            &format!("Nothing in {name}"),
            "No window, freeze or stop is in force this month, and no change that you may see started. Changes start whenever they are approved.",
            None,
        )
    });
    let main = html! {
        {parts::heading(&[], "Calendar", sub, html! { {make}{stop} })}
        {turn(visit, first, &name, zone)}
        {empty}
        {grid(visit, first, days, month)}
        <section class="section" aria-labelledby="h-force">
            <h2 id="h-force">"In force"</h2>
            {list(visit, in_force)}
        </section>
    };
    Document::new(format!("Calendar, {name}"), main)
}

/// To the month before and after, and into another zone.
fn turn(visit: &Visit, first: Date, name: &str, zone: &Zone) -> Html {
    let to = |months: i32| {
        let there = first.checked_add(months.months()).ok()?;
        let text = there.strftime("%Y-%m").to_string();
        let words = there.strftime("%B %Y").to_string();
        Some((visit.params.link("/calendar", &[("month", &text)]), words))
    };
    let link = |months: i32, glyph: &'static str, rel: &'static str| {
        to(months).map(|(href, words)| {
            let label = words.clone();
            let (before, after) = if months < 0 { (Some(icon(glyph)), None) } else { (None, Some(icon(glyph))) };
            html! { <a class="btn btn-sm" rel=rel href=href aria-label=label>{before}{words}{after}</a> }
        })
    };
    let today = zone.wall(visit.now).date().first_of_month();
    let now = (today != first).then(|| html! { <a class="btn btn-sm" href=visit.params.link("/calendar", &[("month", "")])>"This month"</a> });
    let month = first.strftime("%Y-%m").to_string();
    html! {
        <div class="calendar-turn">
            <h2 id="h-month">{name.to_owned()}</h2>
            <nav class="row" aria-label="Months">{link(-1, "chevron-left", "prev")}{now}{link(1, "chevron-right", "next")}</nav>
            <form class="row" method="get" action="/calendar">
                <input type="hidden" name="month" value=month />
                <label class="small muted" for="zone">"Time zone"</label>
                <input class="input input-sm calendar-zone" id="zone" name="zone" value=zone.as_str().to_owned() autocomplete="off" />
                <button class="btn btn-sm" type="submit">"Show"</button>
            </form>
        </div>
    }
}

fn grid(visit: &Visit, first: Date, days: &[(Date, Span)], month: &Month) -> Html {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let names: Vec<_> = names
        .iter()
        .map(|day| html! { <li aria-hidden="true">{*day}</li> })
        .collect();
    // The first day stands under its name; the class says how many columns come before it.
    let offset = first.weekday().to_monday_zero_offset();
    let cells: Vec<_> = days
        .iter()
        .enumerate()
        .map(|(at, (date, span))| {
            let lead = if at == 0 {
                format!(" lead-{offset}")
            } else {
                String::new()
            };
            day(visit, *date, *span, month, &lead)
        })
        .collect();
    html! {
        <div aria-labelledby="h-month" role="group">
            <ul class="calendar-names">{names}</ul>
            <ol class="calendar">{cells}</ol>
        </div>
    }
}

fn day(visit: &Visit, date: Date, span: Span, month: &Month, lead: &str) -> Html {
    let entries: Vec<_> = month
        .entries
        .iter()
        .filter_map(|(entry, spans)| {
            let on = spans.iter().find(|s| s.meets(span))?;
            Some(bar(entry, *on, span))
        })
        .collect();
    let changes: Vec<&DayChange> = month.changes.iter().filter(|c| span.has(c.at)).collect();
    let empty = entries.is_empty() && changes.is_empty();
    let more = (changes.len() > SHOWN).then(|| html! { <li class="small muted">{format!("and {} more changes", changes.len() - SHOWN)}</li> });
    let changes: Vec<_> = changes.iter().take(SHOWN).map(|c| change(c)).collect();
    let today = span.has(visit.now);
    let mut class = format!("calendar-day{lead}");
    if empty {
        class.push_str(" is-empty");
    }
    if today {
        class.push_str(" is-today");
    }
    let number = date.day().to_string();
    let whole = date.strftime("%A, %-d %B").to_string();
    let mark = today.then(|| html! { <span class="sr-only">", today"</span> });
    html! {
        <li class=class aria-current=today.then_some("date")>
            <p class="calendar-date"><time datetime=date.to_string()><span class="calendar-number" aria-hidden="true">{number}</span><span class="calendar-whole">{whole}</span></time>{mark}</p>
            <ul class="calendar-items">{entries}{changes}{more}</ul>
        </li>
    }
}

/// An entry on one day, with its hours where they are not the whole day.
fn bar(entry: &Entry, on: Span, day: Span) -> Html {
    let begins = on.from > day.from;
    let ends = on.until < day.until;
    let clock = |at: Timestamp| entry.zone.wall(at).strftime("%H:%M").to_string();
    let hours = match (begins, ends) {
        (false, false) => "all day".to_owned(),
        (true, false) => format!("from {}", clock(on.from)),
        (false, true) => format!("until {}", clock(on.until)),
        (true, true) => format!("{}–{}", clock(on.from), clock(on.until)),
    };
    let zone = (begins || ends).then(|| format!(" {}", entry.zone));
    let class = format!("calendar-bar {}", tone(entry));
    html! {
        <li><a class=class href=format!("/calendar/{}", entry.id)>
            {icon(words::glyph(entry.class))}
            <span><strong>{words::name(entry.class)}</strong>" "<bdi>{words::short(&entry.reason, 40)}</bdi>" "<span class="small">{hours}{zone}</span></span>
        </a></li>
    }
}

fn tone(entry: &Entry) -> &'static str {
    match entry.class {
        domain::schedule::Class::Window => "good",
        domain::schedule::Class::Freeze => "warn",
        domain::schedule::Class::Stop => "bad",
    }
}

pub(super) fn change(change: &DayChange) -> Html {
    let passed = change
        .overridden
        .then(|| mark("shield-alert", "By override", Tone::Warn));
    html! {
        <li class="calendar-change">
            <a class="link-quiet" href=format!("/changes/{}", change.id)>{change.service.as_str().to_owned()}" "{change.version.as_str().to_owned()}" → "{change.environment.as_str().to_owned()}</a>
            {status(change.state)}{passed}
        </li>
    }
}

fn list(visit: &Visit, entries: &[Entry]) -> Html {
    if entries.is_empty() {
        return parts::empty(
            "calendar-clock",
            "Nothing is in force",
            "Changes may start at any time, once they are approved.",
            None,
        );
    }
    let rows = entries.iter().map(|entry| html! {
        <tr>
            <th scope="row"><a class="link-quiet" href=format!("/calendar/{}", entry.id)>{words::class(entry.class)}</a></th>
            <td data-label="For">{entry.reach.words()}</td>
            <td data-label="When">{entry.when_words()}</td>
            <td data-label="Now">{words::standing(entry, visit.now)}</td>
            <td data-label="Why"><bdi>{words::short(&entry.reason, 80)}</bdi></td>
            <td data-label="By" class="calendar-by">{parts::person(entry.author.as_str(), None)}</td>
        </tr>
    }).collect();
    parts::table(
        "Windows, freezes and stops in force",
        Narrow::Cards,
        parts::heads(&["What", "For", "When", "Now", "Why", "By"]),
        rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days_and_days_their_hours() {
        let berlin = Zone::parse("Europe/Berlin").expect("zone");
        let hours = |month: &str| -> Vec<i64> {
            let days = days(asked(Some(month)).expect("a month"), &berlin).expect("days");
            days.iter()
                .map(|(_, span)| span.until.duration_since(span.from).as_hours())
                .collect()
        };
        let october = hours("2026-10");
        assert_eq!((october.len(), october[24], october[23]), (31, 25, 24));
        let march = hours("2027-03");
        assert_eq!((march.len(), march[27]), (31, 23));
        assert_eq!(hours("2028-02").len(), 29);
        for bad in [
            "",
            "2026",
            "2026-13",
            "0001-01",
            "99999-01",
            "<b>-1",
            "2026-12-01",
        ] {
            assert!(asked(Some(bad)).is_none(), "{bad}");
        }
    }
}
