//! Arenas: lists whose places are typed, so that an index of one never points into another.

use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl From<usize> for $name {
            fn from(place: usize) -> $name {
                $name(u32::try_from(place).unwrap_or(u32::MAX))
            }
        }

        impl From<$name> for usize {
            #[inline]
            fn from(index: $name) -> usize {
                index.0 as usize
            }
        }
    };
}

index!(
    /// A place in the expressions of a [`super::Code`].
    ExprIx
);
index!(
    /// A place in the steps of a [`super::Scenario`].
    StepIx
);
index!(
    /// A place in the probes of a [`super::Code`].
    ProbeIx
);

/// A list indexed by its own kind of index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arena<I, T> {
    all: Vec<T>,
    #[serde(skip)]
    kind: PhantomData<I>,
}

impl<I, T> Default for Arena<I, T> {
    fn default() -> Self {
        Arena { all: Vec::new(), kind: PhantomData }
    }
}

impl<I: From<usize>, T> Arena<I, T> {
    pub fn push(&mut self, value: T) -> I {
        self.all.push(value);
        I::from(self.all.len() - 1)
    }

    /// The place of an equal value, which is added where there is none.
    pub fn intern(&mut self, value: T) -> I
    where
        T: PartialEq,
    {
        match self.all.iter().position(|each| *each == value) {
            Some(place) => I::from(place),
            None => self.push(value),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.all.iter().enumerate().map(|(place, value)| (I::from(place), value))
    }

    pub fn next_index(&self) -> I {
        I::from(self.all.len())
    }
}

impl<I: Into<usize>, T> Arena<I, T> {
    #[inline]
    pub fn get(&self, index: I) -> Option<&T> {
        self.all.get(index.into())
    }

    pub fn get_mut(&mut self, index: I) -> Option<&mut T> {
        self.all.get_mut(index.into())
    }
}

impl<I, T> Arena<I, T> {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn values(&self) -> &[T] {
        &self.all
    }

    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.all
    }
}
