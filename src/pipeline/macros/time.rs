//! Times.

use super::Facts;
use crate::{
    sys::clock::{LocalTime, monotonic_ms, unix_seconds},
    template::Value,
};

impl Facts<'_> {
    pub(super) fn of_time(&self, name: &str) -> Option<Value> {
        // All times are of the reception, whenever the text is made.
        let spent = monotonic_ms().saturating_sub(self.case.arrived.began_ms);
        let received = unix_seconds().saturating_sub(spent / 1000);
        let local = || LocalTime::from_unix(received);
        Some(match name {
            "d" | "DATE" | "date_rfc2822_local" => local().for_mail().into(),
            "U" | "date_iso8601_utc" => LocalTime::compact_utc(received).into(),
            "date_iso8601_local" => local().compact().into(),
            "u" | "date_unix_utc" => format!("{received:010}").into(),
            "week_iso8601" => local().iso_week().into(),
            "weekday" => match local().weekday {
                0 => "7".into(),
                day => day.to_string().into(),
            },
            "y" => spent.to_string().into(),
            _ => return None,
        })
    }
}
