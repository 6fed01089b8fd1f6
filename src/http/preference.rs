//! `Accept`: the form of an answer that a client likes best.

use std::cmp::Reverse;

use axum::http::{HeaderMap, header};

/// How much a form is liked: its weight in thousandths, how exactly it is named, and how early.
type Rank = (u16, u8, Reverse<usize>);

/// What stands behind the media type that is liked best (RFC 9110 §12.4.2, §12.5.1); of those that are liked as much, behind the
/// first. `None`: none of them is acceptable.
pub fn preferred<T>(headers: &HeaderMap, forms: impl IntoIterator<Item = (&'static str, T)>) -> Option<T> {
    let ranges = ranges(headers);
    let mut best: Option<(Rank, T)> = None;
    for (form, meaning) in forms {
        let Some(rank) = rank(&ranges, form) else { continue };
        if best.as_ref().is_none_or(|(so_far, _)| rank > *so_far) {
            best = Some((rank, meaning));
        }
    }
    best.map(|(_, meaning)| meaning)
}

/// The range that names a form most exactly says how much it is liked, and whether at all.
fn rank(ranges: &[(&str, u16)], form: &str) -> Option<Rank> {
    let fits = |(place, (range, weight)): (usize, &(&str, u16))| {
        Some((exactness(range, form)?, Reverse(place), *weight))
    };
    let (exactness, place, weight) = ranges.iter().enumerate().filter_map(fits).max()?;
    (weight > 0).then_some((weight, exactness, place))
}

fn exactness(range: &str, form: &str) -> Option<u8> {
    let (kind, _) = form.split_once('/')?;
    match range.strip_suffix("/*") {
        _ if range.eq_ignore_ascii_case(form) => Some(2),
        Some(of) if of.eq_ignore_ascii_case(kind) => Some(1),
        Some("*") => Some(0),
        _ => None,
    }
}

/// The media ranges and their weights, in their order.
fn ranges(headers: &HeaderMap) -> Vec<(&str, u16)> {
    let lists = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let range = |range| {
        let mut parts = str::split(range, ';').map(str::trim);
        (parts.next().unwrap_or_default(), parts.find_map(weight).unwrap_or(1000))
    };
    lists.flat_map(|list| list.split(',')).map(range).collect()
}

/// In thousandths; `None`: another parameter, or no weight, which is passed over.
fn weight(param: &str) -> Option<u16> {
    let (name, value) = param.split_once('=')?;
    let weight: f32 = value.trim().parse().ok().filter(|_| name.trim().eq_ignore_ascii_case("q"))?;
    (0.0..=1.0).contains(&weight).then_some((weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn liked(accept: &[&str]) -> Option<&'static str> {
        let headers = accept.iter().map(|list| (header::ACCEPT, list.parse().unwrap())).collect();
        preferred(&headers, [("application/json", "json"), ("text/csv", "csv")])
    }

    #[test]
    fn the_form_of_the_greatest_weight_is_liked_best() {
        for (accept, form) in [
            ("text/csv", Some("csv")),
            ("Text/CSV; header=present", Some("csv")),
            ("application/json, text/csv;q=0.1", Some("json")),
            ("application/json;q=0.5, text/csv;q=0.501", Some("csv")),
            ("text/csv;q=0.5;x=y, application/json ; Q = 0.4", Some("csv")),
            ("text/*", Some("csv")),
            ("text/*;q=0.1, */*;q=0.2", Some("json")),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(liked(&[accept]), form, "{accept}");
        }
        assert_eq!(liked(&[]), None);
        assert_eq!(
            liked(&["application/json;q=0.3", "text/csv;q=0.4"]),
            Some("csv"),
            "two fields are one list"
        );
    }

    #[test]
    fn a_weight_of_nothing_is_a_no_however_the_rest_is_liked() {
        assert_eq!(liked(&["text/csv;q=0"]), None);
        assert_eq!(liked(&["text/csv;q=0.000, */*;q=0.1"]), Some("json"));
        assert_eq!(liked(&["*/*, application/json;q=0"]), Some("csv"));
        assert_eq!(liked(&["text/csv;q=0, application/json;q=0"]), None);
    }

    #[test]
    fn of_what_is_liked_as_much_the_most_exact_wins_then_the_first_of_the_client_then_ours() {
        assert_eq!(liked(&["*/*, text/csv"]), Some("csv"));
        assert_eq!(liked(&["text/csv, application/json"]), Some("csv"));
        assert_eq!(liked(&["application/json, text/csv"]), Some("json"));
        assert_eq!(liked(&["text/html, application/xml;q=0.9, */*;q=0.8"]), Some("json"));
    }

    #[test]
    fn what_is_no_weight_is_passed_over() {
        for weight in ["2", "-1", "NaN", "x", ""] {
            assert_eq!(
                liked(&[&format!("text/csv;q={weight}, application/json;q=0.9")]),
                Some("csv"),
                "{weight}"
            );
        }
    }
}
