//! What clients can see: the calls as they are, the numbered log of events, replay.
