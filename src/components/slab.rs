//! Reused places for what is under way at a node.

/// A list with stable indices and reused places.
#[derive(Debug, Clone)]
pub struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    /// An empty slab.
    pub const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// Puts `value` in a free place.
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        if let Some(index) = self.free.pop() {
            self.places[index as usize] = Some(value);
            return index;
        }
        self.places.push(Some(value));
        u32::try_from(self.places.len() - 1).expect("what is under way is bounded by the live messages")
    }

    /// Takes the value out of its place.
    #[inline]
    pub fn remove(&mut self, index: u32) -> Option<T> {
        let value = self.places.get_mut(index as usize)?.take();
        if value.is_some() {
            self.free.push(index);
        }
        value
    }

    /// Drops the value of a place, which is not moved.
    #[inline]
    pub fn free(&mut self, index: u32) {
        if let Some(place) = self.places.get_mut(index as usize)
            && place.is_some()
        {
            *place = None;
            self.free.push(index);
        }
    }

    /// The value at `index`, if there is one.
    #[inline]
    pub fn get(&self, index: u32) -> Option<&T> {
        self.places.get(index as usize)?.as_ref()
    }

    /// The value at `index`, if there is one.
    #[inline]
    pub fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.places.get_mut(index as usize)?.as_mut()
    }

    /// Number of values.
    pub const fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Every value with its index, in the order of places.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..).zip(&self.places).filter_map(|(index, place)| Some((index, place.as_ref()?)))
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reused_and_indices_stay() {
        let mut slab = Slab::new();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.remove(a), Some('a'));
        assert_eq!(slab.remove(a), None);
        assert_eq!(slab.insert('c'), a);
        assert_eq!((slab.get(b), slab.len()), (Some(&'b'), 2));
        assert_eq!(slab.iter().map(|(index, _)| index).collect::<Vec<_>>(), [0, 1]);
    }
}
