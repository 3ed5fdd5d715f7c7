//! Owns the digest of a host of the city: an order of events in, one number out. It only has to notice differences, and to be quick
//! about millions of events a second.

/// What happened on one host, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Digest(u64);

/// The multiplier of rustc's own hasher (`FxHasher`).
const MIX: u64 = 0x517c_c1b7_2722_0a95;

impl Digest {
    /// Something happened.
    pub(super) fn add(&mut self, words: [u64; 3]) {
        for word in words {
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MIX);
        }
    }

    pub(super) const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_content_decide_the_digest() {
        let of = |events: &[[u64; 3]]| {
            let mut digest = Digest::default();
            for event in events {
                digest.add(*event);
            }
            digest.value()
        };
        assert_eq!(of(&[[1, 2, 3], [4, 5, 6]]), of(&[[1, 2, 3], [4, 5, 6]]));
        assert_ne!(of(&[[1, 2, 3], [4, 5, 6]]), of(&[[4, 5, 6], [1, 2, 3]]));
        assert_ne!(of(&[[1, 2, 3]]), of(&[[1, 2, 4]]));
    }
}
