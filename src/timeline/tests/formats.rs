//! How a timeline is written.

use super::*;

#[test]
fn a_ladder_shows_who_has_said_what_and_when() {
    let (timelines, event) = rung();
    let asked = asked(event.call.id, "accept", None);
    timelines.answered(event.call.id, asked, Some("the call has\x1b[2J \u{202e}ended".to_owned()));
    let ladder = text(&timelines.story(event.call, &[]));
    for line in [
        "── INVITE (SDP) ──",
        "◀─ 180 Ringing ──",
        "agent ◁── ring by crm: done",
        "accept: refused: the call has[2J ended",
    ] {
        assert!(ladder.contains(line), "{line}\n{ladder}");
    }
    assert!(!ladder.contains(['\x1b', '\u{202e}']));
}

#[test]
fn a_diagram_is_not_broken_by_what_peers_write() {
    let (timelines, event) = rung();
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 486 Busy; #1\"end", ["b", "a"], "", ""));
    let diagram = mermaid(&timelines.story(event.call.clone(), &[]));
    let lines: Vec<_> = diagram.lines().map(str::trim).collect();
    assert_eq!(lines[0], "sequenceDiagram");
    assert!(lines.contains(&"P->>A: INVITE (SDP)") && lines.contains(&"C->>A: ring by crm"), "{diagram}");
    assert!(lines.contains(&"A->>P: 486 Busy#59; #35;1#34;#101;nd"), "{diagram}");
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 480 End \u{202e}of endless", ["b", "a"], "", ""));
    let diagram = mermaid(&timelines.story(event.call, &[]));
    assert!(diagram.contains("A->>P: 480 #69;nd  of endless\n"), "{diagram}");
}

/// The blocks of a capture file, and their types.
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let length = number(&file[4..]) as usize;
        assert_eq!((length % 4, number(&file[length - 4..]) as usize), (0, length));
        blocks.push((number(file), &file[8..length - 4]));
        file = &file[length..];
    }
    blocks
}

#[test]
fn a_capture_has_a_packet_for_each_message_with_true_lengths_and_sums() {
    for (transport, peer, protocol, payload) in
        [(Transport::Tcp, "10.0.0.1:40312", 6, 40), (Transport::Udp, "[2001:db8::1]:5070", 17, 48)]
    {
        let (timelines, event) = begun();
        let mut flow = flow(transport);
        flow.peer = peer.parse().unwrap();
        flow.local.set_ip(if flow.peer.is_ipv6() { "2001:db8::2".parse().unwrap() } else { flow.local.ip() });
        let invite = message(INVITE, ["b", ""], "", "odd");
        receive_by(&timelines, flow, invite.clone());
        timelines.sent(&flow, &message("SIP/2.0 100 Trying", ["b", ""], "", ""));
        let file = pcapng(&timelines.story(event.call, &[]));
        let blocks = blocks(&file);
        assert_eq!(blocks.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [0x0a0d_0d0a, 1, 6, 6]);
        let packet = &blocks[2].1[20..];
        assert_eq!(&packet[payload..payload + invite.len()], &*invite);
        assert_eq!(if flow.peer.is_ipv6() { packet[6] } else { packet[9] }, protocol);
        if flow.peer.is_ipv4() {
            let sum =
                packet[..20].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum::<u32>();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        }
    }
}

#[test]
fn of_a_long_message_a_packet_has_what_is_kept_and_says_how_long_it_was() {
    let u16_at = |packet: &[u8], at: usize| usize::from(u16::from_be_bytes([packet[at], packet[at + 1]]));
    let u32_at = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    for (transport, length, total) in [
        (Transport::Tcp, 40_000, None),
        (Transport::Tcp, 100_000, Some(65_535)),
        (Transport::Udp, 40_000, None),
    ] {
        let (timelines, event) = begun();
        let invite = message(INVITE, ["b", ""], "", &"x".repeat(length));
        receive_by(&timelines, flow(transport), invite.clone());
        receive_by(&timelines, flow(transport), message("ACK sip:1000@b SIP/2.0", ["b", "a"], "", ""));
        let file = pcapng(&timelines.story(event.call, &[]));
        let blocks = blocks(&file);
        let headers = if transport == Transport::Udp { 28 } else { 40 };
        let total = total.unwrap_or(headers + invite.len());
        let (block, next) = (blocks[2].1, &blocks[3].1[20..]);
        assert_eq!((u32_at(block, 12), u32_at(block, 16)), (headers + 16 * 1024, total));
        let packet = &block[20..];
        assert_eq!(u16_at(packet, 2), total, "of the IP packet");
        match transport {
            Transport::Udp => assert_eq!(u16_at(packet, 24), 8 + invite.len()),
            _ => assert_eq!(
                u16_at(next, 24) << 16 | u16_at(next, 26),
                1 + invite.len(),
                "the sequence goes on behind it"
            ),
        }
    }
}
