//! Which shard a record belongs to: by the hash of its partition key, never by how busy a shard is.

use crate::facts::kinesis;
use crate::traffic::Keys;
use std::sync::Arc;

/// The hash of a partition key: MD5 of its UTF-8 text, read as an unsigned number with the most significant byte first.
pub(super) fn hash_key(text: &str) -> u128 {
    u128::from_be_bytes(md5::compute(text).0)
}

/// The shard that a hash falls into when `shards` shards divide all 2^128 of them: intervals of equal width, and the
/// last one takes what is left over.
pub(super) fn shard_of_hash(hash: u128, shards: u16) -> u16 {
    if shards < 2 {
        return 0;
    }
    // 2^128 itself does not fit: its quotient is that of 2^128 - 1, or one more if the division comes out even.
    let count = u128::from(shards);
    let width = u128::MAX / count + u128::from(u128::MAX % count == count - 1);
    u16::try_from(hash / width).unwrap_or(u16::MAX).min(shards - 1)
}

/// What a partition key means for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The shard.
    pub shard: u16,
    /// Size of the key, which counts as a part of the record.
    pub key_bytes: u16,
}

/// Marks a key that the service refuses. No stream has so many shards.
const REFUSED: Place = Place { shard: u16::MAX, key_bytes: 0 };

/// The places of all partition keys of the traffic, hashed once and shared by all replications.
#[derive(Debug, Clone)]
pub(super) struct ShardMap {
    shards: u16,
    /// By flow and key; none for a flow without keys.
    flows: Arc<[Option<Vec<Place>>]>,
}

impl ShardMap {
    /// Hashes the keys of every flow.
    pub(super) fn new(flows: &[Option<Keys>], shards: u16) -> Self {
        let places = |keys: &Keys| (0..keys.count()).map(|key| place_of(&keys.text(key), shards)).collect();
        Self { shards, flows: flows.iter().map(|keys| keys.as_ref().map(places)).collect() }
    }

    /// The place of a record with this key of this flow; none if the service refuses the key. A record of a flow without
    /// keys gets a random one: the upper half of its hash is `random`.
    #[inline]
    pub(super) fn place(&self, flow: u16, key: u32, random: impl FnOnce() -> u64) -> Option<Place> {
        if let Some(places) = &self.flows[usize::from(flow)] {
            return Some(places[key as usize]).filter(|&place| place != REFUSED);
        }
        let shard = shard_of_hash(u128::from(random()) << u64::BITS, self.shards);
        #[allow(clippy::cast_possible_truncation, reason = "the text of a UUID")]
        Some(Place { shard, key_bytes: kinesis::RANDOM_KEY_SIZE.value.get() as u16 })
    }
}

fn place_of(key: &str, shards: u16) -> Place {
    let characters = u32::try_from(key.chars().count()).unwrap_or(u32::MAX);
    if !(1..=kinesis::PARTITION_KEY_MAX.value).contains(&characters) {
        return REFUSED;
    }
    let key_bytes = u16::try_from(key.len()).unwrap_or(u16::MAX);
    Place { shard: shard_of_hash(hash_key(key), shards), key_bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard_of(key: &str) -> u16 {
        shard_of_hash(hash_key(key), 4)
    }

    #[test]
    fn golden_vectors_of_four_shards() {
        assert_eq!(hash_key("a"), 16_955_237_001_963_240_173_058_271_559_858_726_497);
        for (key, shard) in [
            ("a", 0),
            ("b", 2),
            ("c", 1),
            ("video-1", 1),
            ("video-2", 2),
            ("video-3", 2),
            ("user-42", 1),
            ("partitionKey-0", 3),
            ("partitionKey-1", 1),
            ("partitionKey-2", 3),
            ("\u{e9}", 1),
        ] {
            assert_eq!(shard_of(key), shard, "{key}");
        }
    }

    #[test]
    fn golden_counts_of_ten_and_of_a_thousand_videos() {
        let counts = |videos: u32| {
            let map = ShardMap::new(&[Some(Keys::distinct(videos, 0.0, "video-"))], 4);
            let mut counts = [0; 4];
            for key in 0..videos {
                let place = map.place(0, key, || unreachable!("it has a key")).expect("a key of legal length");
                assert_eq!(usize::from(place.key_bytes), format!("video-{key}").len());
                counts[usize::from(place.shard)] += 1;
            }
            counts
        };
        assert_eq!(counts(10), [1, 4, 4, 1]);
        assert_eq!(counts(1000), [232, 234, 275, 259]);
    }

    /// Recorded: see the head of the file.
    #[test]
    fn every_key_of_the_recording_falls_into_the_shard_that_it_fell_into() {
        let recording = include_str!("../../../tests/data/kinesis-shards.csv");
        let mut counts = [0; 4];
        for line in recording.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let (key, md5, shard) = (cells[0], cells[1], cells[2].parse::<u16>().unwrap());
            assert_eq!(format!("{:032x}", hash_key(key)), md5, "{key}");
            assert_eq!(shard_of(key), shard, "{key}");
            counts[usize::from(shard)] += 1;
        }
        assert_eq!(counts, [78, 86, 63, 77]);
    }

    #[test]
    fn both_ends_of_an_interval_belong_to_it() {
        let width = 1_u128 << 126;
        for shard in 0..4_u16 {
            let first = width * u128::from(shard);
            assert_eq!(shard_of_hash(first, 4), shard);
            assert_eq!(shard_of_hash(first + (width - 1), 4), shard);
        }
    }

    #[test]
    fn the_last_shard_takes_what_is_left_over() {
        assert_eq!(shard_of_hash(u128::MAX, 1), 0);
        // 2^128 = 3 * width + 1.
        let width = u128::MAX / 3;
        assert_eq!([width - 1, width, 3 * width - 1, 3 * width].map(|hash| shard_of_hash(hash, 3)), [0, 1, 2, 2]);
        assert_eq!(shard_of_hash(u128::MAX, 20_000), 19_999);
    }

    #[test]
    fn a_key_of_illegal_length_is_refused() {
        let place = |key: String| {
            let map = ShardMap::new(&[Some(Keys::constant(key))], 4);
            map.place(0, 0, || unreachable!("it has a key"))
        };
        assert_eq!(place(String::new()), None);
        assert_eq!(place("\u{e9}".repeat(257)), None);
        assert_eq!(place("\u{e9}".repeat(256)).map(|place| place.key_bytes), Some(512));
    }

    #[test]
    fn records_without_a_key_are_spread_over_all_shards() {
        let map = ShardMap::new(&[None], 4);
        let shards = [0, 1 << 62, 2 << 62, 3 << 62].map(|random| map.place(0, 7, || random).map(|place| place.shard));
        assert_eq!(shards, [Some(0), Some(1), Some(2), Some(3)]);
    }
}
