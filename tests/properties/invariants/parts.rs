//! Messages taken apart.

use filterd::{
    mail::part::{Part, PartKind, PartTree},
    mime::{
        transfer::decode,
        walk::{Limits, Reading, walk},
    },
};

/// Every octet belongs to exactly one stretch, in order; parts lie in the message, each after what holds it, within the limits.
pub fn check(message: &[u8]) {
    let limits = Limits {
        depth: 5,
        parts: 50,
    };
    let tree = walk(message, limits, Reading::First);
    check_segments(message, &tree);
    assert!(!tree.parts.is_empty() && tree.parts.len() <= limits.parts);
    for (id, part) in tree.parts.iter().enumerate() {
        assert!(part.depth <= limits.depth + 1, "{part:?}");
        check_place(id, part, &tree);
        assert!(part.header.end <= part.body.start && part.body.end <= message.len());
        let body = &message[part.body.clone()];
        let (decoded, _) = decode(body, part.encoding, 1000);
        assert!(decoded.len() <= 1000 && decoded.len() <= body.len());
    }
}

fn check_segments(message: &[u8], tree: &PartTree) {
    let mut at = 0;
    for segment in &tree.segments {
        assert_eq!(segment.range.start, at, "{tree:?}");
        assert!(segment.range.end > at && segment.part < tree.parts.len());
        at = segment.range.end;
    }
    assert_eq!(at, message.len(), "{tree:?}");
}

fn check_place(id: usize, part: &Part, tree: &PartTree) {
    let Some(parent) = part.parent else {
        assert_eq!(id, 0);
        return;
    };
    assert!(parent < id);
    let parent = &tree.parts[parent];
    assert_eq!(part.depth, parent.depth + 1);
    assert_ne!(parent.kind, PartKind::Leaf);
    assert!(parent.body.start <= part.header.start, "{tree:?}");
    assert!(part.body.end <= parent.body.end, "{tree:?}");
}
