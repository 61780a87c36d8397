//! Time: the monotonic clock for everything that is measured or waited for, the wall clock for what people read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

/// Microseconds of `CLOCK_MONOTONIC`: the same clock in all processes of the machine, unmoved by clock changes.
#[must_use]
pub fn monotonic_us() -> u64 {
    // CLOCK_MONOTONIC exists on every Linux: the call cannot fail.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map(Duration::from)
        .unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

/// Milliseconds of `CLOCK_MONOTONIC`.
#[must_use]
pub fn monotonic_ms() -> u64 {
    monotonic_us() / 1000
}

/// Milliseconds of the monotonic clock as it was at the kernel's last tick, at most 10 ms ago: for waits and ages, which are asked
/// about far more often than anything needs to be known exactly. Reading it costs a tenth of [`monotonic_ms`].
#[must_use]
pub fn tick_ms() -> u64 {
    // As above: the call cannot fail.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE)
        .map(Duration::from)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// A point in time at which waiting ends; exact to a tick of the kernel's clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Deadline {
    /// Milliseconds of the monotonic clock.
    at_ms: u64,
}

impl Deadline {
    /// `timeout` from now.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        Self {
            at_ms: tick_ms().saturating_add(timeout),
        }
    }

    /// The earlier of `self` and `timeout` from now.
    #[must_use]
    pub fn or_after(self, timeout: Duration) -> Self {
        self.min(Self::after(timeout))
    }

    /// `span` earlier.
    #[must_use]
    pub fn less(self, span: Duration) -> Self {
        Self {
            at_ms: self
                .at_ms
                .saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        Duration::from_millis(self.at_ms.saturating_sub(tick_ms()))
    }

    /// True when nothing is left.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.at_ms <= tick_ms()
    }

    /// Milliseconds of the monotonic clock, as the scoreboard publishes it.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.at_ms
    }
}

/// Seconds since 1970.
#[must_use]
pub fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// A wall clock time in the local zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalTime {
    /// 1970 or later.
    pub year: i32,
    /// 1-12
    pub month: u8,
    /// 1-31
    pub day: u8,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 0-23
    pub hour: u8,
    /// 0-59
    pub minute: u8,
    /// 0-60
    pub second: u8,
    /// Seconds east of Greenwich.
    pub offset: i32,
    /// Abbreviation of the zone, printable ASCII.
    pub zone: [u8; 6],
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The date of trace fields, made once a second.
#[derive(Clone, Debug, Default)]
pub struct MailDate {
    made_for: Option<u64>,
    text: String,
}

impl MailDate {
    /// The time now, as [`LocalTime::for_mail`] has it.
    pub fn now(&mut self) -> &str {
        let now = unix_seconds();
        if self.made_for != Some(now) {
            self.made_for = Some(now);
            self.text = LocalTime::from_unix(now).for_mail();
        }
        &self.text
    }
}

const fn is_leap(year: i32) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

