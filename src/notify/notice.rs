//! Notices to administrators and recipients.
//!
//! # Source
//! content.md 7.4.

use super::text::Text;

/// What a notice is made of.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'n> {
    /// The expanded template.
    pub text: &'n Text,
    /// What stands in its From field if the template has none.
    pub from: &'n str,
    /// Date, likewise.
    pub date: &'n str,
    /// Message-ID, likewise.
    pub message_id: &'n str,
    /// Unique text, for the boundary.
    pub id: &'n str,
    /// The header section of the message that it is about, in canonical form; nothing if it is not to be shown.
    pub header: Option<&'n [u8]>,
}

/// Composes a notice, in canonical form.
#[must_use]
pub fn compose(notice: &Notice<'_>) -> Vec<u8> {
    let mut out = notice.text.header(&[
        ("From", notice.from),
        ("To", "undisclosed-recipients:;"),
        ("Date", notice.date),
        ("Message-ID", notice.message_id),
        ("Auto-Submitted", "auto-generated"),
    ]);
    let Some(header) = notice.header else {
        out.push_str(&notice.text.part());
        return out.into_bytes();
    };
    let encoding = if header.is_ascii() { "7bit" } else { "8bit" };
    let boundary = format!("----------=_{}", notice.id);
    out.push_str(&format!(
        "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n\
         This is a notice in two parts.\r\n\r\n--{boundary}\r\n{}\r\n--{boundary}\r\n\
         Content-Type: text/rfc822-headers; name=\"header.hdr\"\r\nContent-Disposition: inline; filename=\"header.hdr\"\r\n\
         Content-Transfer-Encoding: {encoding}\r\nContent-Description: Message header section\r\n\r\n",
        notice.text.part()
    ));
    let mut octets = out.into_bytes();
    octets.extend_from_slice(header);
    if !header.ends_with(b"\r\n") {
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    octets
}
