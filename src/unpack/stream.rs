//! What a decoder process tells its parent: records in a pipe. The parent believes none of it.
//!
//! A record is a tag, the length of its text (4 octets), the length of its content (8 octets), the text (JSON), the content.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::explorer::Keep;
use crate::mail::node::{Limit, Node, NodeId, State};

/// Longest text of a record.
const LONGEST_TEXT: usize = 256 * 1024;
/// All texts of one process: ten thousand nodes with all their names take less.
const MOST_TEXT: usize = 64 << 20;
/// Octets that are kept before they are written.
const BUFFER: usize = 32 * 1024;
const HEAD: usize = 13;

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A node was found; its content follows if it was wanted.
    Found(NodeId, Node, Vec<u8>),
    /// A node is done with.
    Finished(NodeId, Node),
    /// A node is done with, and nothing was learned since it was found.
    Ended(NodeId),
    /// All is done, or a limit was reached.
    Done(Option<Limit>),
}

#[derive(Serialize, Deserialize)]
struct Text<'a> {
    id: NodeId,
    node: std::borrow::Cow<'a, Node>,
}

/// Writes records.
pub(super) struct Writer<W: Write> {
    out: W,
    buffer: Vec<u8>,
    wants_content: bool,
    /// What was told last, and how much was known of it.
    last: Option<(NodeId, Known)>,
}

/// What may change of a node after it was found.
#[derive(PartialEq, Eq)]
struct Known {
    oddities: usize,
    kinds: usize,
    is_ambiguous: bool,
    state: State,
}

impl Known {
    fn of(node: &Node) -> Self {
        Self {
            oddities: node.oddities.len(),
            kinds: node.kinds.len(),
            is_ambiguous: node.is_ambiguous,
            state: node.state.clone(),
        }
    }
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, wants_content: bool) -> Self {
        Self {
            out,
            buffer: Vec::with_capacity(2 * BUFFER),
            wants_content,
            last: None,
        }
    }

    fn record(&mut self, tag: u8, text: &[u8], content: &[u8]) -> io::Result<()> {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.buffer.push(tag);
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer
            .extend_from_slice(&(content.len() as u64).to_le_bytes());
        self.buffer.extend_from_slice(text);
        if content.len() < BUFFER {
            self.buffer.extend_from_slice(content);
        } else {
            self.flush()?;
            self.out.write_all(content)?;
        }
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    fn node(&mut self, tag: u8, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()> {
        let text = Text {
            id,
            node: std::borrow::Cow::Borrowed(node),
        };
        let text = serde_json::to_vec(&text)?;
        self.record(tag, &text, content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// The last record.
    pub(super) fn done(&mut self, over: Option<Limit>) -> io::Result<()> {
        self.record(b'D', &serde_json::to_vec(&over)?, &[])?;
        self.flush()
    }
}

impl<W: Write> Keep for Writer<W> {
    fn keep(&mut self, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()> {
        let content = if self.wants_content { content } else { &[] };
        self.last = Some((id, Known::of(node)));
        self.node(b'N', id, node, content)
    }

    fn opening(&mut self) -> io::Result<()> {
        self.flush()
    }

    fn finish(&mut self, id: NodeId, node: &Node) -> io::Result<()> {
        if self.last == Some((id, Known::of(node))) {
            return self.record(b'E', id.to_string().as_bytes(), &[]);
        }
        self.node(b'F', id, node, &[])
    }
}

/// Reads records from octets that come in pieces.
#[derive(Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
    /// Octets at the beginning of the buffer that are done with.
    used: usize,
    /// Octets of text so far.
    text: usize,
}

impl Reader {
    pub(super) fn take_in(&mut self, octets: &[u8]) {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// The next record, if all of it is there.
    ///
    /// # Errors
    /// What is wrong with it; nothing that comes after is a record then.
    pub(super) fn next(&mut self, most_content: u64) -> Result<Option<Record>, String> {
        let rest = self.buffer.get(self.used..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let [tag, a, b, c, d, length @ ..] = *head;
        let text_length = u32::from_le_bytes([a, b, c, d]) as usize;
        let content_length = u64::from_le_bytes(length);
        if text_length > LONGEST_TEXT
            || self.text + text_length > MOST_TEXT
            || content_length > most_content
        {
            return Err("it wrote a record that is too long".to_owned());
        }
        let content_length = usize::try_from(content_length).unwrap_or(usize::MAX);
        let Some((text, rest)) = rest.split_at_checked(text_length) else {
            return Ok(None);
        };
        let Some(content) = rest.get(..content_length) else {
            return Ok(None);
        };
        let record = record(tag, text, content)?;
        self.text += text_length;
        self.used += HEAD + text_length + content_length;
        Ok(Some(record))
    }
}

fn record(tag: u8, text: &[u8], content: &[u8]) -> Result<Record, String> {
    let wrong = |error: serde_json::Error| format!("it wrote no record: {error}");
    let node = || -> Result<(NodeId, Node), String> {
        let text: Text<'_> = serde_json::from_slice(text).map_err(wrong)?;
        Ok((text.id, text.node.into_owned()))
    };
    match tag {
        b'N' => node().map(|(id, node)| Record::Found(id, node, content.to_vec())),
        b'F' => node().map(|(id, node)| Record::Finished(id, node)),
        b'E' => serde_json::from_slice(text)
            .map_err(wrong)
            .map(Record::Ended),
        b'D' => serde_json::from_slice(text)
            .map_err(wrong)
            .map(Record::Done),
        _ => Err("it wrote no record".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_however_it_is_cut() {
        let node = Node {
            names: vec!["a\"\u{e4}\n".into()],
            size: 5,
            ..Node::default()
        };
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, true);
        writer.keep(0, &node, b"hello").unwrap();
        writer.keep(1, &node, &vec![b'x'; 100_000]).unwrap();
        writer.finish(1, &node).unwrap();
        writer.finish(0, &node).unwrap();
        writer.done(Some(Limit::Files(3))).unwrap();
        for step in [1, 7, 1000, 1_000_000] {
            let mut reader = Reader::default();
            let mut found = Vec::new();
            for piece in out.chunks(step) {
                reader.take_in(piece);
                while let Some(record) = reader.next(100_000).unwrap() {
                    found.push(record);
                }
            }
            assert_eq!(found.len(), 5);
            assert_eq!(found[0], Record::Found(0, node.clone(), b"hello".to_vec()));
            assert_eq!(found[2], Record::Ended(1));
            assert_eq!(found[3], Record::Finished(0, node.clone()));
            assert_eq!(found[4], Record::Done(Some(Limit::Files(3))));
        }
        let mut reader = Reader::default();
        reader.take_in(&out);
        assert!(reader.next(4).is_err(), "content beyond what is allowed");
        let mut reader = Reader::default();
        reader.take_in(b"X\0\0\0\0\0\0\0\0\0\0\0\0");
        assert!(reader.next(4).is_err(), "no record");
    }
}
