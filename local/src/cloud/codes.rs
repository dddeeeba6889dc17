//! Error codes: how a service declares the closed set of those that its model has.

/// Declares the closed set of error codes with their HTTP status.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $status:literal;)+) => {
        /// An error code as the wire spells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// The text that SDKs match, which is not always the shape's name.
            pub fn wire(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// The HTTP status that comes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }
        }
    };
}

pub(crate) use codes;
