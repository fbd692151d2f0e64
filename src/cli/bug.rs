//! What is said when the program is wrong. It says where, and never with which data: the message of a panic may
//! hold a value of a contact, and the path of a file the name of a person.

use super::output;
use std::panic::Location;

/// Replaces Rust's words about a panic by ours.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|info| output::notice(&describe(info.location()))));
}

fn describe(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(|| "an unknown place".to_owned(), |at| place(at.file(), at.line()));
    format!(
        "error: this is a bug in scn {version}, at {place}\n  help: please report it with this line \
         and the command that you ran\n",
        version = env!("CARGO_PKG_VERSION")
    )
}

/// A file of ours as it is; of a library, its last part alone.
fn place(file: &str, line: u32) -> String {
    let file = file.replace('\\', "/");
    let shown = if file.starts_with("src/") { file.as_str() } else { file.rsplit('/').next().unwrap_or_default() };
    format!("{shown}:{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_tells_its_place_and_no_more() {
        assert_eq!(place("src/engine/step.rs", 12), "src/engine/step.rs:12");
        assert_eq!(place("/home/ana/.cargo/registry/src/x/lib.rs", 3), "lib.rs:3");
        assert_eq!(place("C:\\Users\\ana\\lib.rs", 3), "lib.rs:3");
        let text = describe(None);
        assert!(text.starts_with("error: this is a bug in scn ") && text.contains("an unknown place"), "{text}");
    }
}
