//! Numbers of things in sentences.

/// `1 message`, `1,234 messages`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `113,977`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The word for one or for several: `1 waits`, `2 wait`.
pub fn verb<'a>(number: u64, one: &'a str, several: &'a str) -> &'a str {
    if number == 1 { one } else { several }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let said = |number| format!("{} {}", counted(number, "message"), verb(number, "waits", "wait"));
        assert_eq!([0, 1, 1234].map(said), ["0 messages wait", "1 message waits", "1,234 messages wait"]);
    }
}
