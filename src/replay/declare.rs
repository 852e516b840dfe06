//! How a form is declared.

/// Declares forms. Each field is `name: type = Kind` and, where it may be left out, `or default`.
macro_rules! replays {
    ($(
        $(#[doc = $doc:literal])*
        $Name:ident as $name:literal { $($field:ident : $type:ty = $kind:expr $(, or $default:expr)? ;)* }
    )*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Debug)]
            // A parameter has the framework's name, as `T_max`.
            #[allow(non_snake_case)]
            pub struct $Name {
                $(#[doc = concat!("See [`", stringify!($Name), "`].")] pub $field: $type,)*
            }

            impl $Name {
                fn form() -> $crate::replay::Form {
                    $crate::replay::Form {
                        name: $name,
                        doc: concat!($($doc, "\n"),*),
                        params: || vec![$($crate::shape::Param {
                            name: stringify!($field),
                            kind: $kind,
                            default: replays!(@default $($default)?),
                        },)*],
                        build: |values| {
                            let mut values = values.iter();
                            let recurrence = $Name {
                                $($field: $crate::shape::Field::take(values.next().expect("one value a parameter")),)*
                            };
                            $crate::replay::Recurrence::check(&recurrence)?;
                            Ok(std::sync::Arc::new($crate::replay::Track::new(recurrence)))
                        },
                    }
                }
            }
        )*

        /// The forms declared here.
        pub(super) fn forms() -> Vec<$crate::replay::Form> {
            vec![$($Name::form(),)*]
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}
