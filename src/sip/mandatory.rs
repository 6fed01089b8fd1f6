//! The headers that every message must have (§8.1.1, §8.2.6), and those that must be right if they are there.

use bytestring::ByteString;

use super::fault::Fault;
use super::grammar::{Cursor, decimal, is_space, item_end, items};
use super::{CSeq, Header, Headers, Method, Name, NameAddr, Via, name_addr};

/// What every message has.
pub(super) struct Mandatory {
    pub via: Via,
    pub from: NameAddr,
    pub to: NameAddr,
    pub call_id: ByteString,
    pub cseq: CSeq,
    pub contact: Option<NameAddr>,
}

impl Mandatory {
    pub fn read(headers: &Headers) -> Result<Self, Fault> {
        let once = Once::find(headers)?;
        let via = headers.first(Name::Via).ok_or(Fault::bad("message", "no Via"))?;
        let this = Self {
            via: Via::parse(&via.kept()).map_err(|what| Fault::bad("Via", what))?,
            from: address(once.from, "From")?,
            to: address(once.to, "To")?,
            call_id: call_id(once.call_id)?,
            cseq: cseq(once.cseq)?,
            contact: contact(headers)?,
        };
        for name in [Name::Route, Name::RecordRoute] {
            for header in headers.all(name) {
                check_list(header.value).map_err(|what| Fault::bad(name.as_str(), what))?;
            }
        }
        Ok(this)
    }

    /// What a request must have besides: a CSeq of its method, and scalars in their ranges. Gives Max-Forwards.
    pub fn of_request(&self, method: &Method, headers: &Headers) -> Result<Option<u8>, Fault> {
        if self.cseq.method != *method {
            return Err(Fault::bad("CSeq", "not the method of the request"));
        }
        if let Some(expires) = once(headers, Name::Expires)? {
            decimal(expires.value, u32::MAX.into())
                .ok_or(Fault::bad("Expires", "not a number below 2**32"))?;
        }
        once(headers, Name::ContentType)?;
        let Some(header) = once(headers, Name::MaxForwards)? else {
            return Ok(None);
        };
        let number = decimal(header.value, u8::MAX.into()).and_then(|number| u8::try_from(number).ok());
        number.map(Some).ok_or(Fault::bad("Max-Forwards", "not a number from 0 to 255"))
    }
}

/// The headers that stand in a message exactly once.
struct Once<'a> {
    from: Header<'a>,
    to: Header<'a>,
    call_id: Header<'a>,
    cseq: Header<'a>,
}

impl<'a> Once<'a> {
    fn find(headers: &'a Headers) -> Result<Self, Fault> {
        Ok(Self {
            from: once(headers, Name::From)?.ok_or(Fault::bad("message", "no From"))?,
            to: once(headers, Name::To)?.ok_or(Fault::bad("message", "no To"))?,
            call_id: once(headers, Name::CallId)?.ok_or(Fault::bad("message", "no Call-ID"))?,
            cseq: once(headers, Name::CSeq)?.ok_or(Fault::bad("message", "no CSeq"))?,
        })
    }
}

/// The only header of that name, if there is one.
fn once(headers: &Headers, name: Name) -> Result<Option<Header<'_>>, Fault> {
    let mut all = headers.all(name);
    match (all.next(), all.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Fault::bad(name.as_str(), "there more than once")),
    }
}

fn address(header: Header<'_>, part: &'static str) -> Result<NameAddr, Fault> {
    NameAddr::parse(&header.kept()).map_err(|what| Fault::bad(part, what))
}

/// Any one word: peers use characters that the grammar does not have.
fn call_id(header: Header<'_>) -> Result<ByteString, Fault> {
    let fault = Fault::bad("Call-ID", "not one word");
    if header.value.is_empty() || header.value.iter().any(|byte| *byte <= b' ') {
        return Err(fault);
    }
    ByteString::try_from(header.kept()).map_err(|_| fault)
}

fn cseq(header: Header<'_>) -> Result<CSeq, Fault> {
    let mut cursor = Cursor::new(header.value);
    let digits = cursor.take_while(|byte| !is_space(byte));
    cursor.skip_space();
    let method = cursor.token().filter(|_| cursor.rest().is_empty());
    let number = decimal(digits, (1 << 31) - 1).and_then(|number| u32::try_from(number).ok());
    let number = number.ok_or(Fault::bad("CSeq", "not a number below 2**31"))?;
    let method = method.ok_or(Fault::bad("CSeq", "no method"))?;
    Ok(CSeq { number, method: Method::from_token(method) })
}

/// The first Contact; all of them must be right. `*` stands alone.
fn contact(headers: &Headers) -> Result<Option<NameAddr>, Fault> {
    let bad = |what| Fault::bad("Contact", what);
    let mut first = None;
    for header in headers.all(Name::Contact).filter(|header| header.value != b"*") {
        let mut rest = header.value;
        if first.is_none() {
            let item = items(rest).next().unwrap_or_default();
            first = Some(NameAddr::parse(&header.kept().slice_ref(item)).map_err(bad)?);
            let Some(others) = rest.get(item_end(rest) + 1..) else { continue };
            rest = others;
        }
        check_list(rest).map_err(bad)?;
    }
    Ok(first)
}

fn check_list(value: &[u8]) -> Result<(), &'static str> {
    items(value).try_for_each(name_addr::check)
}
