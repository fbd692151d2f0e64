//! Lists of words in sentences.

/// `a, b or c`.
pub fn or_list<T: AsRef<str>>(words: &[T]) -> String {
    let mut all: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last,
        Some(last) => format!("{} or {last}", all.join(", ")),
    }
}

/// `a, b and c`.
pub fn and_list<T: AsRef<str>>(words: &[T]) -> String {
    let mut all: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last,
        Some(last) => format!("{} and {last}", all.join(", ")),
    }
}
