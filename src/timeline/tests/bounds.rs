//! How much is kept.

use super::*;

#[test]
fn of_a_long_call_the_beginning_and_the_latest_part_are_kept() {
    let (timelines, event) = rung();
    for number in 0..1000 {
        let info = message("INFO sip:1000@b SIP/2.0", ["b", "a"], &format!("X-Number: {number}\r\n"), "");
        receive(&timelines, info);
    }
    let story = timelines.story(event.call, &[]);
    let messages = story.entries.iter().filter_map(|entry| match entry {
        StoryEntry::Sip(sip) => Some(sip.message.as_str()),
        _ => None,
    });
    let messages: Vec<_> = messages.collect();
    assert!(messages[0].starts_with("INVITE") && messages.last().unwrap().contains("X-Number: 999"));
    assert!(messages.iter().map(|message| message.len()).sum::<usize>() < 64 * 1024);
    assert_eq!(story.entries.len() + story.dropped, 1003);
    assert!(text(&story).contains(&format!("({} entries in between are not kept)", story.dropped)));
}

#[test]
fn a_large_message_is_cut() {
    let (timelines, event) = begun();
    receive(&timelines, message(INVITE, ["b", ""], "", &"x".repeat(100_000)));
    let story = timelines.story(event.call, &[]);
    let StoryEntry::Sip(sip) = &story.entries[0] else { panic!() };
    assert_eq!(sip.bytes.len(), 16 * 1024);
    assert!(sip.length > 100_000);
}

/// Offers a call with this Call-ID, from an INVITE of its own.
fn offer(timelines: &Timelines, number: u64, call_id: &str) -> Event {
    let event = named(offered(number), Way::Inbound, call_id, [&format!("a{number}"), "b"]);
    timelines.told(&event);
    let invite = String::from_utf8(message(INVITE, ["b", ""], "", "").to_vec()).unwrap();
    receive(timelines, invite.replace("e040", call_id).into());
    event
}

#[test]
fn all_together_are_bounded_and_what_began_first_goes_first() {
    let timelines = timelines(100_000);
    let events: Vec<_> =
        (1..=1000).map(|number| offer(&timelines, number, &format!("call-{number}"))).collect();
    let (bytes, [traces, names, ended]) = timelines.lock().sizes();
    assert!((50_000..=100_000).contains(&bytes) && (10..500).contains(&traces), "{bytes} {traces}");
    assert_eq!((names, ended), (traces, 0));
    assert!(timelines.story(events[0].call.clone(), &[]).entries.is_empty());
    assert_eq!(timelines.story(events[999].call.clone(), &[]).entries.len(), 1);
}

#[test]
fn calls_of_which_nothing_is_seen_are_bounded_too() {
    let timelines = timelines(100_000);
    for number in 1..=10_000 {
        timelines.told(&named(offered(number), Way::Outbound, &format!("call-{number}"), ["a", ""]));
        assert!(number % 1000 > 0 || timelines.lock().sizes().0 <= 100_000);
    }
}

#[test]
fn calls_that_use_a_call_id_again_have_each_their_own_and_its_name_does_not_grow() {
    let timelines = timelines(1 << 20);
    let mut events = Vec::new();
    for number in 1..=20 {
        let event = offer(&timelines, number, "e040");
        timelines.told(&Event { kind: EventKind::Ended, ..event.clone() });
        events.push(event);
    }
    let (_, [traces, names, ended]) = timelines.lock().sizes();
    assert_eq!((traces, names, ended), (20, 4, 20));
    for event in &events {
        assert_eq!(titles(&timelines.story(event.call.clone(), &[])), ["INVITE"], "{}", event.call.id);
    }
    timelines.forget(Timestamp(0).after(HOUR * 2));
    assert_eq!(timelines.lock().sizes(), (0, [0; 3]));
}

#[test]
fn an_ended_call_is_forgotten_after_a_while_and_one_that_goes_on_is_not() {
    let (timelines, event) = rung();
    let later = Timestamp(0).after(HOUR * 2);
    timelines.forget(later);
    assert!(!timelines.story(event.call.clone(), &[]).entries.is_empty());
    timelines.told(&ended(1));
    timelines.forget(Timestamp(0));
    assert!(!timelines.story(event.call.clone(), &[]).entries.is_empty());
    timelines.forget(later);
    assert!(timelines.story(event.call, &[]).entries.is_empty());
    assert_eq!(timelines.lock().sizes(), (0, [0; 3]));
}
