//! Exactly what the files say.

use std::collections::BTreeMap;

use super::{
    error::{ConfigError, ConfigErrors, Place},
    settings::{self, Known},
    value::Value,
};

/// Values by setting, with the place of the last assignment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RawConfig {
    values: BTreeMap<&'static str, Assigned>,
    /// Things set that mean nothing to us, such as `$ENV{PATH}`.
    strangers: BTreeMap<String, Place>,
    /// What the reader noticed that is no error.
    pub warnings: Vec<ConfigError>,
}

/// A value and where it was set.
#[derive(Clone, PartialEq, Debug)]
pub struct Assigned {
    /// The value.
    pub value: Value,
    /// Where.
    pub place: Place,
}

impl RawConfig {
    /// Sets `name`, in Perl form with its sigil.
    ///
    /// # Errors
    /// If there is no such setting; the nearest known name is in the advice.
    pub fn set(&mut self, name: &str, value: Value, place: Place) -> Result<(), ConfigErrors> {
        let setting = known(name, &place)?;
        if let Known::Retired(name) = setting {
            let what = format!("{name} was retired: setting it has no effect");
            self.warnings.push(ConfigError::at(place.clone(), what));
        }
        self.values
            .insert(setting.perl(), Assigned { value, place });
        Ok(())
    }

    /// Sets one key of a map.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_element(
        &mut self,
        name: &str,
        key: String,
        value: Value,
        place: Place,
    ) -> Result<(), ConfigErrors> {
        let perl = known(name, &place)?.perl();
        let entry = self.values.entry(perl).or_insert_with(|| Assigned {
            value: Value::Map(BTreeMap::new()),
            place: place.clone(),
        });
        entry.place = place;
        match &mut entry.value {
            Value::Map(entries) => {
                entries.insert(key, value);
            }
            other => *other = Value::Map(BTreeMap::from([(key, value)])),
        }
        Ok(())
    }

    /// Notes that something was set which is no setting, and means nothing to us.
    pub fn note_stranger(&mut self, name: String, place: Place) {
        self.strangers.insert(name, place);
    }

    /// What was assigned to a setting.
    #[must_use]
    pub fn get(&self, perl: &str) -> Option<&Assigned> {
        self.values.get(perl)
    }

    /// Names that are set and have no effect, in order.
    #[must_use]
    pub fn without_effect(&self) -> Vec<String> {
        let names = self
            .values
            .keys()
            .filter(|name| !settings::has_effect(name))
            .map(|name| (*name).to_owned());
        let mut names: Vec<String> = names.chain(self.strangers.keys().cloned()).collect();
        names.sort_unstable();
        names
    }
}

fn known(name: &str, place: &Place) -> Result<Known, ConfigErrors> {
    settings::find(name).ok_or_else(|| {
        let error = ConfigError::at(place.clone(), format!("unknown setting {name}"));
        match settings::nearest(name) {
            Some(nearest) => error.advise(format!("did you mean {nearest}?")).into(),
            None => error.into(),
        }
    })
}
