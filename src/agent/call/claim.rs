//! The lease on a call: while it lasts, commands of other owners are refused. It keeps clients apart that do not know of each
//! other; its fence tells a lease from those before it.

use std::time::Duration;

use super::{Answer, Call};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::command::{Claimant, RenewClaim, TakeClaim};
use crate::agent::event::{Claim, Detail, EventKind, Release, ReleaseReason};
use crate::agent::stack::Stack;
use crate::agent::{Refusal, check};

/// The longest lease, seconds: a day.
const LONGEST: u32 = 86_400;

impl Call {
    /// Whether the lease lets a command of this claimant pass.
    pub(super) fn heed_claim(&self, by: Option<&Claimant>) -> Result<(), Refusal> {
        let claim = self.picture.claim.as_ref();
        if claim.is_some_and(|claim| by.is_none_or(|by| by.owner != claim.owner)) {
            return Err(Refusal::Claimed(self.picture.clone()));
        }
        // Who believes to have a lease that is over is kept out, too.
        match by.and_then(|by| by.fence) {
            Some(fence) if claim.is_none_or(|claim| claim.fence != fence) => {
                Err(Refusal::LeaseOver(self.picture.clone(), fence))
            }
            _ => Ok(()),
        }
    }

    /// The policy that the first command takes the lease: for who says his name, and each command renews it.
    pub(super) fn claim_by_command(&mut self, stack: &mut Stack, by: Option<&Claimant>) {
        let ttl = stack.settings.claim_on_command;
        let Some(by) = by.filter(|_| !ttl.is_zero() && self.picture.end.is_none()) else { return };
        self.hold(stack, &by.owner, ttl);
    }

    /// Takes the lease, or renews one's own.
    pub(super) fn claim(&mut self, stack: &mut Stack, take: &TakeClaim) -> Result<Answer, Refusal> {
        let ttl = checked(&take.owner, take.ttl_seconds)?;
        match &self.picture.claim {
            Some(claim) if claim.owner != take.owner => {
                if !take.takeover {
                    return Err(Refusal::Claimed(self.picture.clone()));
                }
                self.release(stack, ReleaseReason::TakenOver);
            }
            _ => {}
        }
        self.hold(stack, &take.owner, ttl);
        Ok(Answer::Now)
    }

    /// Renews one's own lease, or takes it if there is none.
    pub(super) fn renew_claim(&mut self, stack: &mut Stack, renew: &RenewClaim) -> Result<Answer, Refusal> {
        let RenewClaim { owner, ttl_seconds } = renew.clone();
        self.claim(stack, &TakeClaim { owner, ttl_seconds, takeover: false })
    }

    /// Gives the lease up; without one there is nothing to give up.
    pub(super) fn release_claim(
        &mut self,
        stack: &mut Stack,
        by: Option<&Claimant>,
    ) -> Result<Answer, Refusal> {
        if self.picture.claim.is_some() {
            self.heed_claim(by)?;
            self.release(stack, ReleaseReason::Released);
        }
        Ok(Answer::Now)
    }

    /// The time of the lease is over.
    pub(super) fn handle_lapse(&mut self, stack: &mut Stack) {
        self.release(stack, ReleaseReason::Lapsed);
    }

    /// Sets the alarm of the lease, if there is one, by the time of day: one that is over lapses at once.
    pub(super) fn watch_claim(&self, stack: &mut Stack) {
        if let Some(claim) = &self.picture.claim {
            let left = claim.expires_at.0.saturating_sub(stack.fx.now.wall.0);
            let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
            stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::Lapse), left);
        }
    }

    fn hold(&mut self, stack: &mut Stack, owner: &str, ttl: Duration) {
        let expires_at = stack.fx.now.wall.after(ttl);
        let own = self.picture.claim.as_ref().map(|claim| claim.fence);
        let fence = own.unwrap_or(self.last_fence + 1);
        self.last_fence = fence;
        let claim = Claim { owner: owner.to_owned(), fence, expires_at };
        self.tell(stack, EventKind::Claimed, |call| call.claim = Some(claim));
        self.watch_claim(stack);
    }

    fn release(&mut self, stack: &mut Stack, reason: ReleaseReason) {
        let Some(Claim { owner, fence, .. }) = self.picture.claim.clone() else { return };
        stack.fx.disarm(Alarm::Call(self.picture.id, CallAlarm::Lapse));
        let release = Detail::Release(Release { reason, owner, fence });
        self.tell_with(stack, EventKind::Released, Some(release), |call| call.claim = None);
    }
}

fn checked(owner: &str, ttl_seconds: u32) -> Result<Duration, Refusal> {
    check::owner("owner", owner)?;
    if !(1..=LONGEST).contains(&ttl_seconds) {
        return Err(check::field("ttl_seconds", "from 1 to 86400"));
    }
    Ok(Duration::from_secs(ttl_seconds.into()))
}
