//! Exactly what the files say.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    dynamic,
    error::{ConfigError, ConfigErrors, Place},
    settings::{self, Known},
    value::Value,
};

/// Values by setting, with the place of the last assignment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RawConfig {
    values: BTreeMap<&'static str, Arc<Assigned>>,
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
    /// Where elements of a map were set that were set one by one.
    pub elements: BTreeMap<String, Place>,
}

impl Assigned {
    /// Where an element of a map was set.
    #[must_use]
    pub fn place_of(&self, key: &str) -> &Place {
        self.elements.get(key).unwrap_or(&self.place)
    }
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
        let elements = BTreeMap::new();
        self.values.insert(
            setting.perl(),
            Arc::new(Assigned {
                value,
                place,
                elements,
            }),
        );
        Ok(())
    }

    /// What a setting holds, to be changed; `default` if it is not set. `key` is the element of a map that is meant, if it is one.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn slot(
        &mut self,
        name: &str,
        key: Option<&str>,
        default: Value,
        place: Place,
    ) -> Result<&mut Value, ConfigErrors> {
        let perl = known(name, &place)?.perl();
        let assigned = self.values.entry(perl).or_insert_with(|| {
            Arc::new(Assigned {
                value: default,
                place: place.clone(),
                elements: BTreeMap::new(),
            })
        });
        let assigned = Arc::make_mut(assigned);
        if let Some(key) = key {
            assigned.elements.insert(key.to_owned(), place.clone());
        }
        assigned.place = place;
        Ok(&mut assigned.value)
    }

    /// Notes that something was set which is no setting, and means nothing to us.
    pub fn note_stranger(&mut self, name: String, place: Place) {
        self.strangers.insert(name, place);
    }

    /// What was assigned to a setting.
    #[must_use]
    pub fn get(&self, perl: &str) -> Option<&Assigned> {
        self.values.get(perl).map(Arc::as_ref)
    }

    /// All that is set, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Assigned)> {
        self.values
            .iter()
            .map(|(name, assigned)| (*name, assigned.as_ref()))
    }

    /// Things set that mean nothing here, in order.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        self.strangers.keys().map(String::as_str)
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
        if let Some(Value::Map(banks)) = self.get("%policy_bank").map(|banks| &banks.value) {
            for (bank, entries) in banks {
                let Value::Map(entries) = entries else {
                    continue;
                };
                let idle = entries.keys().filter(|key| {
                    dynamic::find(key).is_some_and(|perl| !dynamic::has_effect(perl))
                });
                names.extend(idle.map(|key| format!("{bank}:{key}")));
            }
        }
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
