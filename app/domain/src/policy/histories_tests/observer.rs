//! Reads what happened and knows nothing of how it is decided: each rule is said again here, the plain way.

use super::{road::Road, *};

/// A word that was taken.
struct Word {
    by: usize,
    behind: Option<usize>,
}

/// What may never be in a history.
pub(super) fn violation(road: &Road<'_>) -> Option<&'static str> {
    let requester = road
        .people
        .iter()
        .position(|p| p.id == road.change.requester);
    let (mut runs, mut ended) = (0, false);
    let mut words: Vec<Word> = vec![];
    for (n, happened) in road.log.iter().enumerate() {
        let before = &road.log[..n];
        match happened {
            Happened::Approved {
                by,
                behind,
                digest,
                at,
            } => {
                if Some(*by) == requester {
                    return Some("a requester approved their own change");
                }
                if *digest != 1 {
                    return Some("an approval of other evidence was taken");
                }
                if words.iter().any(|word| word.by == *by) {
                    return Some("somebody was counted twice");
                }
                if behind.is_some_and(|behind| !asked_to(before, behind, *by, *at)) {
                    return Some("somebody stood in whom nobody had asked to");
                }
                words.push(Word {
                    by: *by,
                    behind: *behind,
                });
            }
            Happened::Ran { evidence, at } => {
                runs += 1;
                if runs > 1 {
                    return Some("one grant ran twice");
                }
                if *evidence != 1 {
                    return Some("changed evidence was run");
                }
                if ended {
                    return Some("a change ran after its end");
                }
                if *at >= road.change.expires_at.as_second() {
                    return Some("a change ran after it had expired");
                }
                let early = road
                    .wishes
                    .start_at
                    .is_some_and(|from| *at < from.as_second());
                let alone =
                    road.wishes.after.is_empty() || before.contains(&Happened::OtherSucceeded);
                if early || !alone {
                    return Some("a change started before its time");
                }
                if is_held(before, *at) {
                    return Some("a change started that the calendar held");
                }
                if !suffice(road, &words, &BTreeSet::new()) {
                    return Some("a change ran with too few approvals");
                }
                let gone = before.iter().filter_map(|h| match h {
                    Happened::Gone(who) => Some(*who),
                    _ => None,
                });
                if !suffice(road, &words, &gone.collect()) {
                    return Some("a change ran on the word of somebody without standing");
                }
            }
            Happened::Overridden {
                asked_by,
                confirmed_by,
                ..
            } if asked_by == confirmed_by || Some(*confirmed_by) == requester => {
                return Some("one person alone overrode the calendar");
            }
            Happened::Rejected | Happened::Cancelled | Happened::Expired | Happened::Stale => {
                ended = true;
            }
            _ => {}
        }
    }
    None
}

/// Whether `from` had asked `to` to stand in for them at that time.
fn asked_to(before: &[Happened], from: usize, to: usize, at: i64) -> bool {
    before.iter().any(|happened| {
        matches!(happened, Happened::StandIn { from: f, to: t, until } if (*f, *t) == (from, to) && at < *until)
    })
}

/// Whether something of the calendar held a start at that second: a freeze or stop that is on, or windows none of which
/// is open, unless an override that two people gave passes it. A stop is never passed.
fn is_held(before: &[Happened], at: i64) -> bool {
    let ended = |id: ScheduleId| before.contains(&Happened::EndedEntry(id));
    let entries: Vec<&Entry> = before
        .iter()
        .filter_map(|happened| match happened {
            Happened::Made(entry) if !ended(entry.id) => Some(&**entry),
            _ => None,
        })
        .collect();
    let passed = |id: ScheduleId| {
        before.iter().any(|happened| {
            matches!(happened, Happened::Overridden { entries, until, .. } if entries.contains(&id) && at < *until)
        })
    };
    let on = |entry: &Entry| match entry.when {
        When::Once(span) => span.from.as_second() <= at && at < span.until.as_second(),
        When::Open { .. } => true,
        When::Recurring(_) => false,
    };
    let windows = || entries.iter().filter(|e| e.class == Class::Window);
    let frozen = entries.iter().any(|e| match e.class {
        Class::Stop => on(e),
        Class::Freeze => on(e) && !passed(e.id),
        Class::Window => false,
    });
    let outside = !windows().any(|e| on(e)) && windows().any(|e| !passed(e.id));
    frozen || outside
}

/// Whether these words fill every place that is asked for, each person one of them. Those who are `gone` stand for
/// nothing, neither in their own name nor behind another's.
fn suffice(road: &Road<'_>, words: &[Word], gone: &BTreeSet<usize>) -> bool {
    let places: Vec<&Approvers> = road
        .needs
        .iter()
        .flat_map(|need| std::iter::repeat_n(&need.of, need.count as usize))
        .collect();
    let standing: Vec<&Word> = words.iter().filter(|w| !gone.contains(&w.by)).collect();
    fill(road, &places, &standing, gone)
}

fn fill(road: &Road<'_>, places: &[&Approvers], words: &[&Word], gone: &BTreeSet<usize>) -> bool {
    let Some((place, others)) = places.split_first() else {
        return true;
    };
    words.iter().enumerate().any(|(n, word)| {
        let is = |who: usize| place.include(&road.people[who], &road.change.team);
        let behind = word.behind.filter(|behind| !gone.contains(behind));
        if !is(word.by) && !behind.is_some_and(is) {
            return false;
        }
        let mut left = words.to_vec();
        left.remove(n);
        fill(road, others, &left, gone)
    })
}
