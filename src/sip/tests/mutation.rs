//! Messages with random damage: nothing panics, nothing grows, and what is read can be answered and read again.

use super::{file, read, stream};
use crate::sip::{Framed, Message, Unreadable, Writer, sdp};

/// Marsaglia's xorshift: the same damage at every run.
struct Damage(u64);

impl Damage {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"\r\n\0 \t\"\\<>;,:=@%?/[]()*0z\x80\xff";
        match self.next(4) {
            0 => u8::try_from(self.next(256)).unwrap(),
            _ => TELLING[self.next(TELLING.len())],
        }
    }

    fn inflict(&mut self, message: &mut Vec<u8>) {
        for _ in 0..=self.next(4) {
            let at = self.next(message.len());
            let length = self.next(20).min(message.len() - at);
            match self.next(4) {
                0 => message.insert(at, self.byte()),
                1 => drop(message.drain(at..at + length)),
                2 => message.extend_from_within(at..at + length),
                _ if !message.is_empty() => message[at] = self.byte(),
                _ => {}
            }
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let folders = ["flows", "torture/rfc4475", "torture/rfc5118"].map(|folder| format!("{root}/{folder}"));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 67);
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn answer(read: &Result<Message, Unreadable>) {
    let (headers, status) = match read {
        Ok(Message::Request(request)) => (&request.headers, 200),
        Err(Unreadable::Answerable { headers, status, phrase, .. }) => {
            assert!(phrase.len() < 100 && phrase.bytes().all(|byte| (b' '..0x7f).contains(&byte)));
            (&**headers, *status)
        }
        _ => return,
    };
    let written = Writer::response(status, None).copied(headers, Some("tag")).finish();
    let again = super::read(&written);
    let size: usize = headers.iter().map(|header| header.value.len() + 12).sum();
    assert!(written.len() <= size + 200);
    if read.is_ok() {
        assert!(matches!(again, Ok(Message::Response(_))), "{read:?}\n{written:?}");
    }
}

#[test]
fn damaged_messages_are_survived() {
    let seeds = seeds();
    let mut damage = Damage(0x5eed);
    for round in 0..20_000 {
        let mut message = seeds[round % seeds.len()].clone();
        damage.inflict(&mut message);
        answer(&read(&message));
        let framed = stream(&message);
        assert!(framed.len() <= message.len());
        for framed in framed {
            if let Framed::Message(read) = framed {
                if let Ok(Message::Request(mut request)) = read {
                    request.stamp("[2001:db8::1]:5060".parse().unwrap());
                    answer(&Ok(Message::Request(request)));
                } else {
                    answer(&read);
                }
            }
        }
    }
}

#[test]
fn damaged_descriptions_are_survived() {
    let local = sdp::Local {
        media: None,
        fallback: [192, 0, 2, 1].into(),
        codecs: ["opus", "G722", "PCMA", "PCMU", "telephone-event"].map(str::to_owned).to_vec().into(),
        session_id: 1,
        version: 1,
    };
    let invite = file("flows/1-invite.sip");
    let start = invite.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let mut damage = Damage(0x5d9);
    for _ in 0..5_000 {
        let mut offer = invite[start..].to_vec();
        damage.inflict(&mut offer);
        let _ = sdp::direction(&offer);
        if let Ok(answer) = sdp::answer(&offer, &local) {
            assert_eq!(sdp::check(&answer, Some(&offer)), Ok(()));
            let in_use = |answer| sdp::InUse {
                local: answer,
                remote: &offer,
                source: sdp::Source::Generated,
                media: local.media,
                codecs: &local.codecs,
            };
            if let Ok(again) = sdp::reanswer(&in_use(&answer), &offer) {
                assert_eq!(again, answer, "{}", String::from_utf8_lossy(&offer));
            }
            let _ = sdp::reoffer(&in_use(&String::from_utf8_lossy(&offer)));
        }
    }
}
