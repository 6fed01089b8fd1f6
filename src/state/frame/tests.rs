use super::*;
use crate::state::Settings;
use crate::state::tests::{offered, settings};

fn press() -> Press {
    Press::new(&Settings { epochs: "7f3a".into(), ..settings() })
}

#[test]
fn nothing_is_encoded_before_somebody_asks_and_then_once() {
    let event = press().number(Told::from(offered(1)), false);
    let frames = [Frame::from(event.clone()), Frame::from(event.clone())];
    assert!(event.text.get().is_none());
    let sent = frames.each_ref().map(Frame::sse);
    assert_eq!(sent[0].as_ptr(), sent[1].as_ptr());
    assert!(frames[0].line().starts_with(b"{\"specversion\""));
}

#[test]
fn all_who_ask_at_the_same_time_are_given_the_same() {
    let event = press().number(Told::from(offered(1)), false);
    let ask = || Frame::from(event.clone()).sse().as_ptr().addr();
    let [first, second] =
        std::thread::scope(|scope| [scope.spawn(ask), scope.spawn(ask)].map(|asking| asking.join().unwrap()));
    assert_eq!(first, second);
}

#[test]
fn what_the_disk_gets_is_kept_for_those_who_follow_and_is_the_same() {
    let mut press = press();
    let (awaited, unread) =
        (press.number(Told::from(offered(1)), true), press.number(Told::from(offered(2)), false));
    for (event, is_kept) in [(awaited, true), (unread, false)] {
        let written = event.envelope();
        assert_eq!(event.text.get().is_some(), is_kept);
        assert_eq!(Frame::from(event).envelope(), written);
    }
}
