//! Which rows of contacts are one person.

use std::collections::BTreeMap;

/// The form in which values of an identifying field are compared: without the blanks around it, an email in lower case.
/// `None` for what identifies nobody.
pub fn identifying(field: &str, value: &str) -> Option<String> {
    let trimmed = value.trim();
    match trimmed.is_empty() {
        true => None,
        false if field == "email" => Some(trimmed.to_lowercase()),
        false => Some(trimmed.to_owned()),
    }
}

/// Of each row, the place of the oldest row that is the same person. `rows` are in the order of age, each with its
/// [identifying] values, the strongest first.
///
/// Two rows with an equal value are one person, unless a stronger value is present in both and differs. Where a row could
/// be one of several persons who are not each other, it is the oldest of them.
pub fn persons(rows: &[Vec<Option<String>>]) -> Vec<usize> {
    let mut groups = Groups::of(rows);
    for field in 0..rows.iter().map(Vec::len).max().unwrap_or(0) {
        let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            if let Some(Some(value)) = row.get(field) {
                by_value.entry(value).or_default().push(place);
            }
        }
        for sharing in by_value.values() {
            groups.unite(sharing, field);
        }
    }
    (0..rows.len()).map(|place| groups.oldest(place)).collect()
}

/// Rows as they are united.
struct Groups<'a> {
    /// Of each row, an older one of its group, or itself.
    older: Vec<usize>,
    /// Of the oldest row of each group, the values of the group, by field.
    values: Vec<Vec<Option<&'a str>>>,
}

impl<'a> Groups<'a> {
    fn of(rows: &'a [Vec<Option<String>>]) -> Groups<'a> {
        let values = |row: &'a Vec<Option<String>>| row.iter().map(Option::as_deref).collect();
        Groups { older: (0..rows.len()).collect(), values: rows.iter().map(values).collect() }
    }

    fn oldest(&self, place: usize) -> usize {
        let mut place = place;
        while let Some(&older) = self.older.get(place).filter(|older| **older != place) {
            place = older;
        }
        place
    }

    /// Unites the groups of rows that share a value of a field, as far as stronger values allow.
    fn unite(&mut self, rows: &[usize], field: usize) {
        let mut apart: Vec<usize> = Vec::new();
        for &row in rows {
            let group = self.oldest(row);
            let same = apart.iter().map(|other| self.oldest(*other)).find(|other| !self.differ(*other, group, field));
            match same {
                Some(other) => self.join(other.min(group), other.max(group)),
                None => apart.push(group),
            }
        }
    }

    /// Whether a value stronger than that of `field` is present in both and differs.
    fn differ(&self, one: usize, other: usize, field: usize) -> bool {
        let values = |group: usize| self.values.get(group).map_or(&[] as &[_], Vec::as_slice);
        let pairs = values(one).iter().zip(values(other)).take(field);
        one != other && pairs.filter_map(|(one, other)| one.zip(*other)).any(|(one, other)| one != other)
    }

    fn join(&mut self, old: usize, young: usize) {
        if old == young {
            return;
        }
        let added = self.values.get_mut(young).map(std::mem::take).unwrap_or_default();
        if let (Some(link), Some(values)) = (self.older.get_mut(young), self.values.get_mut(old)) {
            *link = old;
            for (value, more) in values.iter_mut().zip(added) {
                *value = value.or(more);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_person_unless_a_stronger_one_differs() {
        // Rows as `email phone`, `-` for missing; then of each row its person.
        for (rows, expected) in [
            (&["a@x.y 1", "b@x.y 2"] as &[&str], vec![0, 1]),
            (&["a@x.y -", "A@X.Y -"], vec![0, 0]),
            (&["a@x.y 1", "b@x.y 1"], vec![0, 1]),
            (&["a@x.y 1", "- 1"], vec![0, 0]),
            (&["- 1", "a@x.y 1", "b@x.y 1"], vec![0, 0, 2]),
            (&["a@x.y 1", "b@x.y 1", "- 1"], vec![0, 1, 0]),
            // One email with two phones: each phone's row without email belongs to that person.
            (&["a@x.y 1", "a@x.y 2", "- 2", "- 1"], vec![0, 0, 0, 0]),
            (&["- 2", "a@x.y 1", "a@x.y 2"], vec![0, 0, 0]),
            (&["- -", "- -"], vec![0, 1]),
        ] {
            let row = |row: &&str| {
                let value = |(field, text): (&str, &str)| identifying(field, text).filter(|text| text != "-");
                ["email", "phone"].into_iter().zip(row.split(' ')).map(value).collect::<Vec<_>>()
            };
            assert_eq!(persons(&rows.iter().map(row).collect::<Vec<_>>()), expected, "{rows:?}");
        }
        assert_eq!(identifying("email", "  Ana@Example.COM "), Some("ana@example.com".into()));
        assert_eq!((identifying("phone", " "), identifying("phone", " Ab")), (None, Some("Ab".into())));
    }
}
