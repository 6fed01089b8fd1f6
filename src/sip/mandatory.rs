//! The headers that every message must have (§8.1.1, §8.2.6), and those that must be right if they are there. What a message can do without
//! is ignored if it cannot be read (§8.2).

use bytestring::ByteString;

use super::fault::Fault;
use super::grammar::{Cursor, decimal, is_space, items};
use super::{CSeq, Header, Headers, Known, Method, Name, NameAddr, Via, name_addr};

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
        Ok(Self {
            via: Via::parse(&via.kept()).map_err(|what| Fault::bad("Via", what))?,
            from: address(once.from, "From")?,
            to: address(once.to, "To")?,
            call_id: call_id(once.call_id)?,
            cseq: cseq(once.cseq)?,
            contact: headers.address(Name::Contact),
        })
    }

    /// What a request must have besides: a CSeq of its method, addresses of those whom it names for later requests, and scalars in their
    /// ranges. Gives Max-Forwards.
    pub fn of_request(&self, method: &Method, headers: &Headers) -> Result<Option<u8>, Fault> {
        if self.cseq.method != *method {
            return Err(Fault::bad("CSeq", "not the method of the request"));
        }
        let named: &[Name] = match method.known() {
            Some(Known::Invite) => &[Name::Contact, Name::RecordRoute],
            Some(Known::Update | Known::Register) => &[Name::Contact],
            _ => &[],
        };
        named.iter().try_for_each(|name| check_addresses(headers, *name))?;
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

/// All of them must be right. The `*` of a Contact stands alone.
fn check_addresses(headers: &Headers, name: Name) -> Result<(), Fault> {
    let is_any = |header: &Header<'_>| name == Name::Contact && header.value == b"*";
    headers.all(name).filter(|header| !is_any(header)).try_for_each(|header| {
        let mut addresses = items(header.value);
        addresses.try_for_each(name_addr::check).map_err(|what| Fault::bad(name.as_str(), what))
    })
}
