//! Query strings and form bodies as the clients write them, read into typed structs.
//!
//! Python writes booleans as `True`, repeats a key for a list (`expand=a&expand=b`); JavaScript writes `expand[]=a`.
//! All of that means the same here. Unknown parameters are ignored: newer clients send more than we know.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use crate::error::ApiError;

/// The query parameters of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parse(parts.uri.query().unwrap_or_default(), "query parameter").map(Self)
    }
}

/// Reads `a=1&b=2`; `what` names a parameter in messages.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, ApiError> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in form_urlencoded::parse(text.as_bytes()) {
        let key = key.strip_suffix("[]").unwrap_or(&key).to_owned();
        // No name, tag or path holds it, and PostgreSQL takes no text with it.
        if value.contains('\0') {
            return Err(ApiError::bad_request(format!("{what} `{key}`: the character NUL stands in no text")));
        }
        values.entry(key).or_default().push(value.into_owned());
    }
    let fields = values.into_iter().map(|(key, values)| (key.clone(), Values { key, values }));
    T::deserialize(MapDeserializer::new(fields))
        .map_err(|QueryError(message)| ApiError::bad_request(format!("{what} {message}")))
}

/// What is wrong with a parameter, beginning with its name.
#[derive(Debug)]
struct QueryError(String);

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for QueryError {}

impl serde::de::Error for QueryError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!("`{field}` is missing"))
    }
}

/// All values that one key came with.
struct Values {
    key: String,
    values: Vec<String>,
}

impl Values {
    /// The last value counts where one is wanted, as in most servers.
    fn last(&self) -> &str {
        self.values.last().map(String::as_str).unwrap_or_default()
    }

    fn wrong(&self, expected: &str) -> QueryError {
        let shown: String = self.last().chars().take(80).collect();
        QueryError(format!("`{}`: expected {expected}, got `{shown}`", self.key))
    }

    fn named(&self, error: QueryError) -> QueryError {
        if error.0.starts_with('`') { error } else { QueryError(format!("`{}`: {}", self.key, error.0)) }
    }

    fn boolean(&self) -> Result<bool, QueryError> {
        match self.last().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "" => Ok(true),
            "false" | "0" | "no" | "off" | "none" | "null" => Ok(false),
            _ => Err(self.wrong("true or false")),
        }
    }
}

impl IntoDeserializer<'_, QueryError> for Values {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $expected:literal)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
            let number = self.last().trim().parse().map_err(|_| self.wrong($expected))?;
            visitor.$visit(number).map_err(|error| self.named(error))
        }
    )*};
}

impl<'de> Deserializer<'de> for Values {
    type Error = QueryError;

    /// A key that came several times is a list to whoever takes either.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        if self.values.len() > 1 {
            return self.deserialize_seq(visitor);
        }
        let text = self.last().to_owned();
        visitor.visit_string(text).map_err(|error: QueryError| self.named(error))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_bool(self.boolean()?)
    }

    numbers! {
        deserialize_u8 visit_u8 "a small number"
        deserialize_u16 visit_u16 "a number from 0 to 65535"
        deserialize_u32 visit_u32 "a positive number"
        deserialize_u64 visit_u64 "a positive number"
        deserialize_i8 visit_i8 "a small number"
        deserialize_i16 visit_i16 "a number"
        deserialize_i32 visit_i32 "a number"
        deserialize_i64 visit_i64 "a number"
        deserialize_f32 visit_f32 "a number"
        deserialize_f64 visit_f64 "a number"
    }

    /// An empty value is as good as none: `cursor=`.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        if self.values.iter().all(String::is_empty) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        let key = self.key;
        let each = self.values.into_iter().map(|value| Values { key: key.clone(), values: vec![value] });
        visitor.visit_seq(SeqDeserializer::new(each))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        let word = Word(self.last().to_owned());
        visitor.visit_enum(word).map_err(|error: QueryError| self.named(error))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// One of the words of an enum.
struct Word(String);

impl<'de> EnumAccess<'de> for Word {
    type Error = QueryError;
    type Variant = Self;

    fn variant_seed<V: serde::de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), QueryError> {
        let value = seed.deserialize(self.0.clone().into_deserializer())?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Word {
    type Error = QueryError;

    fn unit_variant(self) -> Result<(), QueryError> {
        Ok(())
    }

    fn newtype_variant_seed<T: serde::de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, QueryError> {
        seed.deserialize(self.0.into_deserializer())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, QueryError> {
        Err(QueryError("expected a single word".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, QueryError> {
        Err(QueryError("expected a single word".to_owned()))
    }
}

#[cfg(test)]
mod tests;
