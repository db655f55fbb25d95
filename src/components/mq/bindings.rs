//! The topic exchange of `RabbitMQ`: queues are bound to it by patterns, and a message goes to those whose pattern its
//! routing key matches, once to each.
//!
//! The keys of a scenario are known before it runs, so that each becomes a topic with the queues that it leads to.

use super::spec::MqSpec;
use crate::components::NodeSite;
use crate::components::spec::{OneOrMany, all, many};
use crate::site::At;

/// Bytes of a routing key at most: its length is sent as one byte.
const KEY_BYTES_MAX: usize = u8::MAX as usize;

/// So many keys times patterns at most.
const PAIRS_MAX: usize = 100_000;

/// A topic with the queues that are bound to it.
type Topic = (String, At<OneOrMany<String>>);

impl MqSpec {
    /// The topics as written, then the routing keys with the queues to which they lead.
    pub(super) fn all_topics(&self) -> Vec<Topic> {
        let written = self.topics.iter().flat_map(|at| at.value.0.clone());
        let few = self.pairs() <= PAIRS_MAX;
        let keys = all(self.routing_keys.as_ref()).into_iter().filter(|_| few);
        let routed = keys.map(|key| {
            let bindings = self.bindings.iter().flat_map(|at| &at.value.0);
            let is_bound = |patterns: &OneOrMany<String>| {
                patterns.0.iter().any(|pattern| matches(&words(&pattern.value), &words(&key.value)))
            };
            let bound = bindings.filter(|(_, patterns)| is_bound(&patterns.value));
            let queues = OneOrMany(bound.map(|(queue, patterns)| At::new(queue.clone(), patterns.span)).collect());
            (key.value, At::new(queues, key.span))
        });
        written.chain(routed).collect()
    }

    /// How many times a key has to be held to a pattern.
    fn pairs(&self) -> usize {
        let keys = self.routing_keys.as_ref().map_or(0, |at| at.value.0.len());
        let patterns = self.bindings.iter().flat_map(|at| &at.value.0).map(|(_, patterns)| patterns.value.0.len());
        keys.saturating_mul(patterns.sum())
    }

    /// Whether this is a routing key, which need not be the name of something.
    pub(super) fn is_routing_key(&self, name: &str) -> bool {
        self.routing_keys.iter().any(|at| at.value.0.iter().any(|key| key.value == name))
    }

    /// Whether keys and patterns can be what they are.
    pub(super) fn check_bindings(&self, site: &mut NodeSite<'_, '_>) -> bool {
        let s = &mut *site.site;
        let errors = s.errors();
        match (&self.routing_keys, &self.bindings) {
            (Some(at), None) => {
                s.error(at.span, "S032", "`routing_keys` has no effect: no queue is bound by a pattern")
                    .hint("write `bindings = { all = \"#\" }`, or leave it out");
            }
            (None, Some(at)) => {
                s.error(at.span, "S032", "`bindings` has no effect: nothing is sent with a key")
                    .hint("say with which `routing_keys` messages are sent, or leave it out");
            }
            (Some(at), Some(_)) if self.pairs() > PAIRS_MAX => {
                let message =
                    format!("keys times patterns are {}, and more than {PAIRS_MAX} are too many", self.pairs());
                s.error(at.span, "S031", message).hint("several keys that lead to the same queues can be one");
            }
            _ => {}
        }
        let keys = all(self.routing_keys.as_ref());
        for (index, key) in keys.iter().enumerate() {
            if !is_key(&key.value) {
                s.error(key.span, "S035", format!("`{}` cannot be a routing key", key.value))
                    .hint("write words of small letters, digits, `-` and `_`, with dots between them");
            } else if keys[..index].iter().any(|other| other.value == key.value) {
                s.error(key.span, "S035", format!("the routing key `{}` is listed twice", key.value));
            }
        }
        for (queue, patterns) in self.bindings.iter().flat_map(|at| &at.value.0) {
            s.check_name(&At::new(queue.clone(), patterns.span), "queue");
            for pattern in many(Some(patterns.clone())) {
                if !words(&pattern.value).iter().all(|word| matches!(*word, "*" | "#") || is_word(word)) {
                    s.error(pattern.span, "S035", format!("`{}` cannot be a pattern of routing keys", pattern.value))
                        .hint("write words with dots between them; `*` is any one word, `#` any number of words");
                }
            }
        }
        s.errors() == errors
    }

    /// Records what is written.
    pub(super) fn record_bindings(&self, site: &mut NodeSite<'_, '_>) {
        if let Some(at) = &self.routing_keys {
            let keys: Vec<String> = at.value.0.iter().map(|key| key.value.clone()).collect();
            site.site.written("routing_keys", At::new(keys, at.span));
        }
        if let Some(bindings) = &self.bindings {
            let mut part = site.site.part("bindings", bindings.span);
            for (queue, patterns) in &bindings.value.0 {
                let texts: Vec<String> = patterns.value.0.iter().map(|pattern| pattern.value.clone()).collect();
                part.written(queue, At::new(texts, patterns.span));
            }
        }
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split('.').collect()
}

fn is_word(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    !word.is_empty() && word.bytes().all(fits)
}

fn is_key(key: &str) -> bool {
    key.len() <= KEY_BYTES_MAX && words(key).into_iter().all(is_word)
}

/// Whether a key matches a pattern, word by word.
fn matches(pattern: &[&str], key: &[&str]) -> bool {
    // By length of the pattern so far: the lengths of the key so far that match. No pattern makes this explode.
    let mut ends = vec![false; key.len() + 1];
    ends[0] = true;
    for &word in pattern {
        let mut next = vec![false; key.len() + 1];
        for end in 0..=key.len() {
            next[end] = match word {
                "#" => ends[end] || (end > 0 && next[end - 1]),
                "*" => end > 0 && ends[end - 1],
                word => end > 0 && ends[end - 1] && key[end - 1] == word,
            };
        }
        ends = next;
    }
    ends[key.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_word_and_a_hash_any_number() {
        for (pattern, key, expected) in [
            ("video.*.done", "video.1.done", true),
            ("video.*.done", "video.1.2.done", false),
            ("video.*.done", "video.done", false),
            ("video.#", "video.1.2.done", true),
            ("video.#", "video", true),
            ("video.#", "audio.1", false),
            ("#", "anything.at.all", true),
            ("#.done", "done", true),
            ("#.done.#", "video.done.1", true),
            ("*", "video", true),
            ("*", "video.1", false),
            ("*.#.done", "done", false),
            ("*.#.done", "video.done", true),
            ("video.1", "video.1", true),
            ("video", "video.1", false),
        ] {
            assert_eq!(matches(&words(pattern), &words(key)), expected, "{pattern} {key}");
        }
        let many = vec!["#"; 200];
        assert!(matches(&many, &vec!["a"; 200]));
    }
}
