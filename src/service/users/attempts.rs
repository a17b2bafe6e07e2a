//! How often somebody may guess a password: by address, and by name of user. No clock and no lock; the time comes in as a value.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

/// So many addresses, names and pairs of both are remembered at most.
const REMEMBERED: usize = 4096;

/// How many logins may fail, and how soon that is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Failures from one address that are not forgotten; of IPv6, from one network of 64 bits.
    pub per_address: u32,
    /// The same of one user. Names that no user can have count as one. Addresses from which that user has logged in are not held back by
    /// it, so nobody is locked out by the guesses of others.
    pub per_user: u32,
    /// One failure is forgotten after so long, and not sooner: if a login that succeeds wiped them out, whoever has an account could
    /// guess at others' without end.
    pub forget_after: Duration,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self { per_address: 10, per_user: 20, forget_after: Duration::from_secs(6) }
    }
}

/// The failures that are not forgotten.
#[derive(Debug)]
pub(super) struct Attempts {
    limits: AttemptLimits,
    addresses: Failures<IpAddr>,
    users: Failures<String>,
    /// Who has logged in from where.
    known: BTreeSet<(String, IpAddr)>,
}

impl Attempts {
    pub(super) fn new(limits: AttemptLimits) -> Self {
        let forget_after = limits.forget_after;
        let (addresses, users) = (Failures::new(forget_after), Failures::new(forget_after));
        Self { limits, addresses, users, known: BTreeSet::new() }
    }

    /// Whether somebody may try to log in.
    pub(super) fn may_try(&self, now: Duration, address: IpAddr, user: &str) -> bool {
        let address = network(address);
        self.addresses.count(now, &address) < self.limits.per_address
            && (self.users.count(now, user) < self.limits.per_user || self.known.contains(&(user.to_owned(), address)))
    }

    /// Somebody tried in vain.
    pub(super) fn failed(&mut self, now: Duration, address: IpAddr, user: &str) {
        self.addresses.add(now, network(address));
        self.users.add(now, user.to_owned());
    }

    /// Somebody has logged in.
    pub(super) fn succeeded(&mut self, address: IpAddr, user: &str) {
        if self.known.len() >= REMEMBERED {
            self.known.pop_first();
        }
        self.known.insert((user.to_owned(), network(address)));
    }
}

/// Failures by key. Each adds `forget_after` to the time at which all are forgotten.
#[derive(Debug)]
struct Failures<K> {
    forget_after: Duration,
    forgotten_at: BTreeMap<K, Duration>,
}

impl<K: Ord + Clone> Failures<K> {
    fn new(forget_after: Duration) -> Self {
        Self { forget_after: forget_after.max(Duration::from_nanos(1)), forgotten_at: BTreeMap::new() }
    }

    fn count<Q: Ord + ?Sized>(&self, now: Duration, key: &Q) -> u32
    where
        K: core::borrow::Borrow<Q>,
    {
        let rest = self.forgotten_at.get(key).map_or(Duration::ZERO, |at| at.saturating_sub(now));
        u32::try_from(rest.as_nanos().div_ceil(self.forget_after.as_nanos())).unwrap_or(u32::MAX)
    }

    fn add(&mut self, now: Duration, key: K) {
        if self.forgotten_at.len() >= REMEMBERED && !self.forgotten_at.contains_key(&key) {
            self.forgotten_at.retain(|_, at| *at > now);
            let first = self.forgotten_at.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            if let Some(first) = first.filter(|_| self.forgotten_at.len() >= REMEMBERED) {
                self.forgotten_at.remove(&first);
            }
        }
        let at = self.forgotten_at.entry(key).or_insert(now);
        *at = (*at).max(now) + self.forget_after;
    }
}

/// An address as far as one party has it: whoever has one of IPv6 has 2^64 of them.
pub(in crate::service) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            v6.to_ipv4_mapped().map_or_else(|| Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(), IpAddr::V4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn attempts() -> Attempts {
        Attempts::new(AttemptLimits { per_address: 3, per_user: 5, forget_after: SECOND })
    }

    fn address(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    #[test]
    fn an_address_is_held_back_and_forgotten_one_by_one() {
        let mut attempts = attempts();
        for user in ["a", "b", "c"] {
            assert!(attempts.may_try(SECOND, address(1), user));
            attempts.failed(SECOND, address(1), user);
        }
        assert!(!attempts.may_try(SECOND, address(1), "d"), "whoever it says it is");
        assert!(attempts.may_try(SECOND, address(2), "a"), "others are not concerned");
        assert!(attempts.may_try(2 * SECOND, address(1), "d"));
        attempts.failed(2 * SECOND, address(1), "d");
        assert!(!attempts.may_try(2 * SECOND, address(1), "d"));
        assert!(attempts.may_try(9 * SECOND, address(1), "d"));
    }

    #[test]
    fn a_login_that_succeeds_wipes_nothing_out() {
        let mut attempts = attempts();
        for user in ["a", "b", "c"] {
            attempts.failed(SECOND, address(1), user);
            attempts.succeeded(address(1), "mallory");
        }
        assert!(!attempts.may_try(SECOND, address(1), "mallory"));
    }

    #[test]
    fn a_user_is_guarded_from_everywhere_but_not_locked_out() {
        let mut attempts = attempts();
        attempts.succeeded(address(99), "ann");
        for last in 1..=5 {
            assert!(attempts.may_try(SECOND, address(last), "ann"));
            attempts.failed(SECOND, address(last), "ann");
        }
        assert!(!attempts.may_try(SECOND, address(6), "ann"));
        assert!(attempts.may_try(SECOND, address(99), "ann"), "from where she has come before");
        assert!(attempts.may_try(SECOND, address(6), "bob"));
    }

    #[test]
    fn all_of_a_network_of_ipv6_are_one_and_a_mapped_address_is_that_of_ipv4() {
        let mut attempts = attempts();
        for last in 0..3 {
            attempts.failed(SECOND, Ipv6Addr::new(0x2001, 0xdb8, 0, 1, last, 0, 0, last).into(), "ann");
        }
        assert!(!attempts.may_try(SECOND, Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9).into(), "bob"));
        assert!(attempts.may_try(SECOND, Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 0).into(), "bob"));
        assert_eq!(network(std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().into()), address(1));
    }

    #[test]
    fn memory_is_bounded_and_the_recent_stay() {
        let mut attempts = attempts();
        let steps = 2 * u32::try_from(REMEMBERED).unwrap();
        let at = |step: u32| SECOND + Duration::from_micros(u64::from(step));
        for step in 0..steps {
            attempts.failed(at(step), std::net::Ipv4Addr::from_bits(step).into(), &step.to_string());
            attempts.succeeded(std::net::Ipv4Addr::from_bits(step).into(), &step.to_string());
        }
        assert!(attempts.addresses.forgotten_at.len() <= REMEMBERED && attempts.users.forgotten_at.len() <= REMEMBERED);
        assert!(attempts.known.len() <= REMEMBERED);
        let last = steps - 1;
        assert_eq!(attempts.users.count(at(last), last.to_string().as_str()), 1);
    }
}
