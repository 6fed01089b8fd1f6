//! The session description among the parts of a body.

use super::{invite_with, request};
use bytes::Bytes;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n";

/// What is found in such a body.
fn found(content_type: &str, body: &str) -> Option<String> {
    let headers = request(invite_with(&[("Content-Type", content_type.as_bytes())])).headers;
    let part = headers.description_part(&Bytes::copy_from_slice(body.as_bytes()), "application/sdp")?;
    Some(String::from_utf8(part.body.to_vec()).unwrap())
}

fn two_parts(first: &str, of_sdp: &str) -> String {
    format!("--b\r\n{first}\r\n\x01\x02--b\r\n\r\n--b\r\n{of_sdp}\r\n{SDP}\r\n--b--\r\n")
}

#[test]
fn the_description_is_found_whatever_stands_beside_it() {
    let isup = "Content-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n";
    let bodies = [
        two_parts(isup, "Content-Type: application/sdp\r\n"),
        two_parts(
            "Content-Type: application/isup\r\n",
            "c: Application/SDP;x=y\r\nContent-Disposition: session\r\n",
        ),
        two_parts("", "Content-Type:\r\n application/sdp\r\nContent-Transfer-Encoding: 8BIT\r\n"),
        format!("who reads this?\r\n--b \t\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b--"),
        two_parts(isup, "Content-Type: application/sdp\r\n").replace("\r\n", "\n"),
    ];
    for body in bodies {
        for content_type in ["multipart/mixed;boundary=b", "Multipart/Mixed; x=y; Boundary=\"b\""] {
            let body_found = found(content_type, &body).unwrap_or_else(|| panic!("nothing in {body}"));
            assert_eq!(body_found.replace("\r\n", "\n"), SDP.replace("\r\n", "\n"), "{body}");
        }
    }
}

#[test]
fn a_part_that_must_be_understood_and_is_not_hides_it() {
    let isup = "Content-Type: application/isup\r\nContent-Disposition: signal;handling=required\r\n";
    let body = two_parts(isup, "Content-Type: application/sdp\r\n");
    assert_eq!(found("multipart/mixed;boundary=b", &body), None);
}

#[test]
fn what_is_no_description_or_cannot_be_read_is_none() {
    let body = two_parts("", "Content-Type: application/sdp\r\n");
    for content_type in [
        "multipart/mixed",
        "multipart/mixed;boundary=",
        "multipart/mixed;boundary=\"\"",
        "multipart/mixed;boundary=c",
        "multipart/alternative;boundary=b",
        "application/sdp;boundary=b",
    ] {
        assert_eq!(found(content_type, &body), None, "{content_type}");
    }
    let long = "x".repeat(71);
    assert_eq!(
        found(&format!("multipart/mixed;boundary={long}"), &body.replace("--b", &format!("--{long}"))),
        None
    );
    for of_sdp in [
        "Content-Type: application/sdp\r\nContent-Disposition: early-session\r\n",
        "Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n",
        "Content-Type: text/plain\r\n",
        "",
    ] {
        assert_eq!(found("multipart/mixed;boundary=b", &two_parts("", of_sdp)), None, "{of_sdp}");
    }
    let broken =
        [body.replace("--b--", ""), String::new(), "--b--".into(), "--b\r\n--b--".into(), "--b".into()];
    for body in broken {
        assert_eq!(found("multipart/mixed;boundary=b", &body), None, "{body}");
    }
    let parts = "--b\r\n\r\nx\r\n".repeat(17);
    let many = format!("{parts}--b\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b--");
    assert_eq!(found("multipart/mixed;boundary=b", &many), None);
}
