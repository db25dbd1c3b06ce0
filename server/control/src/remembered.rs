//! Answers kept for a moment: the same question within a short time need not be worked out again.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A bounded memory whose entries grow old.
#[derive(Debug)]
pub(crate) struct Remembered<K, V> {
    entries: Mutex<HashMap<K, (Instant, V)>>,
    lasts: Duration,
    most: usize,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    pub(crate) fn new(lasts: Duration, most: usize) -> Self {
        Self {
            entries: Mutex::default(),
            lasts,
            most,
        }
    }

    /// The answer, if it was given lately.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(key)
            .filter(|(at, _)| at.elapsed() < self.lasts)
            .map(|(_, value)| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            entries.retain(|_, (at, _)| at.elapsed() < self.lasts);
        }
        // Still full of fresh answers: an odd crowd of questions, and starting over is cheap.
        if entries.len() >= self.most {
            entries.clear();
        }
        entries.insert(key, (Instant::now(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_grow_old_and_never_too_many() {
        let fresh = Remembered::new(Duration::from_secs(60), 2);
        fresh.put("a", 1);
        fresh.put("b", 2);
        assert_eq!(fresh.get(&"a"), Some(1));
        fresh.put("c", 3);
        assert_eq!((fresh.get(&"a"), fresh.get(&"c")), (None, Some(3)));
        let old = Remembered::new(Duration::ZERO, 2);
        old.put("a", 1);
        assert_eq!(old.get(&"a"), None);
    }
}
