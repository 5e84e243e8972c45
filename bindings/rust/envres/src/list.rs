// SPDX-License-Identifier: MIT
//! Lists that the library made, as typed rows.

use crate::error::{call, text_of};
use crate::{Error, Result, Secret, Text};
use envres_sys as sys;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::{null_mut, NonNull};
use std::slice;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A type of rows: one for each table of the library, named `...Row`. Not to be implemented.
pub trait Row: Sized + private::Read {
    /// Names of its columns, as the library gives them, in order.
    const COLUMNS: &'static [&'static str];
}

pub(crate) mod private {
    /// How a row is read.
    pub trait Read {
        fn read(cells: &super::Cells<'_>) -> Self;
    }
}

/// One row of a list, to be read.
pub struct Cells<'l> {
    list: &'l List,
    row: usize,
}

/// A list of the library, which is freed with this; secret cells are wiped then.
pub(crate) struct List(NonNull<sys::envres_list>);

// SAFETY: list.h: a copy that belongs to the caller; no thread is mentioned for freeing.
unsafe impl Send for List {}
// SAFETY: list.h: "Reading is allowed from several threads at once", and nothing here writes.
unsafe impl Sync for List {}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: ours alone, and not used any more.
        unsafe { sys::envres_list_free(self.0.as_ptr()) }
    }
}

impl Cells<'_> {
    fn kind(&self, column: u32) -> i32 {
        // SAFETY: the list is alive; any row and column may be asked for.
        unsafe { sys::envres_list_type(self.list.0.as_ptr(), self.row, column) }
    }

    fn is_secret(&self, column: u32) -> bool {
        // SAFETY: as above.
        unsafe { sys::envres_list_is_secret(self.list.0.as_ptr(), self.row, column) != 0 }
    }

    fn integer(&self, column: u32) -> i64 {
        // SAFETY: as above.
        unsafe { sys::envres_list_integer(self.list.0.as_ptr(), self.row, column) }
    }

    fn bytes(&self, column: u32) -> &[u8] {
        let mut len = 0;
        // SAFETY: as above; what it gives lives as long as the list, which `self` borrows.
        unsafe {
            let data = sys::envres_list_text(self.list.0.as_ptr(), self.row, column, &mut len);
            borrowed(data.cast(), len)
        }
    }
}

/// Bytes of the library; none for NULL.
///
/// # Safety
/// NULL, or `len` bytes that live as long as the caller says.
pub(crate) unsafe fn borrowed<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if data.is_null() {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { slice::from_raw_parts(data, len) }
}

pub(crate) trait FromCell {
    /// A column that is null where its table says it never is, is a fault of the library: tests
    /// of this crate find it, programs get the empty value.
    const NULL: bool = false;
    fn from_cell(cells: &Cells<'_>, column: u32) -> Self;
}

impl FromCell for String {
    fn from_cell(cells: &Cells<'_>, column: u32) -> String {
        if cells.is_secret(column) {
            return "***".to_owned();
        }
        String::from_utf8_lossy(cells.bytes(column)).into_owned()
    }
}

impl FromCell for Text {
    fn from_cell(cells: &Cells<'_>, column: u32) -> Text {
        if cells.is_secret(column) {
            return Text::Secret(Secret::new(cells.bytes(column)));
        }
        Text::Plain(String::from_cell(cells, column))
    }
}

impl FromCell for i64 {
    fn from_cell(cells: &Cells<'_>, column: u32) -> i64 {
        cells.integer(column)
    }
}

impl FromCell for bool {
    fn from_cell(cells: &Cells<'_>, column: u32) -> bool {
        cells.integer(column) != 0
    }
}

impl FromCell for SystemTime {
    fn from_cell(cells: &Cells<'_>, column: u32) -> SystemTime {
        time_of(cells.integer(column))
    }
}

impl<T: FromCell> FromCell for Option<T> {
    const NULL: bool = true;
    fn from_cell(cells: &Cells<'_>, column: u32) -> Option<T> {
        (cells.kind(column) != sys::ENVRES_CELL_NULL).then(|| T::from_cell(cells, column))
    }
}

pub(crate) fn cell<T: FromCell>(cells: &Cells<'_>, column: u32, name: &str) -> T {
    debug_assert!(
        T::NULL || cells.kind(column) != sys::ENVRES_CELL_NULL,
        "the column '{name}' is null"
    );
    T::from_cell(cells, column)
}

/// Milliseconds since 1970 UTC as a time.
pub(crate) fn time_of(milliseconds: i64) -> SystemTime {
    let distance = Duration::from_millis(milliseconds.unsigned_abs());
    let time = if milliseconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}

/// A time as milliseconds since 1970 UTC; what does not fit becomes the nearest that does.
pub(crate) fn milliseconds_of(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// Declares a type of rows: each field with its column, in order.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* $column:literal pub $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl crate::list::private::Read for $name {
            fn read(cells: &crate::list::Cells<'_>) -> Self {
                let mut columns = 0u32..;
                let mut next = || columns.next().unwrap_or(u32::MAX);
                // Fields are evaluated in the order in which they are written.
                $name { $($field: crate::list::cell(cells, next(), $column),)* }
            }
        }

