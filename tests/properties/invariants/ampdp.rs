//! AM.PDP: requests in, attributes out.

use filterd::wire::ampdp::{Incoming, LARGEST, Receiver, Response};

use super::pieces;

/// However a stream is cut, the same requests come out of it, and what was said is read again as it was.
pub fn check(octets: &[u8], cuts: &[u8]) {
    let whole = requests(&[octets]);
    assert_eq!(whole, requests(&pieces(octets, cuts)));
    let text = String::from_utf8_lossy(octets);
    let mut response = Response::default();
    response.add_text("value", &text);
    let mut sent = response.finish();
    assert!(sent.is_ascii());
    let mut receiver = Receiver::default();
    match receiver.take(&mut sent) {
        Incoming::Request(request) => {
            assert_eq!(request.all("value").next(), Some(text.as_bytes()));
        }
        Incoming::TooLong => assert!(text.len() * 3 > 16 * 1024 - 10),
        Incoming::Part => panic!("an answer ends"),
    }
}

fn requests(pieces: &[&[u8]]) -> Vec<String> {
    let (mut receiver, mut input, mut found) = (Receiver::default(), Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match receiver.take(&mut input) {
                Incoming::Request(request) => found.push(format!("{request:?}")),
                Incoming::TooLong => return found,
                Incoming::Part => break,
            }
        }
    }
    assert!(input.len() <= LARGEST);
    found
}
