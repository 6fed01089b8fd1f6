//! Header names, lists and text.

use super::{invite_with, request};
use crate::sip::{Name, quote, unquote};

#[test]
fn a_list_is_one_whether_in_one_header_or_in_several() {
    let message = request(invite_with(&[
        ("Record-Route", b"<sip:a;x=1,2;lr>,\"b, \\\"c\" <sip:b;lr>"),
        ("record-route", b"<sip:c;lr> , <sip:d;lr>"),
    ]));
    let items: Vec<String> = message.headers.items(Name::RecordRoute).map(|item| item.to_string()).collect();
    assert_eq!(items, ["<sip:a;x=1,2;lr>", "\"b, \\\"c\" <sip:b;lr>", "<sip:c;lr>", "<sip:d;lr>"]);
}

#[test]
fn empty_items_of_a_list_are_left_out() {
    let message = request(invite_with(&[("Supported", b", path,,replaces ,"), ("k", b"")]));
    let items: Vec<_> = message.headers.items(Name::Supported).collect();
    assert_eq!(items, ["path", "replaces"]);
}

#[test]
fn a_header_without_a_name_is_found_in_any_case() {
    let message = request(invite_with(&[("X-Voice_Call", b"1"), ("x-voice_call", b"2")]));
    assert_eq!(message.headers.named("x-voice_CALL").unwrap().value, b"1");
    assert!(message.headers.named("x-voice").is_none());
}

#[test]
fn quoting_and_unquoting_are_each_others_reverse() {
    for text in ["", "a", "\"", "\\", "a \"b\" \\ c", "é\\\""] {
        assert_eq!(unquote(&quote(text).into()), text);
    }
    assert_eq!(unquote(&"plain".into()), "plain");
    assert_eq!(unquote(&"\"".into()), "\"");
}