        impl crate::Row for $name {
            const COLUMNS: &'static [&'static str] = &[$($column),*];
        }
    };
}
pub(crate) use table;

/// A list that the library made: typed rows, each made when it is asked for. A copy, which stays as
/// it is whatever happens to the store; secret cells are wiped with it.
///
/// ```no_run
/// # fn show(session: &envres::Session) -> envres::Result<()> {
/// for row in &session.variables().list(None, false)? {
///     println!("{} in {}: {:?}", row.name, row.environment, row.value);
/// }
/// # Ok(()) }
/// ```
pub struct Rows<T> {
    list: List,
    count: usize,
    rows: PhantomData<fn() -> T>,
}

impl<T: Row> Rows<T> {
    /// Calls a function with an `envres_list **` before its slot.
    pub(crate) fn from(
        function: impl FnOnce(*mut *mut sys::envres_list, *mut sys::envres_error) -> i32,
    ) -> Result<Rows<T>> {
        let mut out = null_mut();
        call(|err| function(&mut out, err))?;
        Rows::take(out)
    }

    /// Takes a list over; NULL is a list without rows that has no columns either.
    pub(crate) fn take(list: *mut sys::envres_list) -> Result<Rows<T>> {
        let list = NonNull::new(list).ok_or_else(|| Error::invalid("there is no list"))?;
        // SAFETY: the library gave it to us.
        let count = unsafe { sys::envres_list_count(list.as_ptr()) };
        let rows = Rows { list: List(list), count, rows: PhantomData };
        let there = rows.columns();
        debug_assert!(
            there.iter().zip(T::COLUMNS).all(|(one, two)| one == two),
            "columns {there:?}, not {:?}",
            T::COLUMNS
        );
        if there.len() < T::COLUMNS.len() {
            return Err(Error::new(crate::Code::ABI, "the library is older than this binding"));
        }
        Ok(rows)
    }

    /// Names of the columns, as the library gives them: a newer one may have more than the row.
    pub fn columns(&self) -> Vec<String> {
        let list = self.list.0.as_ptr();
        // SAFETY: the list is alive.
        let columns = 0..unsafe { sys::envres_list_columns(list) };
        // SAFETY: likewise; names are copied.
        columns.map(|i| unsafe { text_of(sys::envres_list_column_name(list, i)) }).collect()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One row; `None` outside.
    pub fn get(&self, index: usize) -> Option<T> {
        (index < self.count).then(|| T::read(&Cells { list: &self.list, row: index }))
    }

    /// All rows, in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rows: self, range: 0..self.count }
    }

    /// All rows, as they are now.
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }

    /// Frees it now; the end of its life does the same.
    pub fn close(self) {}

    /// The only row.
    pub(crate) fn only(self) -> Result<T> {
        self.get(0).ok_or_else(|| Error::invalid("the library gave no row"))
    }
}

/// The rows of a list of findings; none where there is no list.
pub(crate) fn findings<T: Row>(list: *mut sys::envres_list) -> Result<Vec<T>> {
    if list.is_null() {
        return Ok(Vec::new());
    }
    Ok(Rows::take(list)?.to_vec())
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows({})", self.count)
    }
}

impl<'r, T: Row> IntoIterator for &'r Rows<T> {
    type Item = T;
    type IntoIter = Iter<'r, T>;
    fn into_iter(self) -> Iter<'r, T> {
        self.iter()
    }
}

/// Iterates over a list.
pub struct Iter<'r, T> {
    rows: &'r Rows<T>,
    range: Range<usize>,
}

impl<T: Row> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.range.next().and_then(|index| self.rows.get(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl<T: Row> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        self.range.next_back().and_then(|index| self.rows.get(index))
    }
}

impl<T: Row> ExactSizeIterator for Iter<'_, T> {}
impl<T: Row> FusedIterator for Iter<'_, T> {}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter({})", self.range.len())
    }
}
