//! How a replay is declared.

/// Declares a replay. Each field is `name: type = ParamType` and, where it may be left out, `or default`.
macro_rules! replay {
    (
        $(#[doc = $doc:literal])*
        $Name:ident as $name:literal { $($field:ident : $type:ty = $kind:expr $(, or $default:expr)? ;)* }
    ) => {
        $(#[doc = $doc])*
        #[allow(rustdoc::broken_intra_doc_links, reason = "the text is a Python docstring: `s[2]` is no link")]
        #[derive(Clone, Debug)]
        #[allow(non_snake_case, reason = "a field has the framework's name")]
        pub struct $Name {
            $(#[doc = concat!("See [`", stringify!($Name), "`].")] pub $field: $type,)*
        }

        #[allow(dead_code, reason = "not every replay is made of another")]
        impl $Name {
            pub(crate) const NAME: &'static str = $name;

            /// From checked arguments, one a parameter.
            pub(crate) fn taken(values: &[$crate::declare::Value]) -> $Name {
                let mut values = values.iter();
                $Name {
                    $($field: $crate::declare::Field::take(values.next().expect("one value a parameter")),)*
                }
            }

            /// Its arguments, in the order of the parameters.
            pub(crate) fn given(&self) -> Vec<$crate::declare::Value> {
                vec![$($crate::declare::Field::give(&self.$field),)*]
            }

            pub(crate) fn replay_kind() -> $crate::declare::ReplayKind {
                $crate::declare::ReplayKind {
                    name: $name,
                    doc: concat!($($doc, "\n"),*),
                    params: || vec![$($crate::declare::Param {
                        name: stringify!($field),
                        kind: $kind,
                        default: replay!(@default $($default)?),
                    },)*],
                    build: |values| {
                        let recurrence = $Name::taken(values);
                        $crate::replay::StepRule::check(&recurrence)?;
                        Ok(std::sync::Arc::new($crate::replay::Track::new(recurrence)?))
                    },
                }
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

/// Declares several replays, and `kinds()`, which lists them.
macro_rules! replays {
    ($(
        $(#[doc = $doc:literal])*
        $Name:ident as $name:literal { $($fields:tt)* }
    )*) => {
        $(replay! {
            $(#[doc = $doc])*
            $Name as $name { $($fields)* }
        })*

        /// The replays declared here.
        pub(crate) fn kinds() -> Vec<$crate::declare::ReplayKind> {
            vec![$($Name::replay_kind(),)*]
        }
    };
}
