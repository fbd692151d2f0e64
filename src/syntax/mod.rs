//! Text to tree. Parsing is total: any UTF-8 gives a tree and diagnostics, no panic, in time linear in
//! its length. pest is hidden here, and no type of it leaves this room.

pub mod tree;
