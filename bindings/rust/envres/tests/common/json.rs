// SPDX-License-Identifier: MIT
//! A reader of JSON for tests: strict enough for files that are our own.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As it is written: no number changes on its way.
    Number(String),
    String(String),
    Array(Vec<Json>),
    /// In the order of the file.
    Object(Vec<(String, Json)>),
}

impl Json {
    pub fn parse(text: &str) -> Json {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        let found = reader.value();
        reader.blank();
        assert_eq!(reader.at, text.len(), "something behind the document");
        found
    }

    /// The member of an object; None where there is none.
    pub fn find(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|m| m.0 == name).map(|m| &m.1),
            _ => None,
        }
    }

    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            other => panic!("no object: {other:?}"),
        }
    }

    pub fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            other => panic!("no array: {other:?}"),
        }
    }

    pub fn str(&self) -> &str {
        match self {
            Json::String(text) => text,
            other => panic!("no string: {other:?}"),
        }
    }

    pub fn strings(&self) -> Vec<&str> {
        self.items().iter().map(Json::str).collect()
    }

    pub fn int(&self) -> i64 {
        match self {
            Json::Number(text) => text.parse().unwrap(),
            other => panic!("no number: {other:?}"),
        }
    }

    pub fn is_true(&self) -> bool {
        *self == Json::Bool(true)
    }

    // What follows is of a member, with a default where there is none.

    pub fn text(&self, name: &str) -> Option<&str> {
        self.find(name).filter(|value| **value != Json::Null).map(Json::str)
    }

    pub fn flag(&self, name: &str) -> bool {
        self.find(name).map_or(false, Json::is_true)
    }

    pub fn list(&self, name: &str) -> &[Json] {
        self.find(name).map_or(&[], Json::items)
    }

    pub fn object(&self, name: &str) -> &[(String, Json)] {
        self.find(name).map_or(&[], Json::members)
    }

    pub fn map(&self) -> BTreeMap<&str, &str> {
        self.members().iter().map(|(name, value)| (name.as_str(), value.str())).collect()
    }
}

impl std::ops::Index<&str> for Json {
    type Output = Json;
    fn index(&self, name: &str) -> &Json {
        self.find(name).unwrap_or_else(|| panic!("no member '{name}'"))
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn blank(&mut self) {
        while self.text.get(self.at).map_or(false, u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> u8 {
        self.blank();
        *self.text.get(self.at).unwrap_or(&0)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) {
        let at = self.at;
        assert!(self.take(byte), "expected '{}' at byte {at}", char::from(byte));
    }

    fn value(&mut self) -> Json {
        match self.peek() {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => Json::String(self.string()),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Json {
        assert!(self.text[self.at..].starts_with(word.as_bytes()), "a word at {}", self.at);
        self.at += word.len();
        value
    }

    fn number(&mut self) -> Json {
        let from = self.at;
        while self.text.get(self.at).map_or(false, |b| b"+-.eE0123456789".contains(b)) {
            self.at += 1;
        }
        assert!(self.at > from, "no value at byte {from}");
        Json::Number(String::from_utf8(self.text[from..self.at].to_vec()).unwrap())
    }

    fn array(&mut self) -> Json {
        self.expect(b'[');
        let mut items = Vec::new();
        while !self.take(b']') {
            if !items.is_empty() {
                self.expect(b',');
            }
            items.push(self.value());
        }
        Json::Array(items)
    }

    fn object(&mut self) -> Json {
        self.expect(b'{');
        let mut members = Vec::new();
        while !self.take(b'}') {
            if !members.is_empty() {
                self.expect(b',');
            }
            self.blank();
            let name = self.string();
            self.expect(b':');
            members.push((name, self.value()));
        }
        Json::Object(members)
    }

    fn string(&mut self) -> String {
        self.expect(b'"');
        let mut out = Vec::new();
        loop {
            let byte = self.text[self.at];
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(out).unwrap(),
                b'\\' => self.escape(&mut out),
                _ => out.push(byte),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let byte = self.text[self.at];
        self.at += 1;
        let found = match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let mut unit = self.unit();
                if (0xD800..0xDC00).contains(&unit) {
                    self.expect(b'\\');
                    self.expect(b'u');
                    unit = 0x10000 + ((unit - 0xD800) << 10) + (self.unit() - 0xDC00);
                }
                char::from_u32(unit).unwrap()
            }
            other => char::from(other),
        };
        out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn unit(&mut self) -> u32 {
        let digits = std::str::from_utf8(&self.text[self.at..self.at + 4]).unwrap();
        self.at += 4;
        u32::from_str_radix(digits, 16).unwrap()
    }
}
