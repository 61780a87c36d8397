//! The header section, and log text.

use filterd::{
    log::escape,
    mail::header,
    mime::{field, trace::Trace},
};

/// Fields lie within the message, in their order, and their names are names; the values that are taken from them are text.
pub fn check(message: &[u8]) {
    let range = message.as_ptr_range();
    let mut last = range.start;
    let mut fields = 0;
    for field in header::fields(message) {
        fields += 1;
        let (name, value) = (field.name.as_ptr_range(), field.value.as_ptr_range());
        assert!(last <= name.start && name.end <= value.start && value.end <= range.end);
        last = value.end;
        assert!(!field.name.is_empty());
        assert!(!field.name.iter().any(|octet| b" \t\r\n:".contains(octet)));
        check_value(field.value);
    }
    let trace = Trace::read(message);
    assert!(trace.hops <= fields);
    if let Some(id) = &trace.message_id {
        assert!(!id.is_empty());
        check_log(id);
    }
    check_log(&String::from_utf8_lossy(message));
}

fn check_value(value: &[u8]) {
    if let Some(id) = field::message_id(value) {
        assert!(!id.is_empty());
    }
    // No panic is all that can be said.
    let _address = field::received_from(value);
}

/// In the log, no text can end its line, move the cursor, or turn the direction of writing.
fn check_log(text: &str) {
    let shown = escape(text.to_owned());
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(!shown.contains(['\u{202E}', '\u{2066}']));
    assert!(shown.len() >= text.len());
}
