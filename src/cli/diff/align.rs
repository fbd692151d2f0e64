//! Which part of one list is which of another, the order kept.

/// Where two lists meet and where they differ, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aligned {
    /// Equal, or alike enough to be the same one edited.
    Both(usize, usize),
    Gone(usize),
    Come(usize),
}

/// Aligns two lists: first what is equal, as much of it as possible, then in each gap what is of the same kind.
pub fn align<T: PartialEq, K: PartialEq>(old: &[(T, K)], new: &[(T, K)]) -> Vec<Aligned> {
    let mut aligned = Vec::new();
    let (mut from_old, mut from_new) = (0, 0);
    let equal =
        common(old.len(), new.len(), |i, j| old.get(i).zip(new.get(j)).is_some_and(|(one, two)| one.0 == two.0));
    for (i, j) in equal.into_iter().chain([(old.len(), new.len())]) {
        gap(old, new, (from_old, i), (from_new, j), &mut aligned);
        if i < old.len() {
            aligned.push(Aligned::Both(i, j));
        }
        (from_old, from_new) = (i + 1, j + 1);
    }
    aligned
}

fn gap<T, K: PartialEq>(
    old: &[(T, K)],
    new: &[(T, K)],
    (old_start, old_end): (usize, usize),
    (new_start, new_end): (usize, usize),
    aligned: &mut Vec<Aligned>,
) {
    let (rows, columns) = (old_end.saturating_sub(old_start), new_end.saturating_sub(new_start));
    let is_alike = |i: usize, j: usize| {
        old.get(old_start + i).zip(new.get(new_start + j)).is_some_and(|(one, two)| one.1 == two.1)
    };
    let (mut from_old, mut from_new) = (old_start, new_start);
    for (i, j) in common(rows, columns, is_alike).into_iter().chain([(rows, columns)]) {
        aligned.extend((from_old..old_start + i).map(Aligned::Gone));
        aligned.extend((from_new..new_start + j).map(Aligned::Come));
        if i < rows {
            aligned.push(Aligned::Both(old_start + i, new_start + j));
        }
        (from_old, from_new) = (old_start + i + 1, new_start + j + 1);
    }
}

/// A longest common sequence; of several, the one whose places in the first list come first.
fn common(rows: usize, columns: usize, is_same: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let width = columns + 1;
    let mut lengths = vec![0u32; (rows + 1) * width];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            let length = match is_same(i, j) {
                true => at(&lengths, i + 1, j + 1) + 1,
                false => at(&lengths, i + 1, j).max(at(&lengths, i, j + 1)),
            };
            if let Some(cell) = lengths.get_mut(i * width + j) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < rows && j < columns {
        if is_same(i, j) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i, j + 1) >= at(&lengths, i + 1, j) {
            j += 1;
        } else {
            i += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        // A letter is a kind, its case makes it another text.
        let list = |text: &str| text.chars().map(|letter| (letter, letter.to_ascii_lowercase())).collect::<Vec<_>>();
        let (old, new) = (list(old), list(new));
        let one = |aligned: Aligned| match aligned {
            Aligned::Both(i, j) if old[i].0 == new[j].0 => format!("{}", old[i].0),
            Aligned::Both(i, j) => format!("{}>{}", old[i].0, new[j].0),
            Aligned::Gone(i) => format!("-{}", old[i].0),
            Aligned::Come(j) => format!("+{}", new[j].0),
        };
        align(&old, &new).into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_equal_stays_and_what_is_alike_was_edited() {
        for (old, new, expected) in [
            ("", "", ""),
            ("abc", "abc", "a b c"),
            ("abc", "aBc", "a b>B c"),
            ("abc", "ac", "a -b c"),
            ("ac", "abc", "a +b c"),
            ("ab", "xy", "-a -b +x +y"),
            ("abab", "ab", "a b -a -b"),
            ("aab", "aAb", "a a>A b"),
            ("wsws", "wsWxs", "w s w>W +x s"),
        ] {
            assert_eq!(shown(old, new), expected, "{old} {new}");
        }
    }
}
