//! In pages of which size the process has its memory.

/// In small ones alone, from here on. The allocator asks for those of 2 MiB, and so do some systems for everybody: the kernel clears each
/// before it is used, some milliseconds in which its thread does nothing else. Several times a second that was the thread of SIP. A system
/// that refuses it has its reasons.
pub fn keep() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_huge_pages_are_used() {
        super::keep();
        assert_eq!(rustix::thread::transparent_huge_pages_are_disabled(), Ok(true));
    }
}
