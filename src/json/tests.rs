use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::{length, to_vec};

fn assert_same(value: &(impl Serialize + ?Sized)) {
    let (ours, theirs) = (to_vec(value).unwrap(), serde_json::to_vec(value).unwrap());
    assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8(theirs).unwrap());
}

#[test]
fn text_is_escaped_as_serde_json_does_wherever_it_has_to_be() {
    let odd: String = (0..=0x2ff).filter_map(char::from_u32).collect();
    assert_same(&odd);
    for byte in (0..=0x7f).chain([0x80, 0x2028]) {
        let odd = char::from_u32(byte).unwrap();
        for length in [0, 1, 15, 16, 17, 31, 40] {
            for at in 0..=length {
                let mut text = "x".repeat(length);
                text.insert(at, odd);
                assert_same(&text);
                assert_same(&[&text, ""]);
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Variant {
    Alone,
    Holding(Option<u8>),
    Pair(i64, bool),
    Named { first: &'static str, second: f64 },
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Wrapped(char);

#[derive(Serialize)]
struct Triple(u64, i8, f32);

struct Shown(&'static str);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.0, 7)
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
struct All {
    empty: [u8; 0],
    none: Option<u8>,
    some: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    variants: Vec<Variant>,
    unit: Unit,
    wrapped: Wrapped,
    triple: Triple,
    pair: (u32, u16),
    labels: BTreeMap<&'static str, i32>,
    shown: Shown,
    nothing: (),
    #[serde(flatten)]
    inside: BTreeMap<&'static str, bool>,
}

#[test]
fn every_shape_is_written_as_serde_json_does() {
    use Variant::{Alone, Holding, Named, Pair};
    let all = All {
        empty: [],
        none: None,
        some: Some("a \"word\"\\"),
        left_out: None,
        variants: vec![
            Alone,
            Holding(None),
            Holding(Some(255)),
            Pair(i64::MIN, true),
            Named { first: "", second: 0.1 },
            Named { first: "1", second: f64::NAN },
        ],
        unit: Unit,
        wrapped: Wrapped('\u{7}'),
        triple: Triple(u64::MAX, -1, 1e9),
        pair: (0, 1),
        labels: [("", -3), ("a\tb", 4)].into(),
        shown: Shown("\u{1f}\"ü"),
        nothing: (),
        inside: [("true", true), ("false", false)].into(),
    };
    assert_same(&all);
    assert_same(&serde_json::json!({"a": [1, -2, 3.5, null, {"b": "c"}], "": {}}));
}

#[test]
fn a_key_that_is_not_text_is_refused() {
    assert!(to_vec(&BTreeMap::from([(1, 2)])).is_err());
}

#[test]
fn the_length_of_text_is_about_that_of_what_is_written() {
    for text in ["", "a", "\"", "\r\n", "\u{1}", "é\u{1f}", "abcdefghijklmnopqrstuvw", "0123456789abcde\n\""]
    {
        for times in [1, 2, 7, 16, 100] {
            let text = text.repeat(times);
            let (counted, written) = (length(&text), to_vec(&text).unwrap().len() - 2);
            let least = if text.len() < 16 { text.len() } else { written };
            assert!((least..=written * 3 + 80).contains(&counted), "{counted} for {written}: {text:?}");
        }
    }
}
