//! What makes a struct a record, and an enum a set of words.

use super::texts::Texts;

/// A struct that is one line of the text form.
pub(crate) trait Record: Default {
    /// What its lines begin with.
    const WORD: &'static str;

    /// Appends the fields that differ from their default.
    fn write(&self, texts: &Texts, line: &mut String);

    /// Sets the field of that name.
    fn set(&mut self, name: &str, shown: &str, texts: &mut Texts) -> Result<(), String>;
}

/// Declares a record: a `Copy` struct with a default, whose fields' names are those of its text.
macro_rules! record {
    (
        $(#[$about:meta])*
        pub struct $name:ident = $word:literal {
            $($(#[$about_field:meta])* pub $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$about_field])* pub $field: $type,)*
        }

        impl $crate::text::Record for $name {
            const WORD: &'static str = $word;

            fn write(&self, texts: &$crate::text::Texts, line: &mut String) {
                $(if let Some(shown) = $crate::text::Field::shown(&self.$field, texts) {
                    line.push(' ');
                    line.push_str(stringify!($field));
                    line.push('=');
                    line.push_str(&shown);
                })*
            }

            fn set(
                &mut self,
                name: &str,
                shown: &str,
                texts: &mut $crate::text::Texts,
            ) -> Result<(), String> {
                match name {
                    $(stringify!($field) => {
                        self.$field = $crate::text::Field::read(shown, texts)?;
                    })*
                    other => return Err(format!("{} has no field {other}", $word)),
                }
                Ok(())
            }
        }
    };
}
pub(crate) use record;

/// Declares an enum whose variants are words of the text form; the first is the default.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $(#[$about_first:meta])* $first:ident = $first_word:literal,
            $($(#[$about_rest:meta])* $rest:ident = $rest_word:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            #[default]
            $(#[$about_first])* $first,
            $($(#[$about_rest])* $rest,)*
        }

        impl $name {
            /// The word in the text form.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$rest => $rest_word,)*
                }
            }
        }

        impl $crate::text::Field for $name {
            fn shown(&self, _texts: &$crate::text::Texts) -> Option<String> {
                (*self != Self::$first).then(|| self.word().to_owned())
            }

            fn read(shown: &str, _texts: &mut $crate::text::Texts) -> Result<Self, String> {
                match shown {
                    $first_word => Ok(Self::$first),
                    $($rest_word => Ok(Self::$rest),)*
                    other => Err(format!(
                        "{other} is none of {}",
                        [$first_word, $($rest_word),*].join(", ")
                    )),
                }
            }
        }
    };
}
pub(crate) use words;