impl LocalTime {
    /// `seconds` since 1970 in the zone of `TZ` or `/etc/localtime`.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        let time = libc::time_t::try_from(seconds).unwrap_or_default();
        // SAFETY: all-zero is a valid `tm`.
        let mut tm: libc::tm = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are valid for the call; a null result leaves the zeroed value.
        unsafe { libc::localtime_r(&raw const time, &raw mut tm) };
        Self::of(&tm)
    }

    /// `seconds` since 1970 in UTC.
    fn from_unix_utc(seconds: u64) -> Self {
        let time = libc::time_t::try_from(seconds).unwrap_or_default();
        // SAFETY: all-zero is a valid `tm`.
        let mut tm: libc::tm = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are valid for the call; a null result leaves the zeroed value.
        unsafe { libc::gmtime_r(&raw const time, &raw mut tm) };
        Self::of(&tm)
    }

    fn of(tm: &libc::tm) -> Self {
        let small = |value: libc::c_int| u8::try_from(value).unwrap_or_default();
        let mut zone = [b' '; 6];
        if !tm.tm_zone.is_null() {
            // SAFETY: localtime_r leaves a pointer to a string that lives as long as the zone data.
            let name = unsafe { std::ffi::CStr::from_ptr(tm.tm_zone) };
            for (to, &from) in zone
                .iter_mut()
                .zip(name.to_bytes().iter().filter(|b| b.is_ascii_graphic()))
            {
                *to = from;
            }
        }
        Self {
            year: tm.tm_year + 1900,
            month: small(tm.tm_mon + 1),
            day: small(tm.tm_mday),
            weekday: small(tm.tm_wday),
            hour: small(tm.tm_hour),
            minute: small(tm.tm_min),
            second: small(tm.tm_sec),
            offset: i32::try_from(tm.tm_gmtoff).unwrap_or_default(),
            zone,
        }
    }

    /// The time now.
    #[must_use]
    pub fn now() -> Self {
        Self::from_unix(unix_seconds())
    }

    /// `Nov 22 12:07:48`, the timestamp of log files and of RFC 3164.
    #[must_use]
    pub fn for_log(&self) -> String {
        format!(
            "{} {:2} {:02}:{:02}:{:02}",
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second
        )
    }

    /// `Sun, 22 Nov 2026 12:18:09 +0000 (UTC)`, the date of a trace field (RFC 5322 section 3.3).
    #[must_use]
    pub fn for_mail(&self) -> String {
        let weekday = WEEKDAYS
            .get(usize::from(self.weekday))
            .copied()
            .unwrap_or("Sun");
        let (sign, minutes) = (
            if self.offset < 0 { '-' } else { '+' },
            self.offset.unsigned_abs() / 60,
        );
        let zone = String::from_utf8_lossy(&self.zone);
        format!(
            "{weekday}, {} {} {} {:02}:{:02}:{:02} {sign}{:02}{:02} ({})",
            self.day,
            self.month_name(),
            self.year,
            self.hour,
            self.minute,
            self.second,
            minutes / 60,
            minutes % 60,
            zone.trim_end()
        )
    }

    /// `Sun Nov 22 12:07:48 2026` in UTC, as between the messages of a mailbox (RFC 4155).
    #[must_use]
    pub fn for_mailbox_now() -> String {
        Self::from_unix_utc(unix_seconds()).for_mailbox()
    }

    fn for_mailbox(&self) -> String {
        let weekday = WEEKDAYS
            .get(usize::from(self.weekday))
            .copied()
            .unwrap_or("Sun");
        format!(
            "{weekday} {} {:2} {:02}:{:02}:{:02} {}",
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }

    /// `2026-W47-7`: year, week and day (Monday is 1) as ISO 8601 counts them.
    #[must_use]
    pub fn iso_week(&self) -> String {
        let day = if self.weekday == 0 {
            7
        } else {
            i32::from(self.weekday)
        };
        let week_of = |year: i32, month: u8, month_day: i32| {
            let begins = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
            let at = usize::from(month.clamp(1, 12) - 1);
            let leap = i32::from(is_leap(year) && month > 2);
            let of_year = begins.get(at).copied().unwrap_or(0) + leap + month_day;
            (of_year - day + 10) / 7
        };
        let week = week_of(self.year, self.month, i32::from(self.day));
        let (year, week) = match week {
            0 => (
                self.year - 1,
                week_of(self.year - 1, 12, 31 + i32::from(self.day)),
            ),
            53 if i32::from(self.day) - day >= 28 => (self.year + 1, 1),
            week => (self.year, week),
        };
        format!("{year:04}-W{week:02}-{day}")
    }

    /// `20261122T120748`, as in names of working directories.
    #[must_use]
    pub fn compact(&self) -> String {
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }

    /// `seconds` since 1970 as `20261122T120748Z`, which means the same everywhere.
    #[must_use]
    pub fn compact_utc(seconds: u64) -> String {
        format!("{}Z", Self::from_unix_utc(seconds).compact())
    }

    /// `2026-11-22T12:07:48.000Z`
    #[must_use]
    pub fn iso_utc(seconds: u64) -> String {
        let time = Self::from_unix_utc(seconds);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z",
            time.year, time.month, time.day, time.hour, time.minute, time.second
        )
    }

    fn month_name(&self) -> &'static str {
        MONTHS
            .get(usize::from(self.month.saturating_sub(1)))
            .copied()
            .unwrap_or("Jan")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_those_of_the_calendar() {
        let week = |year: i32, month: u8, day: u8, weekday: u8| {
            let mut time = LocalTime::from_unix(0);
            (time.year, time.month, time.day, time.weekday) = (year, month, day, weekday);
            time.iso_week()
        };
        for (date, want) in [
            ((2026, 11, 22, 0), "2026-W47-7"),
            ((2026, 1, 1, 4), "2026-W01-4"),
            ((2027, 1, 1, 5), "2026-W53-5"),
            ((2024, 12, 30, 1), "2025-W01-1"),
            ((2021, 1, 3, 0), "2020-W53-7"),
            ((2020, 12, 31, 4), "2020-W53-4"),
            ((2023, 1, 1, 0), "2022-W52-7"),
        ] {
            assert_eq!(week(date.0, date.1, date.2, date.3), want);
        }
    }

    #[test]
    fn deadlines_pass() {
        let long = Deadline::after(Duration::from_secs(60));
        assert!(!long.has_passed() && long.remaining() > Duration::from_secs(59));
        let now = Deadline::after(Duration::ZERO);
        assert!(now.has_passed() && now.remaining() == Duration::ZERO);
        assert_eq!(long.min(now), now);
        assert!(Deadline::after(Duration::MAX).as_ms() > long.as_ms());
        assert!(long.or_after(Duration::from_secs(1)) < long);
    }

    #[test]
    fn dates_have_the_form_of_their_place() {
        let time = LocalTime {
            year: 2026,
            month: 11,
            day: 2,
            weekday: 1,
            hour: 2,
            minute: 3,
            second: 4,
            offset: -(3600 * 3 + 1800),
            zone: *b"NST   ",
        };
        assert_eq!(time.for_log(), "Nov  2 02:03:04");
        assert_eq!(time.for_mail(), "Mon, 2 Nov 2026 02:03:04 -0330 (NST)");
        assert_eq!(time.compact(), "20261102T020304");
        assert_eq!(LocalTime::compact_utc(1_795_349_868), "20261122T121748Z");
        assert!(LocalTime::now().year >= 2026);
    }
}
