//! Networks of addresses, as a filter policy names them.

use std::net::IpAddr;

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/24`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (first, bits) = text.split_once('/')?;
        let (first, bits) = (first.parse().ok()?, bits.parse().ok()?);
        let most = if matches!(first, IpAddr::V4(_)) { 32 } else { 128 };
        (bits <= most).then_some(Self { first, bits })
    }

    /// Whether a text is an address in it.
    pub(super) fn contains(self, address: &str) -> bool {
        match (self.first, address.parse()) {
            (IpAddr::V4(first), Ok(IpAddr::V4(other))) => {
                (first.to_bits() ^ other.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(first), Ok(IpAddr::V6(other))) => {
                (first.to_bits() ^ other.to_bits()).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_all_addresses_that_begin_with_the_same_bits() {
        let holds = |network: &str, address: &str| Network::read(network).map(|network| network.contains(address));
        // The second octet of 10.128.0.0/9 has its first bit set.
        assert_eq!(holds("10.0.0.0/24", "10.0.0.255"), Some(true));
        assert_eq!(holds("10.0.0.0/24", "10.0.1.0"), Some(false));
        assert_eq!(
            (holds("10.128.0.0/9", "10.255.1.1"), holds("10.128.0.0/9", "10.127.1.1")),
            (Some(true), Some(false))
        );
        assert_eq!(
            (holds("0.0.0.0/0", "9.9.9.9"), holds("0.0.0.0/0", "::1"), holds("::/0", "::1")),
            (Some(true), Some(false), Some(true))
        );
        assert_eq!((holds("10.0.0.0/33", "10.0.0.0"), holds("10.0.0.0", "10.0.0.0")), (None, None));
    }
}
