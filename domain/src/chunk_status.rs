//! The status bits of a chunk.

use serde::{Deserialize, Serialize};

/// A chunk's status as the catalog holds it: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkStatus(u32);

impl ChunkStatus {
    /// From the catalog's bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The catalog's bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Its rows were compressed, at least once.
    pub const fn is_compressed(self) -> bool {
        self.0 & 1 != 0
    }

    /// Compressed, and rows were added out of order since.
    pub const fn is_unordered(self) -> bool {
        self.0 & 2 != 0
    }

    /// Nothing may change it; policies leave it out.
    pub const fn is_frozen(self) -> bool {
        self.0 & 4 != 0
    }

    /// Compressed, and holds uncompressed rows beside.
    pub const fn is_partial(self) -> bool {
        self.0 & 8 != 0
    }

    /// Compressed, with rows that came later and want compressing too.
    pub const fn wants_recompression(self) -> bool {
        self.is_compressed() && (self.is_unordered() || self.is_partial())
    }

    /// The bits in words, for example `compressed, partial`; `uncompressed` for none.
    pub fn words(self) -> String {
        let mut words = Vec::new();
        for (is_set, word) in [
            (self.is_compressed(), "compressed"),
            (self.is_unordered(), "unordered"),
            (self.is_frozen(), "frozen"),
            (self.is_partial(), "partial"),
        ] {
            if is_set {
                words.push(word);
            }
        }
        if !self.is_compressed() {
            words.insert(0, "uncompressed");
        }
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_its_word() {
        for (bits, words) in [
            (0, "uncompressed"),
            (1, "compressed"),
            (4, "uncompressed, frozen"),
            (9, "compressed, partial"),
            (15, "compressed, unordered, frozen, partial"),
        ] {
            assert_eq!(ChunkStatus::from_bits(bits).words(), words);
        }
    }

    #[test]
    fn a_chunk_with_later_rows_wants_recompression_and_a_plain_one_does_not() {
        for (bits, wants) in [
            (0, false),
            (1, false),
            (3, true),
            (5, false),
            (9, true),
            (8, false),
        ] {
            assert_eq!(
                ChunkStatus::from_bits(bits).wants_recompression(),
                wants,
                "{bits}"
            );
        }
    }
}
