//! Where rows are kept until their contacts live: in memory as far as it is given, then in a temporary file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// The bytes of all parts and tables.
#[derive(Debug)]
pub(super) struct Room {
    /// By table and part: what came, in the order in which it came.
    blocks: Vec<Vec<Vec<Block>>>,
    /// How many bytes may still be kept in memory.
    memory: usize,
    file: Option<File>,
    end: u64,
}

#[derive(Debug)]
enum Block {
    Memory(Vec<u8>),
    Disk { start: u64, length: usize },
}

impl Room {
    pub fn new(tables: usize, parts: usize, memory: usize) -> Room {
        let of_parts = || (0..parts).map(|_| Vec::new()).collect();
        Room { blocks: (0..tables).map(|_| of_parts()).collect(), memory, file: None, end: 0 }
    }

    /// Takes bytes, and leaves none.
    ///
    /// # Errors
    /// When the disk that holds temporary files refuses.
    pub fn keep(&mut self, table: usize, part: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let Some(blocks) = self.blocks.get_mut(table).and_then(|parts| parts.get_mut(part)) else { return Ok(()) };
        if let Some(left) = self.memory.checked_sub(bytes.len()) {
            self.memory = left;
            // A copy is as long as it must be, and the buffer serves again.
            blocks.push(Block::Memory(bytes.as_slice().to_vec()));
        } else {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(tempfile::tempfile()?),
            };
            file.write_all(bytes)?;
            blocks.push(Block::Disk { start: self.end, length: bytes.len() });
            self.end += bytes.len() as u64;
        }
        bytes.clear();
        Ok(())
    }

    /// All bytes of a table in a part.
    ///
    /// # Errors
    /// When the disk that holds temporary files refuses.
    pub fn load(&mut self, table: usize, part: usize) -> io::Result<Vec<u8>> {
        let blocks = self.blocks.get(table).and_then(|parts| parts.get(part)).map_or(&[] as &[Block], Vec::as_slice);
        let length = |block: &Block| match block {
            Block::Memory(bytes) => bytes.len(),
            Block::Disk { length, .. } => *length,
        };
        let mut all = Vec::with_capacity(blocks.iter().map(length).sum());
        for block in blocks {
            match (block, &mut self.file) {
                (Block::Memory(bytes), _) => all.extend_from_slice(bytes),
                (Block::Disk { start, length }, Some(file)) => {
                    let before = all.len();
                    all.resize(before + length, 0);
                    file.seek(SeekFrom::Start(*start))?;
                    file.read_exact(all.get_mut(before..).unwrap_or(&mut []))?;
                }
                (Block::Disk { .. }, None) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(all)
    }
}
